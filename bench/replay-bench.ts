import { existsSync } from "node:fs";
import { fromRoot } from "../scripts/lib/paths.ts";
import { type Bench, cell } from "./lib/bench.ts";
import { runReplay } from "./replay.ts";

/** Real input beside the checkout. Absent for most people: then this bench is skipped. */
const FOLDER = fromRoot("../shared/data/oulad");
const KILLS = 6;
/** `--quick` replays one small presentation. */
const SMALL = ["AAA-2013J"];

export const replayBench: Bench = {
  name: "replay",
  about: "a real dataset imported into a runtime that is killed again and again, then compared fact by fact",
  async run({ say, quick }) {
    if (!existsSync(FOLDER)) {
      say("skipped: there is no ../shared/data/oulad");
      return { tables: [], charts: [], targets: [], notes: ["Skipped: the dataset is not here."] };
    }
    const report = await runReplay({
      folder: FOLDER,
      ...(quick ? { only: SMALL } : {}),
      kills: quick ? 2 : KILLS,
      say,
    });
    const { lost, duplicated, divergent } = report;
    return {
      tables: [
        {
          title: "Real replay",
          columns: ["", ""],
          rows: Object.entries(report).map(([name, value]) => [
            name.replaceAll("_", " "),
            typeof value === "number" ? cell(value) : JSON.stringify(value),
          ]),
        },
      ],
      charts: [],
      targets: [
        {
          what: "Real replay with kills",
          asked: "0 lost, 0 duplicated, 0 divergent",
          measured: `${lost} lost, ${duplicated} duplicated, ${divergent} divergent`,
          met: lost === 0 && duplicated === 0 && divergent === 0,
        },
      ],
      notes: ["The runtime is `wrangler dev`, because it is killed and started again as a whole."],
    };
  },
};
