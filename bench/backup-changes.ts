import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { RemoteBackups } from "../scripts/lib/backup/remote.ts";
import { MANIFEST } from "../src/backup/format.ts";
import { Random } from "../test/support/node/random.ts";
import { freshState, removeState } from "../test/support/node/state.ts";
import { type Bench, type BenchContext, type BenchOutcome, cell } from "./lib/bench.ts";
import { cpuOf } from "./lib/cpu.ts";
import { benchCourse, benchFacts } from "./lib/dataset.ts";
import { copyLearners, copyName } from "./lib/learner-copies.ts";
import { School } from "./lib/school.ts";
import { type Bundles, buildBundles, type Server, startServer } from "./lib/server.ts";

const COURSE = "big";
/** Learners, and whether the chain is restored too: a restore takes three times as long as the copy. */
const SIZES = [{ size: 30_000, isRestored: false }];
const QUICK_SIZES = [{ size: 300, isRestored: true }];
/** Of the learners so many do something between two backups: one of so many. */
const SHARE = 100;
/** What somebody did so long before a backup is in it, and is not copied by the next one. */
const SETTLED_MS = 95_000;
/** Asked for: a backup of what changed takes at most this share of a full one, of a hundredth that changed. */
const MOST = 0.1;
/** What is extrapolated to. */
const LARGE = 3_000_000;

interface Step {
  what: string;
  seconds: number;
  cpu: number;
  rows: number;
  bytes: number | null;
  objects: number | null;
  rows_read: number | null;
}

interface Measured {
  size: number;
  changed: number;
  steps: Step[];
}

export const backupChangesBench: Bench = {
  name: "backup-changes",
  about: "a full backup of 30,000 learners, one of what changed when a hundredth did something, their verification",
  async run(context) {
    context.say("building the Worker");
    const bundles = await buildBundles();
    const measured: Measured[] = [];
    for (const each of context.quick ? QUICK_SIZES : SIZES) measured.push(await measure(context, bundles, each));
    return outcomeOf(measured);
  },
};

async function measure(
  { quick, say }: BenchContext,
  bundles: Bundles,
  { size, isRestored }: { size: number; isRestored: boolean },
): Promise<Measured> {
  const [state, targetState] = [await freshState(), await freshState()];
  let [server, target]: (Server | null)[] = [null, null];
  const steps: Step[] = [];
  const done = (step: Step) => {
    steps.push(step);
    say(`${size} learners, ${step.what}: ${JSON.stringify(step)}`);
  };
  try {
    server = await startServer(bundles, state);
    const school = await School.open(server);
    const course = benchCourse(COURSE, { dated: true });
    await school.publish(course);
    await school.enroll(COURSE, [copyName(0)]);
    await school.importFacts(benchFacts(course, copyName(0), new Random(1)));
    await settle(server, copyName(0));
    const { secret } = server;
    await server.stop();

    say(`${size} learners: rows in D1, and objects`);
    copyLearners(state, COURSE, size);
    server = await startServer(bundles, state, { secret });
    const remote = await RemoteBackups.at(server.url, await server.token("operator", "admin"));
    await remote.client.get("/api/v1/system/backups");
    done(await take(server, remote, "full copy"));
    const learners = Array.from({ length: Math.ceil(size / SHARE) }, (_, at) => copyName(at * SHARE + 1));
    await sleep(quick ? 0 : SETTLED_MS);
    const item = course.chapters.at(-1) ?? "";
    const again = await School.open(server);
    await again.importFacts(
      learners.map((user) => ({ user_id: user, item, completed: true, at: new Date().toISOString() })),
    );
    for (const user of learners.slice(-3)) await settle(server, user);
    await sleep(quick ? 5_000 : 20_000);
    const link = await take(server, remote, "link");
    done(link);
    const { id, parent } = await remote.newest("finished");
    if (parent === null) throw new Error("it is no link");
    done(await timed(server, "verification of both", async () => (await remote.work(id, "verify")).rows));
    if (isRestored) {
      const files: [string, string, Uint8Array<ArrayBuffer>][] = [];
      for (const each of [parent, id]) files.push(...(await filesOf(remote, each)));
      await server.stop();
      target = await startServer(bundles, targetState, { secret });
      const empty = await RemoteBackups.at(target.url, await target.token("operator", "admin"));
      done(
        await timed(target, "restore of both", async () => {
          for (const [backup, name, bytes] of files) await empty.bring(backup, name, bytes);
          return (await empty.work(id, "restore", undefined, "none")).rows;
        }),
      );
    }
    return { size, changed: learners.length, steps };
  } finally {
    await server?.kill();
    await target?.kill();
    removeState(state);
    removeState(targetState);
  }
}

