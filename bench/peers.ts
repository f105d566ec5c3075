import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { fromRoot, NODE } from "../scripts/lib/paths.ts";
import { Random } from "../test/support/node/random.ts";
import { freshState, removeState } from "../test/support/node/state.ts";
import { type Bench, type BenchContext, type BenchOutcome, cell, type Target } from "./lib/bench.ts";
import { treeOf } from "./lib/cpu.ts";
import { type BenchCourse, benchCourse, benchFacts, writeCourse } from "./lib/dataset.ts";
import { names, School } from "./lib/school.ts";
import { buildBundles, type Server, startServer } from "./lib/server.ts";
import { type BenchRequest, type Load, load } from "./lib/wrk.ts";

/** Where the peers and their driver are, beside the checkout. Absent for most people: then this bench is skipped. */
const PEERS = fromRoot("../shared/peers");
const LEARNERS = 200;
const WRITERS = 600;
const CONNECTIONS = [25, 100];
/** The driver bounds itself at about 4 minutes and installs before that. */
const DRIVER_TIMEOUT_MS = 900_000;
const SAMPLE_MS = 20;
const SETTLE_MS = 4_000;
/** Asked for, at 100 connections: how many times as many reads a second as each of Django's ways. */
const TIMES = { exists: 20, nplus1: 200, "snapshot, fresh": 3 } as const;

const resultSchema = z.object({
  results: z.array(
    z.object({
      peer: z.string(),
      endpoint: z.string(),
      mode: z.string(),
      connections: z.int(),
      per_second: z.number().optional(),
      requests: z.number().optional(),
      p50_ms: z.number().optional(),
      p99_ms: z.number().optional(),
      errors: z.number().optional(),
    }),
  ),
});
type PeerRow = z.infer<typeof resultSchema>["results"][number] & { cpuPer1000: number };
interface OwnRow {
  endpoint: "GET chapters" | "GET problems" | "POST mark_as_completed";
  load: Load;
}

export const peersBench: Bench = {
  name: "peers",
  about: "the same reads and writes beside Django with PostgreSQL and Node with PostgreSQL and Redis",
  async run(context) {
    if (!existsSync(join(PEERS, "run.mjs"))) {
      context.say("skipped: there is no ../shared/peers");
      return { tables: [], charts: [], targets: [], notes: ["Skipped: the peers are not here."] };
    }
    // Before and after the peers: a machine that changed its speed meanwhile shows.
    const before = await measureOwn(context);
    const peers = await measurePeers(context);
    const after = await measureOwn(context);
    return outcomeOf(before, peers, after);
  },
};

