import { describe, expect, it } from "vitest";
import { sweepEveryMinute } from "../../../src/staleness/refresh.ts";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { enrollMany } from "../../support/worker/full-size.ts";
import { call } from "../../support/worker/http.ts";
import { admin } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { all, bindingsWith, collectingQueue, consume } from "./support.ts";

const OPEN_ITEMS = 4_900;
const LEARNERS = 130;

/** Delivers what waits for the refresh queue, as often as it makes something new. @returns how many were retried. */
async function settle(bindings: Env, sent: { body: unknown }[]): Promise<number> {
  let retried = 0;
  while (sent.length > 0) {
    const page = sent.splice(0, 100).map(({ body }) => body);
    retried += (await consume("latchkey-refresh", page, bindings)).retried.length;
  }
  return retried;
}

describe("a course of many open items", () => {
  it(`[fault 11] a full page of large mirrors is settled: ${LEARNERS} learners with ${OPEN_ITEMS} open items each`, {
    timeout: 120_000,
  }, async () => {
    const slug = freshSlug("large-mirrors");
    const chapters = Array.from({ length: OPEN_ITEMS }, (_, i) => ({ id: `${slug}.chapter-number-${i}`, title: "T" }));
    await publish({ slug, title: "Large", options: { sticky: false }, chapters });
    const users = await enrollMany(slug, LEARNERS);
    for (let start = 0; start < users.length; start += 100) {
      const page = users.slice(start, start + 100).map((id) => ({ type: "project", enrollment_id: `${slug}:${id}` }));
      expect((await consume("latchkey-projection", page)).retried).toEqual([]);
    }
    const { queue, sent } = collectingQueue();
    const bindings = bindingsWith({ REFRESH_QUEUE: queue });
    const asked = await call("POST", `/courses/${slug}/stale`, { token: await admin(), body: { reason: "doubt" } });
    expect(asked.status).toBe(202);
    await settle(bindings, [{ body: { type: "mark", course: slug } }]);
    const stale = () => all("SELECT user_id FROM freshness WHERE course_slug = ? AND is_stale = 1", slug);
    let retried = 0;
    for (let minute = 1; minute <= 2; minute += 1) {
      await sweepEveryMinute(bindings, Date.now());
      retried += await settle(bindings, sent);
    }
    expect(await stale()).toHaveLength(0);
    expect(retried).toBe(0);
    const first = await spread
      .prepare("SELECT open_count, earned FROM enrollments WHERE id = ?")
      .bind(`${slug}:${users[0]}`)
      .first<{ open_count: number; earned: string }>();
    expect(first?.open_count).toBe(OPEN_ITEMS);
    expect(JSON.parse(first?.earned ?? "[]")).toHaveLength(OPEN_ITEMS);
  });
});
