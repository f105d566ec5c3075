import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { EnrollmentObject } from "../../../src/enrollment/object.ts";
import { SCHEMA_STEPS } from "../../../src/enrollment/schema.ts";
import { migrate } from "../../../src/platform/cell/object-schema.ts";
import { deliver, enroll, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { completed, ladder } from "../../support/worker/learners.ts";
import { databaseOfCourse } from "../../support/worker/shards.ts";

// What the release before this one does to the same object: its very statements.
const OLD = {
  pending: `
    SELECT owed.id, kind, ref, payload FROM (
      SELECT id, sum(bytes) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS total, bytes FROM (
        SELECT id, 400 + 2 * coalesce(octet_length(payload), 0) + CASE kind WHEN 'submission' THEN coalesce(
          (SELECT octet_length(answer) + coalesce(octet_length(feedback), 0) FROM submissions WHERE id = ref), 0)
          ELSE 0 END AS bytes
        FROM outbox ORDER BY id LIMIT 1000)
    ) AS sized JOIN outbox AS owed ON owed.id = sized.id WHERE total <= 1000000 OR total = bytes ORDER BY owed.id`,
  depth: "SELECT count(*) AS rows, min(created_at) AS oldest FROM outbox",
  add: "INSERT INTO outbox (kind, ref, payload, created_at) VALUES (?, ?, ?, ?), (?, ?, ?, ?)",
  confirm: "DELETE FROM outbox WHERE id <= ?",
  due: "SELECT * FROM due_times",
  schedule: "INSERT OR REPLACE INTO due_times (name, at, failures) VALUES (?, ?, ?)",
  unschedule: "DELETE FROM due_times WHERE name = ?",
  save: `INSERT OR REPLACE INTO enrollment (one, id, course, user, status, enrolled_at, progress_seq, policy_seq, version,
      course_version, activation, engine, valid_until, computed_at, states, cohorts, practice_mode, last_active_at,
      stale_since, stale_reason, withdrawn_at)
    SELECT one, id, course, user, status, enrolled_at, progress_seq, policy_seq, version,
      course_version, activation, engine, valid_until, computed_at, states, cohorts, practice_mode, last_active_at,
      stale_since, stale_reason, withdrawn_at FROM enrollment`,
} as const;

async function learner() {
  const slug = freshSlug("pending");
  await publish(ladder(slug, { sticky: true }));
  await enroll(slug, "ada");
  await deliver("latchkey-projection", [{ type: "project", enrollment_id: `${slug}:ada` }]);
  const sql = (text: string, ...values: SqlStorageValue[]) =>
    runInDurableObject(objectOf(slug, "ada"), (_instance, { storage }) => storage.sql.exec(text, ...values).toArray());
  const project = () => deliver("latchkey-projection", [{ type: "project", enrollment_id: `${slug}:ada` }]);
  const inD1 = async () => {
    const db = await databaseOfCourse(slug);
    const facts = await db
      .prepare("SELECT item_id FROM progress WHERE enrollment_id = ? ORDER BY seq")
      .bind(`${slug}:ada`)
      .all<{ item_id: string }>();
    return facts.results.map(({ item_id }) => item_id.replace(`${slug}.`, ""));
  };
  return { slug, sql, project, inD1 };
}

describe("pending rows of an object", () => {
  it("[I1] are read, confirmed and scheduled by the code of the release before, under the names it knows", async () => {
    const { slug, sql } = await learner();
    await completed(slug, "ada", "one");
    const rows = await sql(OLD.pending);
    expect(rows.map(({ kind, ref }) => [kind, ref])).toEqual([
      ["fact", `${slug}.one`],
      ["event", expect.any(String)],
    ]);
    expect(await sql(OLD.depth)).toMatchObject([{ rows: 2 }]);
    expect(await sql(OLD.due)).toMatchObject([{ name: "outbox", failures: 0 }]);
    const [first, second] = rows.map(({ id }) => Number(id));
    await sql(OLD.confirm, first ?? 0);
    expect((await sql(OLD.pending)).map(({ id }) => id)).toEqual([second]);
    await sql(OLD.schedule, "outbox", 99, 3);
    expect(await sql(OLD.due)).toEqual([{ name: "outbox", at: 99, failures: 3 }]);
    await sql(OLD.confirm, second ?? 0);
    await sql(OLD.unschedule, "outbox");
    expect(await sql(OLD.pending)).toEqual([]);
    expect(await sql(OLD.due)).toEqual([]);
    // Numbers go on: a confirmation that comes late removes nothing new.
    await sql(OLD.add, "fact", "a", null, 1, "fact", "b", null, 1);
    expect((await sql(OLD.pending)).map(({ id }) => Number(id) > (second ?? 0))).toEqual([true, true]);
  });

  it("[I1] are kept when the release before saves the enrollment, and this release finds them again", async () => {
    const { slug, sql, project, inD1 } = await learner();
    await completed(slug, "ada", "one");
    const before = await sql(OLD.pending);
    await sql(OLD.save);
    await sql(OLD.save);
    expect(await sql(OLD.pending)).toEqual(before);
    expect(await sql(OLD.due)).toMatchObject([{ name: "outbox" }]);
    await sql(OLD.add, "mirror", "", null, 1, "mirror", "", null, 1);
    expect(await sql(OLD.depth)).toMatchObject([{ rows: 4 }]);
    await evictDurableObject(objectOf(slug, "ada"));
    await completed(slug, "ada", "two");
    const all = await sql(OLD.pending);
    expect(all.slice(0, 2)).toEqual(before);
    expect(new Set(all.map(({ id }) => id)).size).toBe(6);
    await project();
    expect(await inD1()).toEqual(["one", "two"]);
    expect(await sql(OLD.depth)).toMatchObject([{ rows: 0 }]);
  });

  it("[I1] keep their numbers when the release before saves an enrollment without pending rows", async () => {
    const { slug, sql, project } = await learner();
    await completed(slug, "ada", "one");
    const head = Number((await sql(OLD.pending)).at(-1)?.id);
    await project();
    await sql(OLD.save);
    await sql(OLD.confirm, head + 1_000);
    await evictDurableObject(objectOf(slug, "ada"));
    await completed(slug, "ada", "two");
    expect((await sql(OLD.pending)).every(({ id }) => Number(id) > head)).toBe(true);
  });

  it("[I1] from an object of the release before are delivered by this release", async () => {
    const { slug, sql, project, inD1 } = await learner();
    await completed(slug, "ada", "one");
    // The object as the release before has it: its tables, and in them what is pending.
    await runInDurableObject(objectOf(slug, "ada"), (_instance, { storage }) => {
      const pending = [...storage.sql.exec("SELECT id, kind, ref, payload, created_at FROM outbox").raw()];
      for (const name of ["outbox", "due_times"]) storage.sql.exec(`DROP VIEW ${name}`);
      storage.sql.exec("DROP TRIGGER outbox_keep");
      storage.sql.exec("ALTER TABLE outbox_rows RENAME TO outbox; ALTER TABLE due_rows RENAME TO due_times");
      storage.sql.exec("ALTER TABLE enrollment DROP COLUMN pending; ALTER TABLE enrollment DROP COLUMN pending_head");
      for (const row of pending) {
        storage.sql.exec("INSERT INTO outbox (id, kind, ref, payload, created_at) VALUES (?, ?, ?, ?, ?)", ...row);
      }
      storage.sql.exec("INSERT INTO due_times (name, at, failures) VALUES ('outbox', 5, 2)");
      storage.sql.exec("DELETE FROM schema_steps WHERE id = '005_pending'");
      migrate(storage, SCHEMA_STEPS, "004_place");
    });
    await evictDurableObject(objectOf(slug, "ada"));
    await completed(slug, "ada", "two");
    expect(await sql(OLD.depth)).toMatchObject([{ rows: 4 }]);
    expect(await sql("SELECT at FROM due_rows WHERE name = 'outbox'")).toEqual([{ at: 5 }]);
    await project();
    expect(await inD1()).toEqual(["one", "two"]);
    expect(await sql(OLD.depth)).toMatchObject([{ rows: 0 }]);
    expect(await sql(OLD.due)).toEqual([]);
  });

  it("[I10] are delivered after a restart, though no due time was stored for them", async () => {
    const { slug, sql } = await learner();
    await completed(slug, "ada", "one");
    expect(await sql("SELECT * FROM due_rows")).toEqual([]);
    const alarmAt = () => runInDurableObject(objectOf(slug, "ada"), (_instance, { storage }) => storage.getAlarm());
    expect(await alarmAt()).not.toBeNull();
    await sql(
      "UPDATE enrollment SET pending = replace(pending, created_at, 5) FROM (SELECT created_at FROM outbox LIMIT 1)",
    );
    await evictDurableObject(objectOf(slug, "ada"));
    expect(await runDurableObjectAlarm(objectOf(slug, "ada"))).toBe(true);
    // Asked for, and again later, until it is confirmed.
    expect(await sql("SELECT name, failures FROM due_rows")).toEqual([{ name: "outbox", failures: 1 }]);
    expect(await alarmAt()).not.toBeNull();
  });

  it("that do not fit in the row of the enrollment are kept in a table, and delivered in order", async () => {
    const { slug, sql, project } = await learner();
    await completed(slug, "ada", "one");
    await runInDurableObject(objectOf(slug, "ada"), async (instance: EnrollmentObject) => {
      for (let times = 0; times < 30; times += 1)
        await instance.markStale(`reason ${times}`, { id: "eve", role: "admin" });
    });
    const held = Number((await sql("SELECT json_array_length(pending) AS n FROM enrollment"))[0]?.n);
    const aside = Number((await sql("SELECT count(*) AS n FROM outbox_rows"))[0]?.n);
    expect(held).toBeLessThanOrEqual(25);
    expect(aside).toBeGreaterThan(0);
    const pending = await objectOf(slug, "ada").pendingProjection();
    expect(pending).toMatchObject({ ok: true, value: { audit: { length: 30 } } });
    await project();
    expect(await sql(OLD.depth)).toMatchObject([{ rows: 0 }]);
  });
});
