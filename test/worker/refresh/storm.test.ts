import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import worker from "../../../src/back.ts";
import { shadowRead } from "../../../src/enrollment/reads.ts";
import type { ReadRequest } from "../../../src/mirror/contract.ts";
import { shadowCheck } from "../../../src/mirror/shadow.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { call, request, tokenOf } from "../../support/worker/http.ts";
import { all, bindingsWith, collectingQueue, consume, markAll, pair, rebind, rowOf, run } from "./support.ts";

const LEARNERS = 200;
const unlocksSchema = z.object({
  states: z.record(z.string(), z.string()),
  snapshot: z.object({ course_version: z.int(), progress_seq: z.int() }),
});

const statesRequest: ReadRequest = {
  pointer: null,
  want: { kind: "states" },
  language: "en",
  min_seq: null,
  at: null,
  if_none_match: null,
};

/** First version: `two` waits for `one`. Second: it waits for `zero`, and `one` is open to all. */
function gated(slug: string, gate: "one" | "zero") {
  return {
    slug,
    title: "Storm",
    options: { sticky: false },
    chapters: [
      { id: `${slug}.zero`, title: "Zero" },
      { id: `${slug}.one`, title: "One" },
      { id: `${slug}.two`, title: "Two", rule: { completed: `${slug}.${gate}` } },
    ],
  };
}

const unlocksOf = async (slug: string, user: string) =>
  unlocksSchema.parse(await (await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(user) })).json());

describe("a publish while everybody writes", () => {
  it("[I2] [I4] ends with every snapshot equal to its evaluation, and without a divergence", {
    timeout: 60_000,
  }, async () => {
    const slug = freshSlug("storm");
    await publish(gated(slug, "one"));
    const users = Array.from({ length: LEARNERS }, (_, i) => `u${i}`);
    await Promise.all(users.map((user) => enroll(slug, user)));
    // Even learners do `one`, which no longer opens anything; odd ones do `zero`, which now does.
    const done = (i: number) => (i % 2 === 0 ? "one" : "zero");
    const write = async (user: string, i: number) => {
      const path = `/courses/${slug}/chapters/${slug}.${done(i)}/mark_as_completed`;
      const answer = await call("POST", path, { token: await tokenOf(user) });
      expect(answer.status).toBe(200);
      await answer.body?.cancel();
    };
    const half = LEARNERS / 2;
    const writes = users.slice(0, half).map(write);
    const published = call("POST", `/courses/${slug}/versions`, {
      token: await tokenOf("author-of-tests", "author"),
      body: { document: gated(slug, "zero"), policy: "relock" },
    });
    writes.push(...users.slice(half).map((user, i) => write(user, i + half)));
    await Promise.all([...writes, published]);
    expect((await published).status).toBe(201);

    // The whole background work, without its clocks: the marks, the warm-up and its pages, then the projections.
    await markAll(slug);
    let messages: unknown[] = [{ type: "warm", course: slug, activation: 2, cursor: null }];
    while (messages.length > 0) {
      const { queue, sent } = collectingQueue();
      await consume("latchkey-refresh", messages, bindingsWith({ REFRESH_QUEUE: queue }));
      messages = sent.map(({ body }) => body);
    }
    for (let start = 0; start < LEARNERS; start += 100) {
      const page = users.slice(start, start + 100);
      const result = await consume(
        "latchkey-projection",
        page.map((user) => ({ type: "project", enrollment_id: `${slug}:${user}` })),
      );
      expect(result.acked).toHaveLength(page.length);
    }

    const wrong: string[] = [];
    for (const [i, user] of users.entries()) {
      const { states, snapshot } = await unlocksOf(slug, user);
      const expected = {
        [`${slug}.zero`]: done(i) === "zero" ? "completed" : "unlocked",
        [`${slug}.one`]: done(i) === "one" ? "completed" : "unlocked",
        [`${slug}.two`]: done(i) === "zero" ? "unlocked" : "locked",
      };
      if (JSON.stringify(states) !== JSON.stringify(expected)) wrong.push(`${user}: ${JSON.stringify(states)}`);
      expect(snapshot).toMatchObject({ course_version: 2, progress_seq: 1 });
    }
    expect(wrong).toEqual([]);
    const outcomes = await Promise.all(users.map((user) => shadowRead(env, `${slug}:${user}`, statesRequest)));
    expect(new Set(outcomes)).toEqual(new Set(["equal"]));
    expect(await all("SELECT * FROM divergences")).toEqual([]);
    const rows = await all(
      `SELECT f.is_stale, course_version, activation, progress_seq, count(*) AS n FROM enrollments AS e
       JOIN freshness AS f ON f.course_slug = e.course_slug AND f.user_id = e.user_id
       WHERE e.course_slug = ? GROUP BY 1, 2, 3, 4`,
      slug,
    );
    expect(rows).toEqual([{ is_stale: 0, course_version: 2, activation: 2, progress_seq: 1, n: LEARNERS }]);
  });
});

describe("the shadow check", () => {
  /** One read with every read sampled, and its background work done. */
  async function sampledRead(slug: string, user: string): Promise<void> {
    const context = createExecutionContext();
    const bindings = bindingsWith({});
    Reflect.set(bindings, "SHADOW_SAMPLE_RATE", "1");
    const answer = await worker.fetch(
      request("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(user) }),
      bindings,
      context,
    );
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
    await waitOnExecutionContext(context);
  }
  const divergencesOf = (slug: string) =>
    all<{ differences: string }>("SELECT differences FROM divergences WHERE enrollment_id LIKE ?", `${slug}:%`);

  it("[I2] finds equal answers equal, skips mirrors that are behind, and stores a divergence", async () => {
    const slug = freshSlug("shadow");
    await publish(pair(slug));
    const { queue } = collectingQueue();
    await rebind(slug, "ada", { PROJECTION_QUEUE: queue });
    await enroll(slug, "ada");
    const outcome = () => shadowRead(env, `${slug}:ada`, statesRequest);
    expect(await outcome()).toBe("lagging");
    await sampledRead(slug, "ada");
    await consume("latchkey-projection", [{ type: "project", enrollment_id: `${slug}:ada` }]);
    expect(await outcome()).toBe("equal");
    await sampledRead(slug, "ada");
    expect(await divergencesOf(slug)).toEqual([]);
    // A planted one: D1 holds a completion the learner never made, under the very numbers of the snapshot.
    await run(
      "INSERT INTO progress (enrollment_id, item_id, attempted_at, completed_at, seq) VALUES (?, ?, 1, 1, 1)",
      `${slug}:ada`,
      `${slug}.one`,
    );
    await sampledRead(slug, "ada");
    const found = await divergencesOf(slug);
    expect(found.map((row): unknown => JSON.parse(row.differences))).toEqual([
      [
        { item: `${slug}.one`, snapshot: "unlocked", evaluated: "completed" },
        { item: `${slug}.two`, snapshot: "locked", evaluated: "unlocked" },
      ],
    ]);
  });

  it("compares nothing for an enrollment that D1 does not have", async () => {
    const snapshot = {
      version: 1,
      source: "snapshot" as const,
      computed_at: new Date().toISOString(),
      progress_seq: 0,
      policy_seq: 1,
      course_version: 1,
      engine: 1,
      valid_until: null,
    };
    expect(await shadowCheck(env, "nowhere:nobody", snapshot, {})).toBe("lagging");
    await expect(rowOf("nowhere", "nobody")).rejects.toThrow();
  });
});
