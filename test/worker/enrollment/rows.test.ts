import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { deliver, enroll, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { completed, ladder, statesOf } from "../../support/worker/learners.ts";
import { databaseOfCourse } from "../../support/worker/shards.ts";

// What the platform bills by: docs/design/scale.md computes with these numbers.

/**
 * Counts rows written by an object's own database while `work` runs; the platform counts index entries too, and an alarm that
 * is set as a row.
 */
async function rowsWritten(slug: string, user: string, work: () => Promise<unknown>): Promise<number> {
  const stub = objectOf(slug, user);
  let rows = 0;
  const cursors: { rowsWritten: number }[] = [];
  await runInDurableObject(stub, (_instance, { storage }) => {
    const { sql } = storage;
    const setAlarm = storage.setAlarm.bind(storage);
    Object.defineProperty(storage, "setAlarm", {
      configurable: true,
      value: (...args: Parameters<typeof setAlarm>) => {
        rows += 1;
        return setAlarm(...args);
      },
    });
    const exec = sql.exec.bind(sql);
    Object.defineProperty(sql, "exec", {
      configurable: true,
      value: (...args: Parameters<typeof exec>) => {
        const cursor = exec(...args);
        cursors.push(cursor);
        return cursor;
      },
    });
  });
  await work();
  await runInDurableObject(stub, (_instance, { storage }) => {
    Reflect.deleteProperty(storage, "setAlarm");
    Reflect.deleteProperty(storage.sql, "exec");
    rows += cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
  });
  return rows;
}

it("a completion that opens one item writes few rows, in the object and in D1", async () => {
  const slug = freshSlug("rows");
  await publish(ladder(slug, { sticky: true }));
  await enroll(slug, "ada");
  const project = () => deliver("latchkey-projection", [{ type: "project", enrollment_id: `${slug}:ada` }]);
  await project();
  // The alarm that enrolling has set is over: this completion is the first of a burst.
  await runInDurableObject(objectOf(slug, "ada"), (_instance, { storage }) => storage.deleteAlarm());
  await evictDurableObject(objectOf(slug, "ada"));
  await statesOf(slug, "ada");
  const write = await rowsWritten(slug, "ada", () => completed(slug, "ada", "one"));
  let d1 = 0;
  const db = await databaseOfCourse(slug);
  const before = db.batch;
  Object.defineProperty(db, "batch", {
    configurable: true,
    value: async (statements: D1PreparedStatement[]) => {
      const results = await before.call(db, statements);
      for (const { meta } of results) d1 += meta.rows_written;
      return results;
    },
  });
  const confirm = await rowsWritten(slug, "ada", project);
  Reflect.deleteProperty(db, "batch");
  console.info(`rows written: ${write} by the write, ${confirm} by its confirmation, ${d1} in D1`);
  // The log, the fact, what it opened, the enrollment with its pending rows; and the alarm.
  expect(write).toBe(5);
  expect(confirm).toBe(1);
  // The enrollment, the fact, the announcement; no entry of an index.
  expect(d1).toBe(3);
});
