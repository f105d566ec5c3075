import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import {
  atCourse,
  directory,
  everyShard,
  forCourse,
  isMoved,
  ShardMissingError,
  shardNamed,
} from "../../../src/platform/database/shards.ts";
import { freshSlug } from "../../support/worker/courses.ts";

/** What a shard holds. */
const TABLES = [
  "enrollments",
  "freshness",
  "progress",
  "submissions",
  "unlock_events",
  "divergences",
  "closed_courses",
  "mark_fences",
  "walks",
];

const columnsIn = async (db: D1Database, table: string) =>
  (await db.prepare(`PRAGMA table_info("${table}")`).all<Record<string, unknown>>()).results;

describe("the shards", () => {
  it("are as many as in the configuration, the directory's own database first", () => {
    const names = everyShard(env).map(({ name }) => name);
    expect(names[0]).toBe("DB");
    expect(names.slice(1)).toEqual(names.slice(1).map((_, at) => `DB_SHARD_${at + 2}`));
    expect(() => shardNamed(env, "DB_SHARD_99")).toThrow(ShardMissingError);
  });

  it("are used in the order of their numbers, whatever the order of the bindings", () => {
    const other = { ...env, DB_SHARD_10: env.DB, DB_SHARD_9: env.DB, DB_SHARDS: "4" };
    expect(everyShard(other).map(({ name }) => name)).toEqual([
      ...everyShard(env).map(({ name }) => name),
      "DB_SHARD_9",
      "DB_SHARD_10",
    ]);
  });

  it.each(TABLES)("have the same columns in %s, in the same order", async (table) => {
    const first = await columnsIn(directory(env), table);
    expect(first.length).toBeGreaterThan(0);
    for (const { db } of everyShard(env)) expect(await columnsIn(db, table)).toEqual(first);
  });

  it("have no table of the directory: a statement sent to the wrong database fails", async () => {
    for (const { db } of everyShard(env).slice(1)) {
      for (const table of ["courses", "users", "erasures", "course_marks", "user_courses", "insight_learners"]) {
        await expect(db.prepare(`SELECT 1 FROM ${table}`).all()).rejects.toThrow(/no such table/);
      }
    }
  });
});

describe("a course that has left a shard", () => {
  const rows = (course: string): [table: string, insert: string][] => [
    ["enrollments", `(id, course_slug, user_id, enrolled_at) VALUES ('${course}:ada', '${course}', 'ada', 1)`],
    ["progress", `(enrollment_id, item_id, seq) VALUES ('${course}:ada', '${course}.one', 1)`],
    [
      "submissions",
      `(id, enrollment_id, item_id, answer, status, submitted_at)
       VALUES ('${course}:ada:1', '${course}:ada', '${course}.one', '', 'pending', 1)`,
    ],
    [
      "unlock_events",
      `(enrollment_id, version, unlocked, locked, cause, announced_at) VALUES ('${course}:ada', 1, '[]', '[]', 'fact', 1)`,
    ],
    [
      "divergences",
      `(id, enrollment_id, snapshot, differences, detected_at) VALUES ('${course}', '${course}:ada', '{}', '[]', 1)`,
    ],
  ];
  const key = (table: string) => (table === "enrollments" ? "course_slug" : "enrollment_id");

  it.each(everyShard(env))("[I4] takes no write in $name any more, and others still do", async ({ db, name }) => {
    const [closed, open] = [freshSlug("closed"), freshSlug("open")];
    const statements = [closed, open].map((slug) =>
      directory(env)
        .prepare(
          "INSERT INTO courses (slug, owner_id, title, active_version, shard, created_at, updated_at) VALUES (?, 'a', '{}', 1, ?, 1, 1)",
        )
        .bind(slug, name),
    );
    await directory(env).batch(statements);
    for (const course of [closed, open]) {
      for (const [table, insert] of rows(course)) await db.prepare(`INSERT INTO ${table} ${insert}`).run();
    }
    await db.prepare("INSERT INTO closed_courses VALUES (?, 'DB_SHARD_9', 1)").bind(closed).run();
    for (const [table, insert] of rows(closed)) {
      const id = table === "enrollments" ? closed : `${closed}:ada`;
      const touch = db.prepare(`UPDATE ${table} SET ${key(table)} = ${key(table)} WHERE ${key(table)} = ?`).bind(id);
      for (const write of [touch, db.prepare(`INSERT INTO ${table} ${insert} ON CONFLICT DO NOTHING`)]) {
        const fault: unknown = await write.run().catch((error: unknown) => error);
        expect(isMoved(fault)).toBe(true);
      }
    }
    for (const [table, insert] of rows(open)) {
      await db.prepare(`INSERT INTO ${table} ${insert} ON CONFLICT DO NOTHING`).run();
    }
    for (const [table] of rows(closed).toReversed()) {
      const id = table === "enrollments" ? closed : `${closed}:ada`;
      await db
        .prepare(`DELETE FROM ${table} WHERE ${key(table)} = ?`)
        .bind(id)
        .run();
    }
  });

  it("[I4] gets the writes of a writer who remembers the old shard, in its new shard", async () => {
    const course = freshSlug("moving");
    const [from, to] = [everyShard(env)[0], everyShard(env).at(-1)];
    if (from === undefined || to === undefined) throw new Error("there are no shards");
    await directory(env)
      .prepare(
        "INSERT INTO courses (slug, owner_id, title, active_version, shard, shard_generation, created_at, updated_at) VALUES (?, 'a', '{}', 1, ?, 0, 1, 1)",
      )
      .bind(course, from.name)
      .run();
    const write = (db: D1Database) =>
      db
        .prepare("INSERT INTO progress (enrollment_id, item_id, seq) VALUES (?, 'x', 1) ON CONFLICT DO NOTHING")
        .bind(`${course}:ada`)
        .run();
    await atCourse(env, course, write);
    expect(await forCourse(env, course)).toBe(from.db);
    if (from === to) return;

    await from.db.prepare("INSERT INTO closed_courses VALUES (?, ?, 1)").bind(course, to.name).run();
    // On its way: the directory still names the old place.
    expect(isMoved(await atCourse(env, course, write).catch((fault: unknown) => fault))).toBe(true);

    await directory(env)
      .prepare("UPDATE courses SET shard = ?, shard_generation = 1 WHERE slug = ?")
      .bind(to.name, course)
      .run();
    await atCourse(env, course, write);
    const there = await to.db
      .prepare("SELECT count(*) AS n FROM progress WHERE enrollment_id = ?")
      .bind(`${course}:ada`)
      .first("n");
    expect(there).toBe(1);
  });
});