async function timed(server: Server, what: string, work: () => Promise<number>): Promise<Step> {
  const [started, cpuBefore] = [performance.now(), cpuOf(server.workerd())];
  const rows = await work();
  const seconds = (performance.now() - started) / 1_000;
  const cpu = cpuOf(server.workerd()) - cpuBefore;
  return { what, seconds, cpu, rows, bytes: null, objects: null, rows_read: null };
}

async function take(server: Server, remote: RemoteBackups, what: string): Promise<Step> {
  const step = await timed(server, what, async () => {
    const { id } = await remote.begin();
    return (await remote.work(id, "backup")).rows;
  });
  const { bytes, objects, d1_rows_read: rows_read } = await remote.newest("finished");
  return { ...step, bytes, objects, rows_read };
}

async function filesOf(remote: RemoteBackups, id: string): Promise<[string, string, Uint8Array<ArrayBuffer>][]> {
  const manifest = await remote.download(id, MANIFEST);
  if (manifest === null) throw new Error("the backup has no manifest");
  const files: [string, string, Uint8Array<ArrayBuffer>][] = [[id, MANIFEST, manifest]];
  for (const name of new Set(new TextDecoder().decode(manifest).match(/\d{5}-[a-z0-9_.]+\.ndjson\.gz/g))) {
    const part = await remote.download(id, name);
    if (part !== null) files.push([id, name, part]);
  }
  return files;
}

const listSchema = z.object({ results: z.array(z.looseObject({ user_id: z.string(), completed_count: z.int() })) });

/** Waits until D1 knows what a learner did. */
async function settle(server: Server, user: string): Promise<void> {
  const token = await server.token("operator", "admin");
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const answer = await fetch(`${server.url}/api/v1/courses/${COURSE}/enrollments?limit=1000`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { results } = listSchema.parse(await answer.json());
    const row = results.find(({ user_id }) => user_id === user);
    if (row === undefined || row.completed_count > 0) return;
    await sleep(500);
  }
  throw new Error(`${user} does not reach D1`);
}

function outcomeOf(measured: readonly Measured[]): BenchOutcome {
  const most = measured.at(-1);
  const [full, link] = most?.steps ?? [];
  if (most === undefined || full === undefined || link === undefined) throw new Error("no sizes");
  const share = link.cpu / full.cpu;
  const figure = (value: number | null, unit = 1) => (value === null ? "" : cell(value / unit));
  return {
    tables: [
      ...measured.map(({ size, changed, steps }) => ({
        title: `${size.toLocaleString("en-US")} learners, ${changed.toLocaleString("en-US")} of whom did something between the two backups`,
        columns: ["", "seconds", "CPU s", "rows", "MB", "objects copied", "rows of D1 read"],
        rows: steps.map(({ what, seconds, cpu, rows, bytes, objects, rows_read }) => [
          what,
          cell(seconds),
          cell(cpu),
          cell(rows),
          figure(bytes, 1e6),
          figure(objects),
          figure(rows_read),
        ]),
      })),
      {
        title: `${LARGE.toLocaleString("en-US")} learners, computed from the largest size: so many times as much`,
        columns: ["", "CPU hours", "rows", "GB", "objects copied", "rows of D1 read"],
        rows: most.steps.map(({ what, cpu, rows, bytes, objects, rows_read }) => {
          const times = LARGE / most.size;
          return [
            what,
            cell((cpu * times) / 3_600),
            cell(rows * times),
            bytes === null ? "" : figure(bytes * times, 1e9),
            objects === null ? "" : cell(objects * times),
            rows_read === null ? "" : cell(rows_read * times),
          ];
        }),
      },
    ],
    charts: [],
    targets: [
      {
        what: "A link, of a hundredth that changed, beside a full copy: CPU time",
        asked: `at most ${cell(MOST * 100)} %`,
        measured: `${cell(share * 100)} %`,
        met: share <= MOST,
      },
      {
        what: "The same: bytes",
        asked: `at most ${cell(MOST * 100)} %`,
        measured: `${cell(((link.bytes ?? 0) / (full.bytes ?? 1)) * 100)} %`,
        met: (link.bytes ?? 0) <= MOST * (full.bytes ?? 0),
      },
      {
        what: "The same: rows of D1 read",
        asked: `at most ${cell(MOST * 100)} %`,
        measured: `${cell(((link.rows_read ?? 0) / (full.rows_read ?? 1)) * 100)} %`,
        met: (link.rows_read ?? 0) <= MOST * (full.rows_read ?? 0),
      },
    ],
    notes: [
      "Each learner has done about half of a course of 100 items: rows in D1 and an object, copies of one that was made through the API. So the bytes compress better than those of different learners would.",
      "CPU is that of the whole runtime: the Worker, objects, D1 and R2. Other work on the machine makes seconds longer, and this not.",
      "A restore brings the files to the empty deployment, opens all of them, compares every row, and projects every object to D1.",
    ],
  };
}
