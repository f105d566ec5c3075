import { cpus } from "node:os";
import { outcomeOf } from "./events/outcome.ts";
import { onCore } from "./events/process.ts";
import type { Results } from "./events/results.ts";
import { FULL, QUICK, runFrozen, runIdle, runLive, runRestart } from "./events/scenarios.ts";
import { contenders, nchanMissing } from "./events/servers.ts";
import type { Bench } from "./lib/bench.ts";
import { thisBuild } from "./lib/builds.ts";

const RUNS = 3;
const SERVER_CORE = 0;
const LOAD_CORE = 1;

export const eventsBench: Bench = {
  name: "events",
  about:
    "live events to 2,000 streams: connecting, delivery, broadcasts, idle cost, a crash; beside nchan and better-sse",
  isComparing: true,
  missing: nchanMissing,
  async run({ quick, say, against, keep }) {
    say("building the Worker");
    const cores = cpus().length;
    const sizes = quick ? QUICK : FULL;
    const prefix = onCore(LOAD_CORE, cores);
    const builds = [await thisBuild(), ...(against === null ? [] : [against])];
    const all = contenders(builds, cores > 1 ? SERVER_CORE : null);
    const results: Results[] = all.map(({ name, kind, canResume }) => ({
      name,
      kind,
      canResume,
      live: [],
      idle: [],
      restart: [],
      frozen: [],
    }));
    const faults: string[] = [];
    // In turn, round after round, so that a machine that slows down slows all alike. Each part has a fresh server. A
    // part that fails is reported, and costs the others nothing.
    for (let round = 1; round <= (quick ? 1 : RUNS); round += 1) {
      for (const [at, contender] of all.entries()) {
        const result = results[at];
        if (result === undefined) continue;
        const part = async <T>(name: string, kept: T[], run: () => Promise<T>) => {
          const title = `${contender.name}, round ${round}: ${name}`;
          say(title);
          try {
            const measured = await run();
            kept.push(measured);
            keep(title, measured);
          } catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            say(`${title} failed: ${why}`);
            faults.push(`${title} failed: ${why}`);
          }
        };
        await part("ramp and loads", result.live, () => runLive(contender, prefix, sizes));
        await part("idle streams", result.idle, () => runIdle(contender, prefix, sizes));
        await part("crash", result.restart, () => runRestart(contender, prefix, sizes));
        await part("a reader that never reads", result.frozen, () => runFrozen(contender, prefix, sizes));
      }
    }
    return outcomeOf(results, sizes, faults);
  },
};
