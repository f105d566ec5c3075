import { removeState } from "../test/support/node/state.ts";
import { type Bench, type BenchContext, type BenchOutcome, spread, spreadCell } from "./lib/bench.ts";
import { type Build, thisBuild } from "./lib/builds.ts";
import { cpuOf } from "./lib/cpu.ts";
import { benchCourse } from "./lib/dataset.ts";
import { School } from "./lib/school.ts";
import { startServer } from "./lib/server.ts";

const ROUNDS = 7;
/** Asked for: the start beside that of the other build. */
const SHARE = 0.5;
const LEARNER = "learner1";

/** One start: CPU seconds of workerd, and milliseconds with the program that starts it. */
interface Start {
  alive: number;
  read: number;
  wall: number;
}

interface Contender {
  build: Build;
  stateDir: string;
  secret: string;
  path: string;
  starts: Start[];
}

export const startBench: Bench = {
  name: "start",
  about: "from nothing to the first answered read, in workerd",
  isComparing: true,
  async run(context) {
    const builds = [await thisBuild(), ...(context.against === null ? [] : [context.against])];
    const contenders: Contender[] = [];
    try {
      for (const build of builds) contenders.push(await prepare(build));
      const rounds = context.quick ? 2 : ROUNDS;
      for (let round = 0; round < rounds; round += 1) {
        for (const contender of contenders) {
          const start = await timeStart(contender);
          contender.starts.push(start);
          context.keep("start", { build: contender.build.name, ...start });
        }
        context.say(`round ${round + 1} of ${rounds}`);
      }
      return outcomeOf(context, contenders);
    } finally {
      for (const { stateDir } of contenders) removeState(stateDir);
    }
  },
};

/** A state with one course and one learner, whose objects are at rest. */
async function prepare(build: Build): Promise<Contender> {
  const stateDir = await build.freshState();
  const server = await startServer(build.bundles, stateDir);
  try {
    const school = await School.open(server);
    const course = benchCourse("bench", { dated: true });
    await school.publish(course);
    await school.enroll(course.slug, [LEARNER]);
    return { build, stateDir, secret: server.secret, path: `/api/v1/courses/${course.slug}/chapters/`, starts: [] };
  } finally {
    await server.stop();
  }
}

async function timeStart({ build, stateDir, secret, path }: Contender): Promise<Start> {
  const started = performance.now();
  const server = await startServer(build.bundles, stateDir, { secret });
  try {
    const alive = cpuOf(server.workerd());
    const token = await server.token(LEARNER);
    const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return { alive, read: cpuOf(server.workerd()), wall: performance.now() - started };
  } finally {
    await server.stop();
  }
}

function outcomeOf({ against }: BenchContext, contenders: readonly Contender[]): BenchOutcome {
  const [own, other] = contenders.map(({ starts }) => spread(starts.map(({ read }) => read)));
  const share = own === undefined || other === undefined ? null : own.median / other.median;
  return {
    tables: [
      {
        title: "From nothing to the first answered read",
        columns: ["build", "CPU s to /health", "CPU s to the read", "ms to the read, with its host"],
        rows: contenders.map(({ build, starts }) => [
          build.name,
          spreadCell(spread(starts.map(({ alive }) => alive))),
          spreadCell(spread(starts.map(({ read }) => read))),
          spreadCell(spread(starts.map(({ wall }) => wall))),
        ]),
      },
    ],
    charts: [],
    targets:
      share === null
        ? []
        : [
            {
              what: `CPU from nothing to the first answered read, beside ${against?.name}`,
              asked: `at most ${SHARE}`,
              measured: share.toFixed(2),
              met: share <= SHARE,
            },
          ],
    notes: [
      "CPU is that of the whole of workerd from its first instruction, the small baseline Worker beside the product included.",
      "The host is a process of Node that imitates the platform's services; its start is the same for all builds.",
    ],
  };
}
