import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CHECK_LIMITS, judge, wilsonLower } from "../../../scripts/lib/release/check.ts";
import type { Deployment } from "../../../scripts/lib/release/cloudflare.ts";
import {
  type Figures,
  figuresByVersion,
  NO_FIGURES,
  quantile,
  since,
  together,
} from "../../../scripts/lib/release/figures.ts";
import { refusals, rollbackTarget, type Situation } from "../../../scripts/lib/release/guards.ts";
import { type Applied, drift, type Migration, schemaOf, takesAway } from "../../../scripts/lib/release/schema.ts";

const figures = (requests: number, errors: number, buckets: [number, number][] = []): Figures => ({
  requests,
  errors,
  buckets: new Map(buckets),
});

describe("the release check", () => {
  const old = figures(10_000, 10);
  const verdict = (fresh: Figures, isOver: boolean, stable = old) => judge(fresh, stable, CHECK_LIMITS, isOver).kind;

  it("rolls a version back as soon as it is certainly bad, and not before", () => {
    expect(verdict(figures(20, 1), false)).toBe("wait"); // 5 %, but of twenty
    expect(verdict(figures(200, 10), false)).toBe("breach");
    expect(verdict(figures(3, 3), false)).toBe("breach"); // nothing works
    expect(verdict(figures(1_000, 8), false)).toBe("wait");
  });

  it("passes a version only after the whole step, with enough requests and few enough errors", () => {
    expect(verdict(figures(1_000, 1), false)).toBe("wait");
    expect(verdict(figures(1_000, 1), true)).toBe("pass");
    expect(verdict(figures(199, 0), true)).toBe("breach");
    expect(verdict(NO_FIGURES, true)).toBe("breach");
    expect(verdict(figures(1_000, 11), true)).toBe("breach"); // above 1 %, though not certainly
  });

  it("compares with the old version if that has errors itself, up to twice as many", () => {
    const troubled = figures(10_000, 400);
    expect(verdict(figures(1_000, 60), true, troubled)).toBe("pass");
    expect(verdict(figures(1_000, 200), true, troubled)).toBe("breach");
  });

  it("rolls back a version that is much slower, but not one that is slower and still very fast", () => {
    const quick = figures(10_000, 0, [
      [0.05, 9_900],
      [0.5, 10_000],
      [Number.POSITIVE_INFINITY, 10_000],
    ]);
    const slow = figures(1_000, 0, [
      [0.05, 100],
      [0.5, 990],
      [Number.POSITIVE_INFINITY, 1_000],
    ]);
    const fine = figures(1_000, 0, [
      [0.05, 100],
      [0.1, 1_000],
      [Number.POSITIVE_INFINITY, 1_000],
    ]);
    expect(verdict(slow, true, quick)).toBe("breach");
    expect(verdict(fine, true, quick)).toBe("pass");
  });

  it("computes Wilson's interval", () => {
    // 10 of 100 at 1.96 standard deviations: 0.0552 to 0.1744 (Newcombe 1998, table I, method 3 gives the form).
    expect(wilsonLower(10, 100, 1.96)).toBeCloseTo(0.0552, 4);
    expect(wilsonLower(0, 50, 3)).toBe(0);
  });
});

describe("figures of a release", () => {
  const text = (ok: number, bad: number) => `# HELP version_requests_total Requests.
# TYPE version_requests_total counter
version_requests_total{route="/a \\"b\\"",method="GET",status="200",version="old"} ${ok}
version_requests_total{route="/c",method="GET",status="404",version="new"} 4
version_requests_total{route="/c",method="GET",status="503",version="new"} ${bad} 1700000000000
version_request_duration_seconds_bucket{route="/c",version="new",le="0.1"} 3
version_request_duration_seconds_bucket{route="/c",version="new",le="+Inf"} 6
up 1
`;

  it("are read by version, and an answer of 500 or above is an error", () => {
    const read = figuresByVersion(text(10, 2));
    expect(read.get("old")).toMatchObject({ requests: 10, errors: 0 });
    expect(read.get("new")).toMatchObject({ requests: 6, errors: 2 });
    expect(quantile(read.get("new") ?? NO_FIGURES, 0.5)).toBe(0.1);
    expect([...read.keys()]).toEqual(["old", "new"]);
    expect(figuresByVersion('version_requests_total{status="500"} 7\n').size).toBe(0);
  });

  it("are differences of two readings, also across a counter that began again", () => {
    const [first, second] = [figuresByVersion(text(10, 2)), figuresByVersion(text(15, 3))];
    const between = (version: string) => since(first.get(version) ?? NO_FIGURES, second.get(version) ?? NO_FIGURES);
    expect(between("old")).toMatchObject({ requests: 5, errors: 0 });
    expect(between("new")).toMatchObject({ requests: 1, errors: 1 });
    expect(together(first, new Map([["new", figures(4, 1)]])).get("new")).toMatchObject({ requests: 10, errors: 3 });
    expect(since(figures(100, 1), figures(7, 2))).toMatchObject({ requests: 7, errors: 2 });
  });
});

