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
const ROUNDS = 4;
const CONNECTIONS = 25;
/** For the requests of a round; on a busy machine too. */
const SECONDS = 15;
const LEARNERS = 60;
/** Chapters that each learner completes in a round; the course has enough for all rounds and the one to warm up. */
const CHAPTERS_A_ROUND = 10;
/** After a load, until everything it causes is over: events wait some twenty seconds for company before they are archived. */
const REST_MS = 30_000;
/** Asked for: CPU beside that of the other build. */
const SHARE = 0.25;

interface Contender {
  build: Build;
  stateDir: string;
  server: Server;
  tokens: string[];
  /** CPU seconds per 1,000 completions: until the load was over, and until all it caused was. */
  rounds: { load: number; withEffects: number }[];
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
      for (const build of builds) contenders.push(await prepare(context, build, course));
      await sleep(REST_MS);
      // The first is to warm up, and is not counted.
      for (let round = 0; round <= rounds; round += 1) {
        // All at the same time: what else the machine does then costs each of them as much.
        const loads = await Promise.all(contenders.map((contender) => loadOf(contender, course, round)));
        await sleep(REST_MS);
        for (const { contender, before, requests, cpuPer1000 } of loads) {
          const withEffects = ((cpuOf(contender.server.workerd()) - before) / requests) * 1_000;
          const measured = { load: cpuPer1000, withEffects };
          context.say(`${contender.build.name}: ${requests} completions, ${withEffects.toFixed(2)} s per 1,000`);
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

async function loadOf(contender: Contender, course: BenchCourse, round: number) {
  const { server, tokens, build } = contender;
  const pid = server.workerd();
  const before = cpuOf(pid);
  const requests = requestsOf(course, tokens, round);
  const options = { connections: CONNECTIONS, seconds: SECONDS, pid, once: true, all: true };
  const result = await load(server.url, requests, options);
  if (result.errors > 0) throw new Error(`${build.name}: ${result.errors} errors`);
  return { contender, before, ...result };
}

async function prepare({ say }: BenchContext, build: Build, course: BenchCourse): Promise<Contender> {
  const stateDir = await build.freshState();
  const server = await startServer(build.bundles, stateDir, { bindings: { SHADOW_SAMPLE_RATE: "0" } });
  const school = await School.open(server);
  await school.publish(course);
  const users = names("writer", LEARNERS);
  say(`${build.name}: enrolling ${users.length} learners`);
  const tokens = await school.enroll(COURSE, users);
  return { build, stateDir, server, tokens, rounds: [] };
}

/** Chapter by chapter, so that one learner's writes stand far apart. */
function requestsOf(course: BenchCourse, tokens: readonly string[], round: number) {
  return course.chapters.slice(round * CHAPTERS_A_ROUND, (round + 1) * CHAPTERS_A_ROUND).flatMap((chapter) =>
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
        columns: ["build", "CPU s per 1,000 in the load", "CPU s per 1,000 with all effects"],
        rows: contenders.map(({ build, rounds }) => [
          build.name,
          spreadCell(spread(rounds.map((round) => round.load))),
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
      `${CONNECTIONS} connections each, all builds at the same time, ${LEARNERS} learners. CPU is that of each workerd, with D1 and queues that are imitated in it, ${SECONDS} s long and until ${REST_MS / 1_000} s after.`,
      "Shared machine: only what one build takes beside the other in one round means anything.",
    ],
  };
}
