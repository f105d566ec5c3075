import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fromRoot, NODE } from "../scripts/lib/paths.ts";
import { Random } from "../test/support/node/random.ts";
import { removeState } from "../test/support/node/state.ts";
import type { Bench, BenchContext } from "./lib/bench.ts";
import { type Build, thisBuild } from "./lib/builds.ts";
import { cpuOf, treeOf } from "./lib/cpu.ts";
import { type BenchCourse, benchCourse, benchFacts, writeCourse } from "./lib/dataset.ts";
import { names, School } from "./lib/school.ts";
import { type Server, startServer } from "./lib/server.ts";
import { type BenchRequest, load } from "./lib/wrk.ts";
import { COMPLETION, CONNECTIONS, type OwnRow, outcomeOf, type PeerRow, resultSchema } from "./peers/outcome.ts";

/** Where the peers and their driver are, beside the checkout. Absent for most people: then this bench is skipped. */
const PEERS = fromRoot("../shared/peers");
const LEARNERS = 200;
const WRITERS = 600;
/** The driver bounds itself at about 4 minutes and installs before that. */
const DRIVER_TIMEOUT_MS = 900_000;
const SAMPLE_MS = 20;
/** What a load has caused is over when the server uses less than this share of a core for a step; waited for so long at most. */
const IDLE_SHARE = 0.05;
const IDLE_STEP_MS = 1_500;
const IDLE_TIMEOUT_MS = 90_000;

export const peersBench: Bench = {
  name: "peers",
  about: "the same reads and writes beside Django with PostgreSQL and Node with PostgreSQL and Redis",
  isComparing: true,
  missing: () => (existsSync(join(PEERS, "run.mjs")) ? null : "skipped: the peers are not beside this checkout"),
  async run(context) {
    if (!existsSync(join(PEERS, "run.mjs"))) {
      context.say("skipped: there is no ../shared/peers");
      return { tables: [], charts: [], targets: [], notes: ["Skipped: the peers are not here."] };
    }
    // Before and after the peers: a machine that changed its speed meanwhile shows.
    const builds = [await thisBuild(), ...(context.against === null ? [] : [context.against])];
    const measureAll = async (when: string) => {
      const all: OwnRow[][] = [];
      for (const build of builds) {
        const rows = await measureOwn(context, build);
        context.keep(`${build.name}, ${when}`, rows);
        all.push(rows);
      }
      return all;
    };
    const before = await measureAll("before");
    const peers = await measurePeers(context);
    context.keep("peers", peers);
    const after = await measureAll("after");
    const [own, other] = builds.map((_, at) => [before[at] ?? [], after[at] ?? []] as const);
    if (own === undefined) throw new Error("nothing was measured");
    return outcomeOf(own, peers, other === undefined ? null : { name: builds[1]?.name ?? "", rows: other });
  },
};

async function measureOwn({ say, quick }: BenchContext, build: Build): Promise<OwnRow[]> {
  const stateDir = await build.freshState();
  say(`Latchkey ${build.name}: filling`);
  const server = await startServer(build.bundles, stateDir);
  try {
    const school = await School.open(server);
    const course = benchCourse("bench", { dated: true });
    await school.publish(course);
    const users = names("learner", quick ? 40 : LEARNERS);
    const tokens = await school.enroll(course.slug, users);
    const random = new Random(7);
    await school.importFacts(users.flatMap((user) => benchFacts(course, user, random)));
    const writing = writeCourse("write");
    await school.publish(writing);
    const writers = names("writer", quick ? 40 : WRITERS);
    const writerTokens = await school.enroll(writing.slug, writers);
    await untilIdle(server);
    const rows: OwnRow[] = [];
    const seconds = quick ? 1 : 5;
    const named = (line: string) => say(`Latchkey ${build.name} ${line}`);
    for (const endpoint of ["GET chapters", "GET problems"] as const) {
      const list = endpoint === "GET chapters" ? "chapters" : "problems";
      const requests = tokens.map((token) => ({ path: `/api/v1/courses/${course.slug}/${list}/`, token }));
      await load(server.url, requests, { connections: 25, seconds: quick ? 1 : 3, pid: server.workerd() });
      for (const connections of CONNECTIONS) {
        rows.push(await own(server, endpoint, requests, { connections, seconds, once: false, say: named }));
      }
    }
    for (const [part, connections] of CONNECTIONS.entries()) {
      const requests = completions(writing, writerTokens, part);
      rows.push(await own(server, COMPLETION, requests, { connections, seconds, once: true, say: named }));
    }
    return rows;
  } finally {
    await server.stop();
    removeState(stateDir);
  }
}

