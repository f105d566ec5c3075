import { describe, expect, it } from "vitest";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { everywhere } from "../../support/worker/shards.ts";
import {
  all,
  bindingsWith,
  collectingQueue,
  consume,
  once,
  pair,
  rowOf,
  run,
  watchedDatabase,
  watchedObjects,
} from "./support.ts";

const REFRESH = "latchkey-refresh";

/** A course of two learners, of whom ben has completed the first chapter; both are in D1 as they are. */
async function course(): Promise<string> {
  const slug = freshSlug("evaluated");
  await publish(pair(slug));
  for (const user of ["ada", "ben"]) await enroll(slug, user);
  await complete(slug, "ben");
  for (const user of ["ada", "ben"]) await project(slug, user);
  return slug;
}

async function complete(slug: string, user: string): Promise<void> {
  const path = `/courses/${slug}/chapters/${slug}.one/mark_as_completed`;
  expect((await call("POST", path, { token: await tokenOf(user) })).status).toBe(200);
}

const unlocksOf = async (slug: string, user: string) =>
  (await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(user) })).json();

const announcements = (slug: string, user: string) =>
  all("SELECT unlocked, cause FROM unlock_events WHERE enrollment_id = ? ORDER BY version", `${slug}:${user}`);

/** Carries out the marking of a course as the queue would, with its last message's sweep. */
async function mark(slug: string, bindings: Partial<Env> = {}) {
  const { queue, sent } = collectingQueue();
  await consume(REFRESH, [{ type: "mark", course: slug }], bindingsWith({ REFRESH_QUEUE: queue, ...bindings }));
  return sent.map(({ body }) => body);
}

describe("[I6] after a publish", () => {
  it("objects whose answer stays the same are not called, and announce nothing later", async () => {
    const slug = await course();
    const before = await announcements(slug, "ben");
    await publish(pair(slug, "second"));
    const asked: string[] = [];
    const objects = watchedObjects(async (id, method) => void asked.push(`${method} ${id}`));
    const sent = await mark(slug, { ENROLLMENTS: objects });
    expect(asked).toEqual([]);
    expect(sent.filter((body) => JSON.stringify(body).includes(slug))).toEqual([]);
    for (const user of ["ada", "ben"]) {
      expect(await rowOf(slug, user)).toMatchObject({ reached_activation: 2, activation: 1, is_stale: 0 });
    }
    expect(await all("SELECT 1 FROM course_marks WHERE course_slug = ?", slug)).toEqual([]);
    const listed = await call("GET", `/courses/${slug}/enrollments`, { token: await tokenOf("root", "admin") });
    expect(await listed.json()).toMatchObject({
      results: [
        { user_id: "ada", course_version: 2, is_stale: false },
        { user_id: "ben", course_version: 2, is_stale: false },
      ],
    });
    expect(await unlocksOf(slug, "ben")).toMatchObject({
      snapshot: { course_version: 2 },
      states: { [`${slug}.one`]: "completed", [`${slug}.two`]: "unlocked" },
    });
    await project(slug, "ben");
    expect(await announcements(slug, "ben")).toEqual(before);
    expect(await rowOf(slug, "ben")).toMatchObject({ reached_activation: 2, activation: 2, is_stale: 0 });
  });

  it("only objects whose answer changes are called, and their unlocks are announced once", async () => {
    const slug = await course();
    await publish(pair(slug, "second", false)); // the second chapter opens for everybody
    const sent = await mark(slug);
    expect(sent).toContainEqual(
      expect.objectContaining({ type: "refresh", enrollment_id: `${slug}:ada`, stale_mark: 1 }),
    );
    expect(JSON.stringify(sent)).not.toContain(`${slug}:ben`);
    expect(await rowOf(slug, "ada")).toMatchObject({ reached_activation: 1, is_stale: 1, stale_mark: 1 });
    expect(await rowOf(slug, "ben")).toMatchObject({ reached_activation: 2, is_stale: 0 });
    const refresh = { type: "refresh", enrollment_id: `${slug}:ada`, stale_mark: 1 };
    await consume(REFRESH, [refresh, refresh]);
    await project(slug, "ada");
    expect((await announcements(slug, "ada")).filter((row) => JSON.stringify(row).includes("two"))).toHaveLength(1);
    expect(await rowOf(slug, "ada")).toMatchObject({ reached_activation: 2, activation: 2, is_stale: 0 });
  });

  it("[I4] a write during the evaluation wins: the evaluated answer is not stored over it", async () => {
    const slug = await course();
    await publish(pair(slug, "second"));
    const writer = once(async () => {
      await complete(slug, "ada");
      await project(slug, "ada");
    });
    const before = async (sql: string) => {
      if (sql.includes("SET reached_activation = m.value ->> 'reached'")) await writer();
    };
    await mark(
      slug,
      everywhere((real) => watchedDatabase(before, real)),
    );
    const row = await rowOf(slug, "ada");
    expect(row.progress_seq).toBe(1);
    // It is marked, or its object had reached the version by itself.
    expect(row.is_stale === 1 || row.activation === 2).toBe(true);
    expect(await rowOf(slug, "ben")).toMatchObject({ reached_activation: 2, is_stale: 0 });
  });

  it("[I4] marks set after the evaluation read the marks are not cleared", async () => {
    const slug = await course();
    await publish(pair(slug, "second"));
    const third = once(async () => {
      await publish(pair(slug, "third", false));
      await mark(slug);
    });
    const before = async (sql: string) => {
      if (sql.includes("SET reached_activation = m.value ->> 'reached'")) await third();
    };
    await mark(
      slug,
      everywhere((real) => watchedDatabase(before, real)),
    );
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 1, reached_activation: 1 });
    expect(await rowOf(slug, "ben")).toMatchObject({ is_stale: 0, reached_activation: 3 });
  });

  it("a date that changes nothing for a learner wakes no object", async () => {
    const slug = await course();
    await mark(slug);
    await run(
      `UPDATE freshness SET valid_until = ?1, is_stale = 1, stale_scope = 'problems', stale_reason = 'date',
         stale_since = 1, stale_mark = 1 WHERE course_slug = ?2`,
      Date.now() - 600_000,
      slug,
    );
    const { queue, sent } = collectingQueue();
    await consume(REFRESH, [{ type: "sweep", scope: "problems" }], bindingsWith({ REFRESH_QUEUE: queue }));
    expect(JSON.stringify(sent)).not.toContain(`${slug}:`);
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 0, stale_mark: 1, leased_until: 0 });
  });
});
