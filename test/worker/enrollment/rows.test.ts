import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { deliver, enroll, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { completed, ladder } from "../../support/worker/learners.ts";

// What the platform bills by: docs/scale.md computes with these numbers.

/** Counts rows written by an object's own database while `work` runs; the platform counts index entries too. */
async function rowsWritten(slug: string, user: string, work: () => Promise<unknown>): Promise<number> {
  const stub = objectOf(slug, user);
  let rows = 0;
  const cursors: { rowsWritten: number }[] = [];
  await runInDurableObject(stub, (_instance, { storage: { sql } }) => {
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
  await runInDurableObject(stub, (_instance, { storage: { sql } }) => {
    Reflect.deleteProperty(sql, "exec");
    rows = cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
  });
  return rows;
}

it("a completion that opens one item writes few rows, in the object and in D1", async () => {
  const slug = freshSlug("rows");
  await publish(ladder(slug, { sticky: true }));
  await enroll(slug, "ada");
  const project = () => deliver("latchkey-projection", [{ type: "project", enrollment_id: `${slug}:ada` }]);
  await project();
  const write = await rowsWritten(slug, "ada", () => completed(slug, "ada", "one"));
  let d1 = 0;
  const before = env.DB.batch;
  Object.defineProperty(env.DB, "batch", {
    configurable: true,
    value: async (statements: D1PreparedStatement[]) => {
      const results = await before.call(env.DB, statements);
      for (const { meta } of results) d1 += meta.rows_written;
      return results;
    },
  });
  const confirm = await rowsWritten(slug, "ada", project);
  Reflect.deleteProperty(env.DB, "batch");
  console.info(`rows written: ${write} by the write, ${confirm} by its confirmation, ${d1} in D1`);
  expect(write).toBeGreaterThan(0);
  expect(write).toBeLessThanOrEqual(10);
  expect(confirm).toBeLessThanOrEqual(4);
  expect(d1).toBeGreaterThan(0);
  expect(d1).toBeLessThanOrEqual(12);
});
