import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort } from "../scripts/lib/ports.ts";
import { type Runtime, startRuntime } from "../scripts/lib/runtime.ts";
import { enrollmentRows } from "../test/support/node/answers.ts";
import { type ApiClient, clientOf } from "../test/support/node/api.ts";
import { Random } from "../test/support/node/random.ts";
import { freshState, removeState } from "../test/support/node/state.ts";
import { checkMirror, checkObjects, Findings } from "./replay/check.ts";
import { Expectations } from "./replay/expected.ts";
import { MemoryWatch, occupiedBytes, type PeakMemory } from "./replay/footprint.ts";
import { ImportRun, type ImportSummary } from "./replay/import-run.ts";

// The real replay: a whole dataset is imported by the import command into a runtime that is killed again and again, and
// afterwards every fact, every snapshot and every announcement is compared with the dataset itself.
//
//   node bench/replay.ts --folder ../shared/data/oulad [--only AAA-2013J,...] [--kills 5] [--seed N]
//
// State lies below TMPDIR; SIGKILL leaves what was written to the page cache, so a memory file system shows the same.

/** Share of the kills that fall into the enrollments; the rest falls into the facts. */
const ENROLL_SHARE = 0.4;
/** A kill comes up to so long after the moment it is aimed at, so that it falls anywhere in a request. Milliseconds. */
const AIM_MS = 600;
/** How much must be left to do when a kill is aimed: else the step could be over before it comes. */
const LEFT = { enroll: 100, facts: 1_500 };
/** How long D1 may take to know everything after the last answer, milliseconds. */
const CATCH_UP_MS = 600_000;
const CATCH_UP_POLL_MS = 1_000;
/** How often a running import is looked at for the next kill, milliseconds. */
const WATCH_MS = 20;

export interface ReplayOptions {
  /** Folder of the CSV files. */
  folder: string;
  /** Presentations like AAA-2013J; all when left out. */
  only?: readonly string[];
  /** How often the runtime is killed (SIGKILL, all its processes) and started again. */
  kills: number;
  say(line: string): void;
  /** Repeats the moments of the kills, as far as the machine does. */
  seed?: number;
}

/** Times in seconds, sizes in bytes. */
export interface ReplayReport {
  seed: number;
  presentations: number;
  enrollments: number;
  /** Lines of studentAssessment.csv, those of them without a score, and the facts they make. */
  submissions: number;
  submissions_without_score: number;
  facts: { expected: number; in_objects: number; in_d1: number };
  announcements: number;
  dead_letters: number;
  /** How the snapshots that were compared came about. */
  sources: Record<string, number>;
  lost: number;
  duplicated: number;
  divergent: number;
  examples: string[];
  kills: { step: "enroll" | "facts"; at: number; down_seconds: number }[];
  import: ImportSummary;
  seconds: { import: number; catch_up: number; prove_objects: number; prove_d1: number; total: number };
  enrollments_per_second: number;
  facts_per_second: number;
  peak_memory: PeakMemory;
  bytes_on_disk: { total: number; d1: number; objects: number };
}

/**
 * Runs the replay on a state of its own, which is removed afterwards.
 * @throws when the import fails or was over before the last kill.
 */
