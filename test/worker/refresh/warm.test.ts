import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { RECENT_MS, WARM_PAGE } from "../../../src/staleness/warm-up.ts";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { everywhere } from "../../support/worker/shards.ts";
import {
  all,
  bindingsWith,
  collectingQueue,
  consume,
  markAll,
  once,
  pair,
  rowOf,
  run,
  watchedDatabase,
  watchedObjects,
} from "./support.ts";

const REFRESH = "latchkey-refresh";
const warm = (course: string, activation: number, cursor: { last_active_at: number; id: string } | null = null) => ({
  type: "warm",
  course,
  activation,
  cursor,
});

/** Follows a warm-up to its end. @returns how many messages it took. */
async function warmToTheEnd(first: object, databases: Partial<Env> = {}): Promise<number> {
  let next: unknown = first;
  for (let messages = 1; ; messages += 1) {
    const { queue, sent } = collectingQueue();
    const result = await consume(REFRESH, [next], bindingsWith({ REFRESH_QUEUE: queue, ...databases }));
    expect(result.acked).toEqual(["m0"]);
    // The first of many pages asks for the marks, too.
    expect(sent.length).toBeLessThanOrEqual(2);
    next = sent[0]?.body;
    // The end asks for the marks, or a newer publish does.
    if (next === undefined || z.object({ type: z.string() }).parse(next).type === "mark") return messages;
  }
}

describe("the warm-up after a publish", () => {
  it("refreshes every recently active learner page by page, also if many have the same instant, and no other learner", async () => {
    const slug = freshSlug("warm");
    await publish(pair(slug));
    const count = 2 * WARM_PAGE + 7;
    const now = Date.now();
    // Rows without objects: each object starts from its row with its first call. Two of three share an instant.
    await run(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, last_active_at)
       SELECT ?1 || ':u' || i, ?1, 'u' || i, ?3, ?3 - (i / 3) FROM n`,
      slug,
      count,
      now - 1_000,
    );
    await run(
      "INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, last_active_at) VALUES (?1 || ':idle', ?1, 'idle', 1, ?2)",
      slug,
      now - RECENT_MS - 60_000,
    );
    await publish(pair(slug, "second"));
    // Marked or not yet marked: the warm-up takes both.
    expect(await warmToTheEnd(warm(slug, 2))).toBe(3);
    await markAll(slug);
    const stale = await all("SELECT user_id FROM freshness WHERE course_slug = ? AND is_stale = 1", slug);
    expect(stale).toEqual([{ user_id: "idle" }]);
    const versions = await all(
      "SELECT course_version, count(*) AS n FROM enrollments WHERE course_slug = ? AND user_id <> 'idle' GROUP BY 1",
      slug,
    );
    expect(versions).toEqual([{ course_version: 2, n: count }]);
  });

  it("[I5] [fault 19] is one chain of pages for a course, whatever message comes twice", async () => {
    const slug = freshSlug("warm");
    await publish(pair(slug));
    await run(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, last_active_at)
       SELECT ?1 || ':u' || i, ?1, 'u' || i, ?3, ?3 - i FROM n`,
      slug,
      WARM_PAGE + 7,
      Date.now() - 1_000,
    );
    await publish(pair(slug, "second"));
    const { queue, sent } = collectingQueue();
    const bindings = bindingsWith({ REFRESH_QUEUE: queue });
    const first = warm(slug, 2);
    // Its first message comes twice too: the chain that begins last is the one that goes on.
    await consume(REFRESH, [first, first], bindings);
    const next = sent
      .splice(0)
      .map(({ body }) => body)
      .filter((body) => JSON.stringify(body).includes('"warm"'));
    expect(next).toHaveLength(2);
    const page = z.object({ step: z.int() }).loose().parse(next[1]);
    const again = { ...page, cursor: null };
    await consume(REFRESH, [again, again, { ...again, step: page.step - 1 }], bindings);
    const following = sent.splice(0).filter(({ body }) => JSON.stringify(body).includes('"warm"'));
    expect(following).toHaveLength(1);
    await consume(REFRESH, [{ ...page, step: page.step + 1 }], bindings);
    const versions = await all("SELECT DISTINCT course_version FROM enrollments WHERE course_slug = ?", slug);
    expect(versions).toEqual([{ course_version: 2 }]);
    expect(await all("SELECT name FROM chains WHERE name LIKE ?", `%${slug}`)).toEqual([]);
  });

  it("[I4] leaves nothing to mark for learners it has refreshed, though their mirror waits for its facts", async () => {
    const slug = freshSlug("warm");
    await publish(pair(slug));
    await enroll(slug, "ada");
    await project(slug, "ada");
    await publish(pair(slug, "second"));
    // A fact that D1 has not got: the refreshed mirror is left to the outbox that brings both.
    await run("UPDATE enrollments SET progress_seq = progress_seq + 1 WHERE id = ?", `${slug}:ada`);
    await warmToTheEnd(warm(slug, 2));
    expect(await rowOf(slug, "ada")).toMatchObject({ activation: 1, reached_activation: 2, is_stale: 0 });
    await markAll(slug);
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 0, stale_mark: 0 });
  });

  it("ends at once when a newer publish begins its own warm-up", async () => {
    const slug = freshSlug("warm");
    await publish(pair(slug));
    await enroll(slug, "ada");
    await publish(pair(slug, "second"));
    await markAll(slug);
    await publish(pair(slug, "third"));
    await markAll(slug);
    expect(await warmToTheEnd(warm(slug, 2))).toBe(1);
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 1, stale_mark: 2 });
    await warmToTheEnd(warm(slug, 3));
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 0, activation: 3 });
  });

  it("[I4] clears no mark of a publish that came after it had read the course", async () => {
    const slug = freshSlug("warm");
    await publish(pair(slug));
    await enroll(slug, "ada");
    await project(slug, "ada");
    await publish(pair(slug, "second"));
    await markAll(slug);
    const publishThird = once(async () => {
      await publish(pair(slug, "third"));
      await markAll(slug);
    });
    const before = async (sql: string) => {
      if (sql.includes("last_active_at, f.is_stale")) await publishThird();
    };
    await warmToTheEnd(
      warm(slug, 2),
      everywhere((real) => watchedDatabase(before, real)),
    );
    const row = await rowOf(slug, "ada");
    expect(row.stale_mark).toBe(2);
    // Either the mark of the third version still stands, or it was answered for the third version.
    if (row.is_stale === 0) expect(row.reached_activation).toBe(3);
  });

  it("leaves a learner whose object does not answer to the sweep, and refreshes the others", async () => {
    const slug = freshSlug("warm");
    await publish(pair(slug));
    for (const user of ["good", "ill"]) await enroll(slug, user);
    await publish(pair(slug, "second"));
    await markAll(slug);
    const objects = watchedObjects(async (id) => {
      if (id === `${slug}:ill`) throw new Error("its storage fails");
    });
    await consume(REFRESH, [warm(slug, 2)], bindingsWith({ ENROLLMENTS: objects, REFRESH_QUEUE: env.REFRESH_QUEUE }));
    expect(await rowOf(slug, "good")).toMatchObject({ is_stale: 0, activation: 2 });
    expect(await rowOf(slug, "ill")).toMatchObject({ is_stale: 1, activation: expect.any(Number) });
  });
});
