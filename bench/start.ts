import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
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
/** Its start is what the runtime and the imitated platform take by themselves, whatever the product does. */
const EMPTY = "an empty Worker";

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
    const own = await thisBuild();
    const directory = mkdtempSync(join(tmpdir(), "latchkey-bench-empty-"));
    const builds = [own, ...(context.against === null ? [] : [context.against]), emptyBuild(own, directory)];
    const contenders: Contender[] = [];
    try {
      for (const build of builds) contenders.push(await prepare(build, build.name === EMPTY ? own : build));
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
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

const bindingsSchema = z.array(z.object({ class_name: z.string() }));

/** A Worker with the same bindings and classes that has no code: it answers, and does nothing. */
function emptyBuild(own: Build, directory: string): Build {
  const { durable_objects } = unstable_readConfig({ config: own.bundles.config });
  const classes = bindingsSchema.parse(durable_objects.bindings).map(({ class_name }) => class_name);
  const product = join(directory, "index.js");
  writeFileSync(
    product,
    `import { DurableObject } from "cloudflare:workers";
${classes.map((name) => `export class ${name} extends DurableObject {}`).join("\n")}
export default { fetch: () => new Response("{}"), queue() {}, scheduled() {} };
`,
  );
  return { ...own, name: EMPTY, bundles: { ...own.bundles, product, back: null } };
}

/**
 * A state with one course and one learner, whose objects are at rest.
 * @param by makes that state.
 */
async function prepare(build: Build, by: Build): Promise<Contender> {
  const stateDir = await by.freshState();
  const server = await startServer(by.bundles, stateDir);
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
  const server = await startServer(build.bundles, stateDir, { secret, isAlone: true });
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
  const medianOf = (name: string | undefined) =>
    spread(contenders.find(({ build }) => build.name === name)?.starts.map(({ read }) => read) ?? []).median;
  const [own, empty] = [medianOf("this"), medianOf(EMPTY)];
  const other = against === null ? null : medianOf(against.name);
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
      other === null
        ? []
        : [
            targetOf(`CPU from nothing to the first answered read, beside ${against?.name}`, own / other),
            targetOf("the same, less what an empty Worker takes", (own - empty) / (other - empty)),
          ],
    notes: [
      "CPU is that of the whole of workerd from its first instruction, the small baseline Worker beside the product included.",
      "Of two Workers, only the edge is started: it answers the read by itself.",
      `An empty Worker has the same bindings and classes, and no code: below ${empty.toFixed(2)} s no product starts here.`,
      "The host is a process of Node that imitates the platform's services; its start is the same for all builds.",
    ],
  };
}

function targetOf(what: string, share: number) {
  return { what, asked: `at most ${SHARE}`, measured: share.toFixed(2), met: share <= SHARE };
}