async function measureOwn({ say, quick }: BenchContext): Promise<OwnRow[]> {
  const stateDir = await freshState();
  say("Latchkey: building and filling");
  const server = await startServer(await buildBundles(), stateDir);
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
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const rows: OwnRow[] = [];
    const seconds = quick ? 1 : 5;
    for (const endpoint of ["GET chapters", "GET problems"] as const) {
      const list = endpoint === "GET chapters" ? "chapters" : "problems";
      const requests = tokens.map((token) => ({ path: `/api/v1/courses/${course.slug}/${list}/`, token }));
      await load(server.url, requests, { connections: 25, seconds: quick ? 1 : 3, pid: server.workerd() });
      for (const connections of CONNECTIONS) {
        rows.push(await own(server, endpoint, requests, { connections, seconds, once: false, say }));
      }
    }
    for (const [part, connections] of CONNECTIONS.entries()) {
      const requests = completions(writing, writerTokens, part);
      rows.push(await own(server, "POST mark_as_completed", requests, { connections, seconds, once: true, say }));
    }
    return rows;
  } finally {
    await server.stop();
    removeState(stateDir);
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
  const result = await load(server.url, requests, { ...options, pid: server.workerd() });
  if (result.errors > 0) throw new Error(`${endpoint}: ${result.errors} errors`);
  options.say(`Latchkey ${endpoint} c=${options.connections}: ${result.perSecond.toFixed(0)} a second`);
  return { endpoint, load: result };
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

function outcomeOf(before: readonly OwnRow[], peers: readonly PeerRow[], after: readonly OwnRow[]): BenchOutcome {
  const ownAt = (endpoint: string, connections: number) => {
    const pick = (rows: readonly OwnRow[]) =>
      rows.find((row) => row.endpoint === endpoint && row.load.connections === connections)?.load;
    const [one, two] = [pick(before), pick(after)];
    if (one === undefined || two === undefined) throw new Error(`${endpoint} was not measured`);
    // The slower of the two: no ratio below flatters us.
    return one.perSecond < two.perSecond ? { ...one, other: two } : { ...two, other: one };
  };
  const rows = peers.map((peer) => {
    const own = ownAt(peer.endpoint, peer.connections);
    return [
      `${peer.peer} ${peer.endpoint}, ${peer.mode}`,
      String(peer.connections),
      cell(peer.per_second ?? Number.NaN),
      cell(peer.p50_ms ?? Number.NaN),
      cell(peer.p99_ms ?? Number.NaN),
      cell(peer.cpuPer1000),
      `${cell(own.perSecond / (peer.per_second ?? Number.NaN))} ×`,
      `${cell(peer.cpuPer1000 / own.cpuPer1000)} ×`,
    ];
  });
  const ownRows = before.map(({ endpoint, load: { connections } }) => {
    const own = ownAt(endpoint, connections);
    return [
      `Latchkey ${endpoint}`,
      String(connections),
      `${cell(own.perSecond)} and ${cell(own.other.perSecond)}`,
      cell(own.p50Ms),
      cell(own.p99Ms),
      cell(own.cpuPer1000),
      "1",
      "1",
    ];
  });
  return {
    tables: [
      {
        title: "Latchkey beside its peers",
        columns: ["", "connections", "a second", "p50 ms", "p99 ms", "CPU s per 1,000", "Latchkey", "per CPU second"],
        rows: [...ownRows, ...rows],
      },
    ],
    charts: [],
    targets: targetsOf(peers, ownAt),
    notes: [
      "Latchkey: one workerd with one thread, measured before and after the peers, the slower of the two counts. Peers: two processes each, PostgreSQL and Redis beside them; Django verifies no token, Node verifies one on each request, Latchkey too.",
      "CPU counts every server process, database and cache included, not the load generator. Latchkey's rows carry prerequisite progress and a sentence for each lock, so its bodies are larger.",
      "A column says how many times as many requests Latchkey answers, per second and per CPU second; below 1 the peer is ahead.",
    ],
  };
}

function targetsOf(
  peers: readonly PeerRow[],
  ownAt: (endpoint: string, connections: number) => { perSecond: number; cpuPer1000: number },
): Target[] {
  const most = CONNECTIONS.at(-1) ?? 0;
  const row = (peer: string, endpoint: string, mode: string) =>
    peers.find(
      (each) => each.peer === peer && each.endpoint === endpoint && each.mode === mode && each.connections === most,
    );
  const targets = Object.entries(TIMES).map(([mode, times]): Target => {
    const endpoint = mode === "nplus1" ? "GET problems" : "GET chapters";
    const ratio = ownAt(endpoint, most).perSecond / (row("django", endpoint, mode)?.per_second ?? Number.NaN);
    return {
      what: `${endpoint} at ${most} connections beside Django, ${mode}`,
      asked: `at least ${times} times`,
      measured: `${cell(ratio)} times`,
      met: ratio >= times,
    };
  });
  for (const endpoint of ["GET chapters", "GET problems"]) {
    const live = row("node-pg", endpoint, "live");
    const ratio = (live?.cpuPer1000 ?? Number.NaN) / ownAt(endpoint, most).cpuPer1000;
    targets.push({
      what: `${endpoint} at ${most} connections per CPU second beside Node with PostgreSQL`,
      asked: "ahead",
      measured: `${cell(ratio)} times`,
      met: ratio > 1,
    });
  }
  return targets;
}