describe("the checks before a release", () => {
  const deployment = (...versions: [string, number][]): Deployment => ({
    id: "d",
    created_on: "2026-11-01T00:00:00Z",
    versions: versions.map(([version_id, percentage]) => ({ version_id, percentage })),
  });
  const fine: Situation = {
    uncommitted: [],
    lastDeployedFrom: "wrangler",
    deployments: [deployment(["a", 100])],
    requiredSecrets: ["AUTH_SECRET"],
    presentSecrets: ["AUTH_SECRET", "OTHER"],
    wantedClasses: ["A", "B"],
    liveClasses: ["A", "B"],
  };

  it.each<[string, Partial<Situation>, RegExp]>([
    ["uncommitted changes", { uncommitted: [" M src/index.ts"] }, /must be some commit/],
    ["a Worker that is not there", { lastDeployedFrom: null, deployments: [] }, /first time/],
    ["an edit in the dashboard", { lastDeployedFrom: "dash" }, /past wrangler/],
    ["a release under way", { deployments: [deployment(["a", 90], ["b", 10])] }, /under way/],
    ["a missing secret", { presentSecrets: ["OTHER"] }, /AUTH_SECRET/],
    ["a new object class", { wantedClasses: ["A", "B", "C"] }, /\+C.*alone, at 100 %/],
    ["an object class taken away", { wantedClasses: ["A"] }, /-B.*nothing can be rolled back past it/],
  ])("refuse %s", (_name, change, reason) => {
    expect(refusals(fine)).toEqual([]);
    const found = refusals({ ...fine, ...change });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(reason);
  });

  it("roll back to the version that had every request before", () => {
    const [a, b, c] = [deployment(["a", 100]), deployment(["b", 100]), deployment(["c", 100])];
    expect(rollbackTarget([b, a])).toBe("a");
    expect(rollbackTarget([deployment(["a", 50], ["b", 50]), deployment(["a", 90], ["b", 10]), a, c])).toBe("a");
    expect(rollbackTarget([c, deployment(["b", 10], ["c", 90]), b, a])).toBe("b");
    expect(rollbackTarget([a, a])).toBeNull();
    expect(rollbackTarget([])).toBeNull();
  });
});

describe("applied migrations", () => {
  const migration = (name: string, sql: string): Migration => ({
    name,
    sql,
    sha256: createHash("sha256").update(sql).digest("hex"),
  });
  const first = migration("0001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY, -- the key\n name TEXT);");
  const second = migration("0002_b.sql", "CREATE INDEX a_by_name ON a (name); ALTER TABLE a ADD COLUMN age INTEGER;");
  const both = [first, second];
  const databaseWith = (migrations: readonly Migration[], change: Partial<Applied> = {}): Applied => ({
    names: migrations.map(({ name }) => name),
    sums: new Map(migrations.map(({ name, sha256 }) => [name, sha256])),
    schema: schemaOf(migrations),
    ...change,
  });

  it("are unchanged, all or the first of them", () => {
    expect(drift(both, databaseWith([]))).toEqual([]);
    expect(drift(both, databaseWith([first]))).toEqual([]);
    expect(drift(both, databaseWith(both))).toEqual([]);
    expect(drift(both, databaseWith(both, { sums: new Map() }))).toEqual([]); // the first release of all
  });

  it.each<[string, Migration[], Applied, RegExp]>([
    ["an edited file", [migration("0001_a.sql", `${first.sql} `), second], databaseWith(both), /0001_a.sql was edited/],
    ["a gap", both, { ...databaseWith([]), names: [second.name] }, /0002_b.sql was applied before/],
    ["an older checkout", [first], databaseWith(both), /older than the database/],
    [
      "a table made by hand",
      both,
      databaseWith(both, { schema: schemaOf([...both, migration("x", "CREATE TABLE x (i)")]) }),
      /x is in/,
    ],
    [
      "an index dropped by hand",
      both,
      databaseWith(both, { schema: schemaOf([...both, migration("x", "DROP INDEX a_by_name")]) }),
      /missing/,
    ],
    [
      "a column added by hand",
      both,
      databaseWith(both, { schema: schemaOf([...both, migration("x", "ALTER TABLE a ADD COLUMN z")]) }),
      /a differs/,
    ],
  ])("show %s", (_name, files, applied, reason) => {
    expect(drift(files, applied).join("\n")).toMatch(reason);
  });

  it("only add, and one that removes something must say why", () => {
    const names = (sql: string) => takesAway({ name: "m", sql });
    for (const sql of [
      "DROP TABLE a;",
      "ALTER TABLE a DROP COLUMN name;",
      "ALTER TABLE a RENAME TO b;",
      "ALTER TABLE a RENAME COLUMN x TO y;",
      "ALTER TABLE a ADD COLUMN n TEXT NOT NULL;",
    ]) {
      expect(names(sql), sql).toHaveLength(1);
      expect(names(`-- contract: nothing reads it since March\n${sql}`), sql).toEqual([]);
    }
    for (const sql of [
      "-- DROP TABLE a;\nCREATE TABLE b (id INTEGER NOT NULL);",
      "ALTER TABLE a ADD COLUMN n TEXT NOT NULL DEFAULT '';",
      "INSERT INTO a VALUES ('DROP TABLE a');",
      "DROP INDEX a_by_name;",
    ]) {
      expect(names(sql), sql).toEqual([]);
    }
  });
});
