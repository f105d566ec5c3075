import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { fillOfShards, leastFilled, shardBound } from "../../../src/platform/database/room.ts";
import { directory, everyShard, shardOf } from "../../../src/platform/database/shards.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { callWith } from "../../support/worker/faults.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { ladder } from "../../support/worker/learners.ts";
import { databaseOfCourse } from "../../support/worker/shards.ts";

const fill = (name: string, learners: number, courses = 0) => ({ name, learners, courses });

describe("the shard of a new course", () => {
  it("is the least full one: by enrollments, then by courses, then by number", () => {
    expect(leastFilled([fill("A", 5), fill("B", 3), fill("C", 4)], 10)).toBe("B");
    expect(leastFilled([fill("A", 3, 2), fill("B", 3, 1)], 10)).toBe("B");
    expect(leastFilled([fill("A", 3, 1), fill("B", 3, 1)], 10)).toBe("A");
    expect(leastFilled([fill("A", 10), fill("B", 11)], 10)).toBe(null);
  });

  it("has a limit from the configuration, and a default limit if that value is unusable", () => {
    expect(shardBound({ SHARD_ENROLLMENTS: "12" })).toBe(12);
    for (const wrong of ["", "0", "-1", "many", "1.5"])
      expect(shardBound({ SHARD_ENROLLMENTS: wrong })).toBe(3_000_000);
  });

  it("is decided once: every shard gets courses, and a later publish moves none", async () => {
    const placed = new Set<string>();
    const slugs: string[] = [];
    for (let at = 0; at < everyShard(env).length; at += 1) {
      const slug = freshSlug("placed");
      const fills = await fillOfShards(env);
      await publish(ladder(slug));
      await enroll(slug, "ada");
      slugs.push(slug);
      const { name } = await shardOf(env, slug);
      expect(name).toBe(leastFilled(fills, Number.MAX_SAFE_INTEGER));
      placed.add(name);
      // As many learners as the fullest shard has: the next course goes elsewhere.
      const most = Math.max(...fills.map(({ learners }) => learners));
      await directory(env)
        .prepare("UPDATE courses SET learners = ? WHERE slug = ?")
        .bind(most + 1, slug)
        .run();
    }
    expect([...placed].sort()).toEqual(
      everyShard(env)
        .map(({ name }) => name)
        .sort(),
    );
    for (const slug of slugs) {
      const before = await shardOf(env, slug);
      await publish({ ...ladder(slug), title: "Again" });
      expect(await shardOf(env, slug)).toEqual(before);
      const row = await (await databaseOfCourse(slug))
        .prepare("SELECT id FROM enrollments WHERE course_slug = ?")
        .bind(slug)
        .first("id");
      expect(row).toBe(`${slug}:ada`);
      for (const { name, db } of everyShard(env)) {
        if (name === before.name) continue;
        expect(await db.prepare("SELECT id FROM enrollments WHERE course_slug = ?").bind(slug).first()).toBe(null);
      }
    }
  });

  it("is refused if all shards are full: nothing new is published and nobody new is enrolled, and everything else works", async () => {
    const [slug, late] = [freshSlug("full"), freshSlug("late")];
    await publish(ladder(slug));
    await enroll(slug, "ada");
    const full = { SHARD_ENROLLMENTS: "1" } as unknown as Partial<Env>;
    // Enough for every shard to be past that bound.
    await directory(env).prepare("UPDATE courses SET learners = learners + 1 WHERE slug = ?").bind(slug).run();
    for (const { name } of everyShard(env)) {
      await directory(env)
        .prepare(
          "INSERT INTO courses (slug, owner_id, title, active_version, shard, learners, created_at, updated_at) VALUES (?, 'a', '{}', 1, ?, 5, 1, 1)",
        )
        .bind(freshSlug("filler"), name)
        .run();
    }
    const token = await tokenOf("author-of-tests", "author");
    await call("POST", "/courses", { token, body: { slug: late, title: "Late" } });
    const body = { document: ladder(late), policy: "grandfather" };
    const published = await callWith(full, "POST", `/courses/${late}/versions`, { token, body });
    expect((await problem(published, 507)).code).toBe("shards_full");
    const path = `/courses/${slug}/enrollments`;
    const newcomer = await callWith(full, "POST", path, { token: await tokenOf("eve"), body: {} });
    expect((await problem(newcomer, 507)).code).toBe("shards_full");
    const again = await callWith(full, "POST", path, { token: await tokenOf("ada"), body: {} });
    expect(again.status).toBe(200);
    const old = await callWith(full, "POST", `/courses/${slug}/versions`, {
      token,
      body: { document: { ...ladder(slug), title: "Next" }, policy: "grandfather" },
    });
    expect(old.status).toBe(201);
  });
});

describe("the index of a user's courses", () => {
  it("has every course of the user, in any shard, before that shard has the enrollment", async () => {
    const slugs: string[] = [];
    for (let at = 0; at < 2 * everyShard(env).length; at += 1) {
      const slug = freshSlug("known");
      await publish(ladder(slug));
      await enroll(slug, "indexed");
      slugs.push(slug);
    }
    const { results } = await directory(env)
      .prepare("SELECT course_slug FROM user_courses WHERE user_id = 'indexed'")
      .all<{ course_slug: string }>();
    expect(results.map(({ course_slug }) => course_slug).sort()).toEqual(slugs.sort());
  });
});
