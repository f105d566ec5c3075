import { directory } from "../platform/database/shards.ts";
import { gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { failingSources } from "./statements.ts";

/** Sources counted at most: beyond, their number says nothing more. */
const COUNTED = 10_000;

/** Nightly rosters of which nothing came twice in a row. */
export const rosterSection: Section = {
  name: "rosters",
  async read(env) {
    const found = await failingSources(directory(env), COUNTED).first<{ failing: number }>();
    const help = "Nightly sources of rosters of which nothing came on two nights or more.";
    return [gauge("roster_sources_failing", help, found?.failing ?? 0)];
  },
};
