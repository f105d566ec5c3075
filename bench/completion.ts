import { setTimeout as sleep } from "node:timers/promises";
import { removeState } from "../test/support/node/state.ts";
import { type Bench, type BenchContext, type BenchOutcome, spread, spreadCell } from "./lib/bench.ts";
import { type Build, thisBuild } from "./lib/builds.ts";
import { cpuOf } from "./lib/cpu.ts";
import { type BenchCourse, writeCourse } from "./lib/dataset.ts";
import { names, School } from "./lib/school.ts";
import { type Server, startServer } from "./lib/server.ts";
import { load } from "./lib/wrk.ts";

const COURSE = "write";
const ROUNDS = 3;
const CONNECTIONS = 25;
/** A round ends with its last request; on a busy machine a quiet end after so many seconds. */
const SECONDS = 60;
/** Each completes every chapter. */
const LEARNERS_A_ROUND = 40;
/** After a load, until everything it causes is over: live events wait some twenty seconds for company before they are archived. */
const REST_MS = 30_000;
/** Asked for: CPU beside that of the other build. */
const SHARE = 0.25;

interface Contender {
  build: Build;
  stateDir: string;
  server: Server;
  tokens: string[];
  rounds: { perSecond: number; acknowledged: number; withEffects: number }[];
}

export const completionBench: Bench = {
  name: "completion",
  about: "CPU of a completion with everything it causes",
  isComparing: true,
  async run(context) {
    const builds = [await thisBuild(), ...(context.against === null ? [] : [context.against])];
    const rounds = context.quick ? 1 : ROUNDS;
    const course = writeCourse(COURSE);
    const contenders: Contender[] = [];
    try {
      for (const build of builds) contenders.push(await prepare(context, build, course, rounds));
      await sleep(REST_MS);
      // The first is to warm up, and is not counted.
      for (let round = 0; round <= rounds; round += 1) {
        const done: {
          contender: Contender;
          before: number;
          requests: number;
          perSecond: number;
          acknowledged: number;
        }[] = [];
        for (const contender of contenders) {
          const pid = contender.server.workerd();
          const before = cpuOf(pid);
          const own = contender.tokens.slice(round * LEARNERS_A_ROUND, (round + 1) * LEARNERS_A_ROUND);
          const requests = requestsOf(course, own);
          const options = {
            connections: CONNECTIONS,
            seconds: context.quick ? 5 : SECONDS,
            pid,
            once: true,
            all: true,
          };
          const result = await load(contender.server.url, requests, options);
          if (result.errors > 0) throw new Error(`${contender.build.name}: ${result.errors} errors`);
          done.push({ contender, before, ...result, acknowledged: result.cpuPer1000 });
        }
        await sleep(REST_MS);
        for (const { contender, before, requests, perSecond, acknowledged } of done) {
          const withEffects = ((cpuOf(contender.server.workerd()) - before) / requests) * 1_000;
          const measured = { perSecond, acknowledged, withEffects };
          context.say(
            `${contender.build.name}: ${perSecond.toFixed(0)} a second, ${withEffects.toFixed(2)} s per 1,000`,
          );
          if (round === 0) continue;
          contender.rounds.push(measured);
          context.keep("completion", { build: contender.build.name, ...measured });
        }
      }
      return outcomeOf(context, contenders);
    } finally {
      for (const { server, stateDir } of contenders) {
        await server.stop();
        removeState(stateDir);
      }
    }
  },
};

async function prepare({ say }: BenchContext, build: Build, course: BenchCourse, rounds: number): Promise<Contender> {
  const stateDir = await build.freshState();
  const server = await startServer(build.bundles, stateDir, { bindings: { SHADOW_SAMPLE_RATE: "0" } });
  const school = await School.open(server);
  await school.publish(course);
  const users = names("writer", LEARNERS_A_ROUND * (rounds + 1));
  say(`${build.name}: enrolling ${users.length} learners`);
  const tokens = await school.enroll(COURSE, users);
  return { build, stateDir, server, tokens, rounds: [] };
}

/** Chapter by chapter, so that one learner's writes stand far apart. */
function requestsOf(course: BenchCourse, tokens: readonly string[]) {
  return course.chapters.flatMap((chapter) =>
    tokens.map((token) => ({
      method: "POST" as const,
      path: `/api/v1/courses/${course.slug}/chapters/${chapter}/mark_as_completed/`,
      token,
    })),
  );
}

function outcomeOf({ against }: BenchContext, contenders: readonly Contender[]): BenchOutcome {
  const [own, other] = contenders;
  const ratios = (other?.rounds ?? []).map(({ withEffects }, at) => (own?.rounds[at]?.withEffects ?? 0) / withEffects);
  return {
    tables: [
      {
        title: "A completion with everything it causes",
        columns: ["build", "a second", "CPU s per 1,000 while acknowledged", "CPU s per 1,000 with all effects"],
        rows: contenders.map(({ build, rounds }) => [
          build.name,
          spreadCell(spread(rounds.map(({ perSecond }) => perSecond))),
          spreadCell(spread(rounds.map(({ acknowledged }) => acknowledged))),
          spreadCell(spread(rounds.map(({ withEffects }) => withEffects))),
        ]),
      },
    ],
    charts: [],
    targets:
      ratios.length === 0
        ? []
        : [
            {
              what: `CPU of a completion with all its effects, beside ${against?.name}`,
              asked: `at most ${SHARE}`,
              measured: spreadCell(spread(ratios)),
              met: spread(ratios).median <= SHARE,
            },
          ],
    notes: [
      `${CONNECTIONS} connections; builds in turn. CPU is that of workerd, with D1 and queues that are imitated in it, until ${REST_MS / 1_000} s after the load.`,
    ],
  };
}
