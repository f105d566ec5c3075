import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { MANIFEST, type Manifest } from "../../../src/backup/format.ts";
import { continueJob } from "../../../src/backup/job.ts";
import { restorePlan } from "../../../src/backup/restore.ts";
import { beginBackup, continueBackup } from "../../../src/backup/run.ts";
import { keyOf } from "../../../src/backup/store.ts";
import { liveTarget } from "../../../src/backup/target.ts";
import { forgetCourse } from "../../../src/courses/index.ts";
import { forgetPlacement } from "../../../src/platform/database/placement.ts";
import { everyShard } from "../../../src/platform/database/shards.ts";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { completed, ladder, statesOf } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { emptyDeployment, manifest } from "./support.ts";

const LEARNERS = ["ada", "eve"];
const PATIENCE_MS = 60_000;
const BY = { id: "operator", role: "admin" };
/** Rows that every shard has. */
const TABLES = ["enrollments", "progress", "submissions", "unlock_events"];

/** This deployment as if it had so many databases. */
function withDatabases(count: number, over: Record<string, string> = {}): Env {
  const bindings: Env = Object.assign({ ...env }, over);
  for (const { name } of everyShard(env).slice(count)) Reflect.deleteProperty(bindings, name);
  return bindings;
}

async function take(bindings: Env): Promise<Manifest> {
  const id = await beginBackup(bindings, Date.now(), "everything");
  while ((await continueBackup(bindings, id, Date.now() + PATIENCE_MS)) === "running");
  return manifest(id);
}

async function moveTo(backup: Manifest, courses: readonly string[]): Promise<void> {
  const files = new Map<string, ArrayBuffer>();
  for (const name of [MANIFEST, ...backup.parts.map((part) => part.name)]) {
    files.set(name, (await (await env.BACKUPS.get(keyOf(backup.id, name)))?.arrayBuffer()) ?? new ArrayBuffer(0));
  }
  await emptyDeployment();
  for (const course of courses) {
    forgetCourse(course);
    forgetPlacement(course);
  }
  for (const [name, bytes] of files) await env.BACKUPS.put(keyOf(backup.id, name), bytes);
}

/** @param isKilled each call takes one step, as if it were killed after it. */
async function restore(bindings: Env, { id }: Manifest, isKilled = false) {
  const job = `restore-${id}-${crypto.randomUUID().slice(0, 8)}`;
  const plan = restorePlan(bindings, liveTarget(bindings, job), job, BY);
  const next = () => continueJob(bindings, id, job, plan, isKilled ? 0 : Date.now() + PATIENCE_MS, "none");
  let state = await next();
  while (state.ok && state.value.phase !== "done") state = await next();
  return state;
}

interface Placed {
  slug: string;
  shard: string;
}

/** In which database the rows of each course are, and how many. */
async function rowsByCourse(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { name, db } of everyShard(env)) {
    for (const table of TABLES) {
      const id = table === "enrollments" ? "id" : "enrollment_id";
      const { results } = await db
        .prepare(`SELECT substr(${id}, 1, instr(${id}, ':') - 1) AS course, count(*) AS n FROM ${table} GROUP BY 1`)
        .all<{ course: string; n: number }>();
      for (const { course, n } of results) found.set(`${course} ${table}`, `${n} in ${name}`);
    }
  }
  return found;
}

describe("a backup that is restored into other databases", () => {
  const most = everyShard(env).length;
  const courses: string[] = [];
  let backup: Manifest;
  let before: Record<string, unknown>;

  const picture = async () => {
    const seen: Record<string, unknown> = {};
    for (const course of courses) for (const user of LEARNERS) seen[`${course}:${user}`] = await statesOf(course, user);
    const counts = [...(await rowsByCourse())].map(([what, where]) => [what, Number.parseInt(where, 10)]);
    return { ...seen, counts: counts.sort() };
  };

  beforeAll(async () => {
    for (let number = 0; number < most + 1; number += 1) {
      const slug = freshSlug("placed");
      courses.push(slug);
      await publish(ladder(slug));
      for (const user of LEARNERS) {
        await enroll(slug, user);
        await completed(slug, user, "one");
        await project(slug, user);
      }
    }
    backup = await take(env);
    before = await picture();
  }, 240_000);

  const fewer = [...new Set([Math.ceil(most / 2), 1])].filter((count) => count < most);
  const steps = [...fewer, ...fewer.toReversed().slice(1), most];
  let from = most;
  for (const count of steps) {
    const was = from;
    it(`${was} to ${count}: every course is in one of them, all are used, and everybody sees the same`, {
      timeout: 240_000,
    }, async () => {
      await moveTo(backup, courses);
      const bindings = withDatabases(count);
      const restored = await restore(bindings, backup, was === most);
      expect(restored).toMatchObject({ ok: true, value: { phase: "done", left_out: 0 } });
      const { results } = await spread.prepare("SELECT slug, shard FROM courses ORDER BY slug").all<Placed>();
      const used = new Set(results.map(({ shard }) => shard));
      expect([...used].sort()).toEqual(
        everyShard(bindings)
          .map(({ name }) => name)
          .sort(),
      );
      const rows = await rowsByCourse();
      for (const { slug, shard } of results) expect(rows.get(`${slug} enrollments`)).toBe(`2 in ${shard}`);
      expect(await picture()).toEqual(before);
      // The next one is taken with these databases.
      backup = await take(bindings);
    });
    from = count;
  }

  it("leaves every course where it was if there are as many databases", { timeout: 120_000 }, async () => {
    const places = () => spread.prepare("SELECT slug, shard FROM courses ORDER BY slug").all<Placed>();
    const { results } = await places();
    await moveTo(backup, courses);
    expect(await restore(env, backup)).toMatchObject({ ok: true, value: { phase: "done" } });
    expect((await places()).results).toEqual(results);
  });

  it("is refused before anything is written if the databases have no room", async () => {
    await moveTo(backup, courses);
    const bindings = withDatabases(Math.max(1, most - 1), { SHARD_ENROLLMENTS: "1" });
    const refused = await restore(bindings, backup);
    if (most === 1) return;
    expect(refused).toMatchObject({
      ok: false,
      refusal: { code: "shards_full", errors: [{ path: "backup", rule: "room" }] },
    });
    expect(await spread.prepare("SELECT count(*) AS n FROM courses").first("n")).toBe(0);
    expect(await spread.prepare("SELECT count(*) AS n FROM tombstones").first("n")).toBe(0);
    expect(await env.SWITCHES.get("restoring")).toBeNull();
  });
});
