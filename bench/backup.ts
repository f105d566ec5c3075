import { RemoteBackups } from "../scripts/lib/backup/remote.ts";
import { MANIFEST } from "../src/backup/format.ts";
import { Random } from "../test/support/node/random.ts";
import { freshState, removeState } from "../test/support/node/state.ts";
import { type Bench, type BenchContext, type BenchOutcome, cell } from "./lib/bench.ts";
import { benchCourse, benchFacts, writeCourse } from "./lib/dataset.ts";
import { names, School } from "./lib/school.ts";
import { type Bundles, buildBundles, type Server, startServer } from "./lib/server.ts";

const COURSE = "big";
const SIZES = [200, 2_000];
const QUICK_SIZES = [50, 200];
/** Learners who write while a backup is taken, one write after the other. */
const WRITERS = 8;
const CALM_MS = 5_000;
/** Asked for: ten times the learners cost at most so many times the time. */
const GROWTH = 15;

interface Measured {
  size: number;
  rows: number;
  bytes: number;
  backup: number;
  verify: number;
  restore: number;
  calm: number[];
  meanwhile: number[];
}

export const backupBench: Bench = {
  name: "backup",
  about: "a backup of 200 and 2,000 learners, its verification, its restore, and what writers feel of it",
  async run(context) {
    context.say("building the Worker");
    const bundles = await buildBundles();
    const measured: Measured[] = [];
    for (const size of context.quick ? QUICK_SIZES : SIZES) measured.push(await measure(context, bundles, size));
    return outcomeOf(measured);
  },
};

async function measure({ say }: BenchContext, bundles: Bundles, size: number): Promise<Measured> {
  const [sourceState, targetState] = [await freshState(), await freshState()];
  let [source, target]: (Server | null)[] = [null, null];
  try {
    source = await startServer(bundles, sourceState);
    say(`${size} learners: filling the school`);
    const school = await School.open(source);
    const course = benchCourse(COURSE, { dated: true });
    await school.publish(course);
    const users = names("u", size);
    await school.enroll(COURSE, users);
    const random = new Random(size);
    await school.importFacts(users.flatMap((user) => benchFacts(course, user, random)));
    const writing = writeCourse("writing");
    await school.publish(writing);
    const writers = await school.enroll(writing.slug, names("w", WRITERS));

    say(`${size} learners: writers alone`);
    const calm = await writeUntil(
      source,
      writers,
      writing.chapters,
      new Promise((resolve) => setTimeout(resolve, CALM_MS)),
    );
    say(`${size} learners: a backup while they write`);
    const remote = await RemoteBackups.at(source.url, await source.token("operator", "admin"));
    const started = performance.now();
    const { id } = await remote.begin();
    const taking = remote.work(id, "backup");
    const meanwhile = await writeUntil(source, writers, writing.chapters, taking);
    const backup = (performance.now() - started) / 1_000;
    const { rows, bytes } = await remote.read(id);
    say(`${size} learners: ${cell(backup)} s, ${rows} rows; its verification`);
    const verify = (await remote.work(id, "verify")).ms / 1_000;
    const files = await filesOf(remote, id);
    const { secret } = source;
    await source.stop();

    say(`${size} learners: the restore`);
    target = await startServer(bundles, targetState, { secret });
    const empty = await RemoteBackups.at(target.url, await target.token("operator", "admin"));
    const began = performance.now();
    for (const [name, content] of files) await empty.bring(id, name, content);
    await empty.work(id, "restore", undefined, "none");
    const restore = (performance.now() - began) / 1_000;
    return { size, rows, bytes, backup, verify, restore, calm, meanwhile };
  } finally {
    await source?.kill();
    await target?.kill();
    removeState(sourceState);
    removeState(targetState);
  }
}

/** Each writer completes chapter after chapter, over and over. @returns times of the writes, milliseconds. */
async function writeUntil(
  server: Server,
  tokens: readonly string[],
  chapters: readonly string[],
  end: Promise<unknown>,
): Promise<number[]> {
  const times: number[] = [];
  let isOver = false;
  const ending = end.finally(() => {
    isOver = true;
  });
  const write = async (token: string) => {
    for (let at = 0; !isOver; at += 1) {
      const chapter = chapters[at % chapters.length] ?? "";
      const path = `/api/v1/courses/${chapter.split(".")[0]}/chapters/${chapter}/mark_as_completed/`;
      const began = performance.now();
      const answer = await fetch(server.url + path, { method: "POST", headers: { authorization: `Bearer ${token}` } });
      await answer.body?.cancel();
      if (answer.ok) times.push(performance.now() - began);
      else if (answer.status !== 429) throw new Error(`${path}: ${answer.status}`);
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await Promise.all([ending, ...tokens.map(write)]);
  return times;
}

async function filesOf(remote: RemoteBackups, id: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const manifest = await remote.download(id, MANIFEST);
  if (manifest === null) throw new Error("the backup has no manifest");
  files.set(MANIFEST, manifest);
  for (const name of new TextDecoder().decode(manifest).match(/\d{5}-[a-z0-9_.]+\.ndjson\.gz/g) ?? []) {
    const part = await remote.download(id, name);
    if (part !== null) files.set(name, part);
  }
  return files;
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

function outcomeOf(measured: readonly Measured[]): BenchOutcome {
  const [least, most] = [measured[0], measured.at(-1)];
  if (least === undefined || most === undefined) throw new Error("no sizes");
  const growth = Math.max(most.backup / least.backup, most.restore / least.restore);
  return {
    tables: [
      {
        title: "A backup by the number of learners",
        columns: ["", "rows", "MB", "taken in s", "verified in s", "restored in s", "restored rows/s"],
        rows: measured.map(({ size, rows, bytes, backup, verify, restore }) => [
          size.toLocaleString("en-US"),
          cell(rows),
          cell(bytes / 1e6),
          cell(backup),
          cell(verify),
          cell(restore),
          cell(rows / restore),
        ]),
      },
      {
        title: `Writes of ${WRITERS} learners, ms`,
        columns: ["", "alone p50", "p99", "during the backup p50", "p99", "writes meanwhile"],
        rows: measured.map(({ size, calm, meanwhile }) => [
          size.toLocaleString("en-US"),
          cell(quantile(calm, 0.5)),
          cell(quantile(calm, 0.99)),
          cell(quantile(meanwhile, 0.5)),
          cell(quantile(meanwhile, 0.99)),
          cell(meanwhile.length),
        ]),
      },
    ],
    charts: [
      {
        file: "backup-times",
        title: "A backup, its verification and its restore",
        x: { label: "learners", log: true },
        y: { label: "seconds" },
        series: (["backup", "verify", "restore"] as const).map((name) => ({
          name,
          points: measured.map((each) => ({ x: each.size, y: each[name] })),
        })),
      },
    ],
    targets: [
      {
        what: `Backup and restore of ${most.size.toLocaleString("en-US")} learners beside ${least.size.toLocaleString("en-US")}`,
        asked: `within ${GROWTH} times`,
        measured: `${cell(growth)} times`,
        met: growth <= GROWTH,
      },
    ],
    notes: [
      "Each learner has done about half of a course of 100 items. A row is a row of D1, an object, or a row of a journal; an object holds some 50 facts with their log.",
      "Objects, D1, R2 and the writers share one machine, and all of the Worker's code one thread; in production objects run beside each other.",
      "The restore includes bringing the files to the empty deployment, checking all of them before the first row, comparing every row, and projecting every object to D1.",
    ],
  };
}
