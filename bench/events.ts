import { cpus } from "node:os";
import { outcomeOf, type Results } from "./events/outcome.ts";
import { onCore } from "./events/process.ts";
import { FULL, QUICK, runFrozen, runLive, runRestart } from "./events/scenarios.ts";
import { contenders } from "./events/servers.ts";
import type { Bench } from "./lib/bench.ts";
import { buildBundles } from "./lib/server.ts";

const RUNS = 3;
const SERVER_CORE = 0;
const LOAD_CORE = 1;

export const eventsBench: Bench = {
  name: "events",
  about:
    "live events to 2,000 streams: connecting, delivery, broadcasts, idle cost, a crash; beside nchan and better-sse",
  async run({ quick, say }) {
    say("building the Worker");
    const cores = cpus().length;
    const sizes = quick ? QUICK : FULL;
    const prefix = onCore(LOAD_CORE, cores);
    const all = contenders(await buildBundles(), cores > 1 ? SERVER_CORE : null);
    const results: Results[] = all.map(({ name, canResume }) => ({
      name,
      canResume,
      live: [],
      restart: [],
      frozen: [],
    }));
    // In turn, round after round, so that a machine that slows down slows all alike. Each part has a fresh server.
    for (let round = 1; round <= (quick ? 1 : RUNS); round += 1) {
      for (const [at, contender] of all.entries()) {
        const result = results[at];
        if (result === undefined) continue;
        say(`${contender.name}, round ${round}: ramp and loads`);
        result.live.push(await runLive(contender, prefix, sizes));
        say(`${contender.name}, round ${round}: crash`);
        result.restart.push(await runRestart(contender, prefix, sizes));
        say(`${contender.name}, round ${round}: a reader that never reads`);
        result.frozen.push(await runFrozen(contender, prefix, sizes));
      }
    }
    return outcomeOf(results, sizes);
  },
};