/** Waits until queues, D1 and alarms have done what is left. */
async function untilIdle(server: Server): Promise<void> {
  const deadline = performance.now() + IDLE_TIMEOUT_MS;
  for (;;) {
    const before = cpuOf(server.workerd());
    await sleep(IDLE_STEP_MS);
    if ((cpuOf(server.workerd()) - before) / (IDLE_STEP_MS / 1_000) < IDLE_SHARE) return;
    if (performance.now() > deadline) throw new Error("the server does not come to rest");
  }
}

/** Half of the writers for each load, chapter by chapter. */
function completions(course: BenchCourse, tokens: readonly string[], part: number): BenchRequest[] {
  const own = tokens.filter((_, at) => at % CONNECTIONS.length === part);
  return course.chapters.flatMap((chapter) =>
    own.map((token) => ({
      method: "POST" as const,
      path: `/api/v1/courses/${course.slug}/chapters/${chapter}/mark_as_completed/`,
      token,
    })),
  );
}

async function own(
  server: Server,
  endpoint: OwnRow["endpoint"],
  requests: readonly BenchRequest[],
  options: { connections: number; seconds: number; once: boolean; say(line: string): void },
): Promise<OwnRow> {
  const before = cpuOf(server.workerd());
  const result = await load(server.url, requests, { ...options, pid: server.workerd() });
  if (result.errors > 0) throw new Error(`${endpoint}: ${result.errors} errors`);
  options.say(`${endpoint} c=${options.connections}: ${result.perSecond.toFixed(0)} a second`);
  if (endpoint === COMPLETION) await untilIdle(server);
  const cpuWithEffects = ((cpuOf(server.workerd()) - before) / result.requests) * 1_000;
  return { endpoint, load: result, cpuWithEffects };
}

/** Runs the peers' own driver, and counts their servers' CPU time from outside while its load generator runs. */
async function measurePeers({ say, quick }: BenchContext): Promise<PeerRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-bench-peers-"));
  try {
    // A copy: the driver installs packages beside its files.
    cpSync(PEERS, directory, { recursive: true });
    const out = join(directory, "out.json");
    const driver = spawn(NODE, ["run.mjs", "--out", out, "--seconds", quick ? "1" : "5"], {
      cwd: directory,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const cpu = new Map<string, number>();
    const meter = new LoadMeter(driver.pid ?? 0);
    const timer = setInterval(() => meter.sample(), SAMPLE_MS);
    const limit = setTimeout(() => driver.kill(), DRIVER_TIMEOUT_MS);
    createInterface({ input: driver.stderr }).on("line", (line) => {
      say(`peers ${line}`);
      // The driver names a load when it is over; shorter loads before it were to warm up.
      const named = /\] (\S+) ((?:GET|POST) \S+) (.+) \(sql [^)]*\) c=(\d+): /.exec(line);
      if (named === null) return;
      meter.sample(); // the load has ended, but nobody may have looked since
      cpu.set(named.slice(1, 5).join(" "), meter.lastLoad);
    });
    const code = await new Promise<number | null>((resolve) => driver.once("close", resolve));
    clearInterval(timer);
    clearTimeout(limit);
    if (code !== 0) throw new Error(`the peers' driver ended with ${code}`);
    const { results } = resultSchema.parse(JSON.parse(readFileSync(out, "utf8")));
    return results.map((row) => {
      const used = cpu.get(`${row.peer} ${row.endpoint} ${row.mode} ${row.connections}`) ?? Number.NaN;
      return { ...row, cpuPer1000: (used / (row.requests ?? Number.NaN)) * 1_000 };
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** CPU seconds of everything below a driver but its load generator, from the start of a load to its end. */
class LoadMeter {
  readonly #root: number;
  #startedAt: number | null = null;
  #latest = 0;
  /** Of the load that ended last. */
  lastLoad = Number.NaN;

  constructor(root: number) {
    this.#root = root;
  }

  sample(): void {
    const [, ...below] = treeOf(this.#root);
    const isLoading = below.some(({ name }) => name === "wrk");
    const servers = below.filter(({ name }) => name !== "wrk").reduce((sum, { cpu }) => sum + cpu, 0);
    if (isLoading) this.#startedAt ??= servers;
    else if (this.#startedAt !== null) {
      this.lastLoad = Math.max(this.#latest, servers) - this.#startedAt;
      this.#startedAt = null;
    }
    this.#latest = servers;
  }
}
