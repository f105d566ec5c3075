import { describe, expect, it } from "vitest";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { completed, ladder, override, removeOverride, submit } from "../../support/worker/learners.ts";
import { databaseOfCourse, shards } from "../../support/worker/shards.ts";
import { takeBackup } from "./support.ts";

/** Rows that D1 writes, index entries included, while `work` runs. */
async function rowsOfD1(slug: string, work: () => Promise<unknown>): Promise<number> {
  const db = await databaseOfCourse(slug);
  let rows = 0;
  const before = db.batch;
  Object.defineProperty(db, "batch", {
    configurable: true,
    value: async (statements: D1PreparedStatement[]) => {
      const results = await before.call(db, statements);
      for (const { meta } of results) rows += meta.rows_written;
      return results;
    },
  });
  await work();
  Reflect.deleteProperty(db, "batch");
  return rows;
}

async function noted(slug: string): Promise<string[]> {
  const { results } = await (await databaseOfCourse(slug))
    .prepare("SELECT key FROM backup_changes WHERE kind = 'enrollments' AND key > ?1 || ':' AND key < ?1 || ';'")
    .bind(slug)
    .all<{ key: string }>();
  return results.map(({ key }) => key);
}

/** Rows of D1 for each thing a learner does, and how many notes there are after that and after what staff do, twice. */
async function day() {
  const slug = freshSlug("rows");
  await publish(ladder(slug));
  await enroll(slug, "ada");
  await project(slug, "ada");
  await Promise.all(shards().map((db) => db.prepare("DELETE FROM backup_changes").run()));
  const rows: number[] = [];
  for (const work of [
    () => completed(slug, "ada", "one"),
    () => submit(slug, "ada", "p1", "7"),
    () => completed(slug, "ada", "two"),
  ]) {
    await work();
    rows.push(await rowsOfD1(slug, () => project(slug, "ada")));
  }
  const afterLearning = await noted(slug);
  await override(slug, "ada", "four", { kind: "unlock", reason: "staff" });
  await project(slug, "ada");
  await removeOverride(slug, "ada", "four");
  await project(slug, "ada");
  return { slug, rows, afterLearning, afterStaff: await noted(slug) };
}

describe("the cost of noting what changed", () => {
  it("is one row of a learner, whatever they and staff do until the next backup", {
    timeout: 280_000,
  }, async () => {
    await takeBackup("changes");
    const withNotes = await day();
    for (const db of shards()) {
      const { results } = await db
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'backup\\_%' ESCAPE '\\'")
        .all<{ name: string }>();
      expect(results.length).toBeGreaterThan(3);
      await db.batch(results.map(({ name }) => db.prepare(`DROP TRIGGER ${name}`)));
    }
    const without = await day();
    console.info(`rows of D1 with the notes ${withNotes.rows}, without ${without.rows}`);
    expect(Math.min(...without.rows)).toBeGreaterThan(0);
    const [first = 0, ...others] = without.rows;
    expect(withNotes.rows).toEqual([first + 1, ...others]);
    expect(withNotes.afterLearning).toEqual([`${withNotes.slug}:ada`]);
    expect(withNotes.afterStaff).toEqual([`${withNotes.slug}:ada`]);
  });
});