export async function runReplay(options: ReplayOptions): Promise<ReplayReport> {
  const start = performance.now();
  const expected = new Expectations(options.folder, options.only);
  const replay = new Replay(options, expected, await freshState(), await freePort());
  try {
    return await replay.run(start);
  } finally {
    await replay.end();
  }
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #expected: Expectations;
  readonly #stateDir: string;
  readonly #port: number;
  readonly #seed: number;
  readonly #findings = new Findings();
  readonly #kills: ReplayReport["kills"] = [];
  #runtime: Runtime | null = null;
  #import: ImportRun | null = null;
  #memory: MemoryWatch | null = null;

  constructor(options: ReplayOptions, expected: Expectations, stateDir: string, port: number) {
    this.#options = options;
    this.#expected = expected;
    this.#stateDir = stateDir;
    this.#port = port;
    this.#seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  }

  async run(start: number): Promise<ReplayReport> {
    const { say } = this.#options;
    say(`replay   ${this.#expected.enrollments.size} enrollments, ${this.#expected.submissions} submissions`);
    let runtime = await this.#start();
    this.#memory = new MemoryWatch(() => this.#runtime?.pid ?? 0);
    const imported = await timed(() => this.#importUnderFire(runtime.url));
    runtime = imported.value.runtime;
    const { summary } = imported.value;
    say(`import   ${imported.seconds} s, ${summary.retries} retries; D1 catches up`);
    const client = await clientOf(runtime.url, "auditor", "service");
    const caughtUp = await timed(() => this.#untilD1CaughtUp(client));
    say(`catch-up ${caughtUp.seconds} s; asking every object`);
    const objects = await timed(() => checkObjects(client, this.#expected, this.#findings));
    say(`objects  ${objects.seconds} s; reading D1`);
    const memory = this.#memory.end();
    await runtime.stop();
    const mirror = await timed(async () => checkMirror(this.#stateDir, this.#expected, this.#findings));
    const { lost, duplicated, divergent, examples } = this.#findings;
    return {
      seed: this.#seed,
      presentations: this.#expected.courses.size,
      enrollments: this.#expected.enrollments.size,
      submissions: this.#expected.submissions,
      submissions_without_score: this.#expected.withoutScore,
      facts: { expected: this.#expected.factCount, in_objects: objects.value.facts, in_d1: mirror.value.facts },
      announcements: mirror.value.announcements,
      dead_letters: mirror.value.dead_letters,
      sources: objects.value.sources,
      lost,
      duplicated,
      divergent,
      examples,
      kills: this.#kills,
      import: summary,
      seconds: {
        import: imported.seconds,
        catch_up: caughtUp.seconds,
        prove_objects: objects.seconds,
        prove_d1: mirror.seconds,
        total: secondsSince(start),
      },
      enrollments_per_second: Math.round(summary.enrollments.sent / summary.seconds.enroll),
      facts_per_second: Math.round(summary.facts.sent / summary.seconds.facts),
      peak_memory: memory,
      bytes_on_disk: {
        total: occupiedBytes(join(this.#stateDir, "v3")),
        d1: occupiedBytes(join(this.#stateDir, "v3/d1")),
        objects: occupiedBytes(join(this.#stateDir, "v3/do")),
      },
    };
  }

  async end(): Promise<void> {
    this.#import?.kill();
    this.#memory?.end();
    await this.#runtime?.kill();
    removeState(this.#stateDir);
  }

  async #start(): Promise<Runtime> {
    const logFile = join(this.#stateDir, "runtime.log");
    this.#runtime = await startRuntime({ stateDir: this.#stateDir, port: this.#port, logFile });
    return this.#runtime;
  }

  /** @returns the summary of the import, and the runtime that outlived it. */
  async #importUnderFire(url: string): Promise<{ summary: ImportSummary; runtime: Runtime }> {
    const { folder, only, say } = this.#options;
    const chosen = only === undefined ? [] : ["--only", only.join(",")];
    const running = new ImportRun(["oulad", folder, "--url", url, "--every", "0.1", ...chosen], say);
    this.#import = running;
    const [summary] = await Promise.all([running.ended, this.#shoot(running)]);
    if (this.#runtime === null) throw new Error("no runtime is left");
    return { summary, runtime: this.#runtime };
  }

  async #shoot(running: ImportRun): Promise<void> {
    const { kills, say } = this.#options;
    const random = new Random(this.#seed);
    const enrollKills = kills === 1 ? 0 : Math.round(kills * ENROLL_SHARE);
    const aims = [
      ...aimsAt("enroll", enrollKills, this.#expected.enrollments.size, random),
      ...aimsAt("facts", kills - enrollKills, this.#expected.submissions, random),
    ];
    for (const { step, at, delayMs } of aims) {
      while (running.done[step] < at && !running.isOver) await sleep(WATCH_MS);
      await sleep(delayMs);
      // `ended` reports its failure; here it only means that there is nothing left to disturb.
      if (running.isOver) throw new Error(`the import was over before kill ${this.#kills.length + 1}`);
      const start = performance.now();
      await this.#runtime?.kill();
      await this.#start();
      this.#kills.push({ step, at: running.done[step], down_seconds: secondsSince(start) });
      say(`kill     ${this.#kills.length} of ${kills} at ${running.done[step]} ${step}`);
    }
  }

  /** Returns also when time is up: what D1 has not got by then is lost, and the check says what it is. */
  async #untilD1CaughtUp(client: ApiClient): Promise<void> {
    const deadline = Date.now() + CATCH_UP_MS;
    const waiting = new Set(this.#expected.courses.keys());
    while (waiting.size > 0 && Date.now() < deadline) {
      for (const course of waiting) {
        if (!(await this.#hasCaughtUp(client, course))) break;
        waiting.delete(course);
      }
      if (waiting.size > 0) await sleep(CATCH_UP_POLL_MS);
    }
  }

  /**
   * A mirror is written together with the facts and announcements it rests on, so counts are enough to wait for. How
   * many items are open is left to the check; none at all means that nothing has been projected yet.
   */
  async #hasCaughtUp(client: ApiClient, course: string): Promise<boolean> {
    const rows = await enrollmentRows(client, course);
    return rows.every(({ id, completed_count, open_count }) => {
      const enrollment = this.#expected.enrollments.get(id);
      return enrollment === undefined || (completed_count >= enrollment.facts.size && open_count > 0);
    });
  }
}

/** Random moments of one step, one in each of its equal parts. */
function aimsAt(step: "enroll" | "facts", kills: number, total: number, random: Random) {
  return Array.from({ length: kills }, (_, part) => ({
    step,
    at: Math.max(Math.min(Math.floor(((part + random.next()) / kills) * total), total - LEFT[step]), 1),
    delayMs: random.below(AIM_MS),
  }));
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: secondsSince(start) };
}

/** With one decimal. */
function secondsSince(start: number): number {
  return Math.round((performance.now() - start) / 100) / 10;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      folder: { type: "string", default: "../shared/data/oulad" },
      only: { type: "string" },
      kills: { type: "string", default: "5" },
      seed: { type: "string" },
    },
  });
  const report = await runReplay({
    folder: values.folder,
    ...(values.only === undefined ? {} : { only: values.only.split(",") }),
    kills: Number(values.kills),
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
    say: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.lost + report.duplicated + report.divergent > 0 ? 1 : 0;
}
