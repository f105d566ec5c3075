import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot } from "../../scripts/lib/paths.ts";
import {
  type EmptyDatabases,
  planOf,
  scansIn,
  startDatabases,
  statementFiles,
  statementsOf,
  withPlans,
} from "../../scripts/lib/plans.ts";

describe("the statements of each room, in a real D1", () => {
  let databases: EmptyDatabases;
  beforeAll(async () => {
    databases = await startDatabases();
  });
  afterAll(() => databases.stop());

  it.each(statementFiles())("%s: each has its present plan above it, and a reason for each scan", async (path) => {
    const text = readFileSync(fromRoot(path), "utf8");
    const { text: planned, unexplained } = await withPlans(databases, path, text);
    expect(planned, "npm run -s plans writes the plans").toBe(text);
    expect(unexplained).toEqual([]);
    expect(await statementsOf(path)).not.toEqual([]);
  });

  it("a plan that reads a whole table is noticed", async () => {
    const steps = await planOf(databases, "SELECT count(*) FROM enrollments WHERE open_count > ?");
    expect(scansIn(steps)).toEqual(["enrollments"]);
  });

  it("a scan of the caller's own set is allowed", async () => {
    const steps = await planOf(databases, "SELECT id FROM enrollments WHERE id IN (SELECT value FROM json_each(?1))");
    expect(scansIn(steps)).toEqual([]);
  });
});
