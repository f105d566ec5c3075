// Over 350 lines: every route that takes a key is in one table.

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import worker from "../../../src/back.ts";
import { ABANDONED_AFTER_MS } from "../../../src/platform/http/idempotency.ts";
import { silentBinding } from "../../support/worker/broken-bindings.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { readOnlyDatabase } from "../../support/worker/faults.ts";
import { call, problem, request, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, ladder } from "../../support/worker/learners.ts";
import { wholeHistory } from "../../support/worker/streams.ts";
import { all, bindingsWith, collectingQueue, run } from "../refresh/support.ts";

/** One route that takes a key, and how to count what it does. */
interface Case {
  method: string;
  path: string;
  token: string;
  body: Record<string, unknown> | undefined;
  /** Another body that the route takes as well; undefined where it takes none. */
  other: Record<string, unknown> | undefined;
  /** How often the effect is there. */
  effects(): Promise<number>;
  /** What a repetition gets whose first answer was lost: an answer, or a refusal that says so. */
  lost: "answered" | "answer_lost" | "outcome_unknown";
}

const count = async (sql: string, ...values: unknown[]) => (await all<{ n: number }>(sql, ...values))[0]?.n ?? 0;
const { queue, sent } = collectingQueue();
const bindings = (replaced: Partial<Env> = {}) =>
  bindingsWith({ PROJECTION_QUEUE: queue, INSIGHT_QUEUE: queue, ...replaced });
const messagesOf = (text: string) => sent.filter(({ body }) => JSON.stringify(body).includes(text)).length;

let number = 0;
const fresh = (name: string) => {
  number += 1;
  return `${name}-${number}`;
};

/** Every route whose effect is outside an object's own idempotency. */
const CASES: Record<string, () => Promise<Case>> = {
  "POST /users": async () => {
    const email = `${fresh("user")}@example.org`;
    const body = { email, name: "Ada", password: "correct horse battery 9", role: "learner" };
    return {
      method: "POST",
      path: "/users",
      token: await tokenOf("root", "admin"),
      body,
      other: { ...body, name: "Eve" },
      effects: () => count("SELECT count(*) AS n FROM users WHERE email = ?", email),
      lost: "answered",
    };
  },
  "PATCH /users/{id}": async () => {
    const email = `${fresh("user")}@example.org`;
    const token = await tokenOf("root", "admin");
    const created = await call("POST", "/users", {
      token,
      body: { email, name: "Ada", password: "correct horse battery 9", role: "learner" },
    });
    const { id } = (await created.json()) as { id: string };
    return {
      method: "PATCH",
      path: `/users/${id}`,
      token,
      body: { name: "Grace" },
      other: { name: "Eve" },
      effects: () => count("SELECT count(*) AS n FROM users WHERE id = ? AND name = 'Grace'", id),
      lost: "answered",
    };
  },
  "POST /courses": async () => {
    const slug = freshSlug("keyed");
    return {
      method: "POST",
      path: "/courses",
      token: await tokenOf("author", "author"),
      body: { slug, title: "One" },
      other: { slug, title: "Two" },
      effects: () => count("SELECT count(*) AS n FROM courses WHERE slug = ?", slug),
      lost: "answered",
    };
  },
  "POST /courses/{course}/versions": async () => {
    const slug = freshSlug("keyed");
    await publish(ladder(slug));
    const document = { ...ladder(slug), title: "Second" };
    return {
      method: "POST",
      path: `/courses/${slug}/versions`,
      token: await tokenOf("root", "admin"),
      body: { document, policy: "relock" },
      other: { document: { ...document, title: "Other" }, policy: "relock" },
      effects: () => count("SELECT activation - 1 AS n FROM courses WHERE slug = ?", slug),
      lost: "answer_lost",
    };
  },
  "POST /courses/{course}/versions/{version}/activate": async () => {
    const slug = freshSlug("keyed");
    await publish(ladder(slug));
    await publish({ ...ladder(slug), title: "Second" });
    return {
      method: "POST",
      path: `/courses/${slug}/versions/1/activate`,
      token: await tokenOf("root", "admin"),
      body: { policy: "relock" },
      other: { policy: "grandfather" },
      effects: () => count("SELECT activation - 2 AS n FROM courses WHERE slug = ?", slug),
      lost: "answer_lost",
    };
  },
  "POST /courses/{course}/enrollments": async () => {
    const slug = freshSlug("keyed");
    await publish(ladder(slug));
    return {
      method: "POST",
      path: `/courses/${slug}/enrollments`,
      token: await tokenOf("root", "admin"),
      body: { user_id: "ada" },
      other: { user_id: "eve" },
      effects: () => count("SELECT count(*) AS n FROM enrollments WHERE course_slug = ?", slug),
      lost: "answered",
    };
  },
  "DELETE /courses/{course}/enrollments": async () => {
    const slug = freshSlug("keyed");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    return {
      method: "DELETE",
      path: `/courses/${slug}/enrollments`,
      token: await tokenOf("ada"),
      body: undefined,
      other: undefined,
      effects: () =>
        count("SELECT count(*) AS n FROM enrollments WHERE course_slug = ? AND status = 'withdrawn'", slug),
      lost: "answered",
    };
  },
  "POST /progress/import": async () => {
    const slug = freshSlug("keyed");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    const fact = { user_id: "ada", item: `${slug}.one`, completed: true, at: "2026-01-01T00:00:00Z" };
    return {
      method: "POST",
      path: "/progress/import",
      token: await tokenOf("grader", "service"),
      body: { facts: [fact] },
      other: { facts: [{ ...fact, item: `${slug}.two` }] },
      effects: async () => {
        const read = await call("GET", `/enrollments/${slug}:ada`, { token: await tokenOf("root", "admin") });
        return ((await read.json()) as { progress_seq: number }).progress_seq;
      },
      lost: "answered",
    };
  },
  "POST /storage/files/upload-url": async () => {
    const owner = fresh("owner");
    const body = { name: "notes.txt", content_type: "text/plain", size: 4, sha256: "0".repeat(64) };
    return {
      method: "POST",
      path: "/storage/files/upload-url",
      token: await tokenOf(owner),
      body,
      other: { ...body, size: 5 },
      effects: () => count("SELECT count(*) AS n FROM files WHERE owner = ?", owner),
      lost: "answered",
    };
  },
  "PUT /events/preferences": async () => {
    const user = fresh("reader");
    const token = await tokenOf(user);
    const before = (await (await call("GET", "/events/preferences", { token })).json()) as Record<string, unknown>;
    const body = { ...before };
    return {
      method: "PUT",
      path: "/events/preferences",
      token,
      body,
      other: undefined,
      effects: async () => 1,
      lost: "answered",
    };
  },
  "POST /events/archive/{id}/replay": async () => {
    const user = fresh("receiver");
    const id = fresh("event");
    await run(
      `INSERT INTO event_log (id, user_id, at, type, level, priority, roles, data)
       VALUES (?, ?, 1, 'task.progress-completed', 'info', 'high', NULL, '{"task_id":"t"}')`,
      id,
      user,
    );
    return {
      method: "POST",
      path: `/events/archive/${id}/replay`,
      token: await tokenOf("grader", "service"),
      body: undefined,
      other: undefined,
      effects: async () => {
        const events = await wholeHistory(user);
        return events.filter(({ type }) => type === "task.progress-completed").length;
      },
      lost: "answered",
    };
  },
  "POST /system/dead-letters/{id}/replay": async () => {
    const id = fresh("letter");
    await run(
      "INSERT INTO dead_letters (id, queue, body, attempts, failed_at) VALUES (?1, 'latchkey-projection', ?2, 4, 1)",
      id,
      JSON.stringify({ type: "project", enrollment_id: `c:${id}` }),
    );
    return {
      method: "POST",
      path: `/system/dead-letters/${id}/replay`,
      token: await tokenOf("root", "admin"),
      body: undefined,
      other: undefined,
      effects: async () => messagesOf(`c:${id}"`),
      lost: "outcome_unknown",
    };
  },
  "PUT /courses/{course}/insight/schedule": async () => {
    const slug = freshSlug("keyed");
    await publish(ladder(slug));
    const body = { module: "M", period: "P", starts_at: "2026-01-01T00:00:00Z", length_days: 100, assessments: [] };
    return {
      method: "PUT",
      path: `/courses/${slug}/insight/schedule`,
      token: await tokenOf("root", "admin"),
      body,
      other: { ...body, length_days: 50 },
      effects: () =>
        count("SELECT count(*) AS n FROM insight_courses WHERE course_slug = ? AND length_days = 100", slug),
      lost: "answered",
    };
  },
  "POST /courses/{course}/insight/learners": async () => {
    const slug = freshSlug("keyed");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    return {
      method: "POST",
      path: `/courses/${slug}/insight/learners`,
      token: await tokenOf("root", "admin"),
      body: { learners: [{ user_id: "ada", registered: 3 }] },
      other: { learners: [{ user_id: "ada", registered: 4 }] },
      effects: () => count("SELECT count(*) AS n FROM insight_learners WHERE course_slug = ? AND registered = 3", slug),
      lost: "answered",
    };
  },
  "PUT /enrollments/{enrollment}/insight/exclusion": async () => {
    const slug = freshSlug("keyed");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    return {
      method: "PUT",
      path: `/enrollments/${slug}:ada/insight/exclusion`,
      token: await tokenOf("root", "admin"),
      body: { excluded: true },
      other: { excluded: false },
      effects: () => count("SELECT count(*) AS n FROM insight_learners WHERE course_slug = ? AND excluded = 1", slug),
      lost: "answered",
    };
  },
  "POST /insight/runs": async () => {
    const as_of = new Date(Date.UTC(2020, 0, 1) + Math.floor(Math.random() * 1e11)).toISOString();
    return {
      method: "POST",
      path: "/insight/runs",
      token: await tokenOf("root", "admin"),
      body: { as_of },
      other: { as_of: "2019-01-01T00:00:00Z" },
      effects: () => count("SELECT count(*) AS n FROM insight_runs WHERE as_of = ?", Date.parse(as_of)),
      lost: "answered",
    };
  },
};

async function send(one: Case, key: string, body = one.body, replaced: Partial<Env> = {}, background = true) {
  const context = createExecutionContext();
  const options = { token: one.token, headers: { "idempotency-key": key }, ...(body === undefined ? {} : { body }) };
  const answer = await worker.fetch(request(one.method, one.path, options), bindings(replaced), context);
  if (background) await waitOnExecutionContext(context);
  return answer;
}

const text = async (answer: Response) => ({ status: answer.status, body: await answer.text() });
/** D1 that takes everything but what is to be stored of an answer. */
const forgetful = () => readOnlyDatabase(env.DB, (sql) => /^update "idempotency_keys" set "status"/i.test(sql)).db;

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each(Object.entries(CASES))("[fault 17] %s", (_name, make) => {
  it("with the same body repeats its answer, and with another body is 422; both have one effect", async () => {
    const one = await make();
    const key = fresh("key");
    const first = await text(await send(one, key));
    expect(first.status, first.body).toBeLessThan(300);
    const again = await send(one, key);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await text(again)).toEqual(first);
    if (one.other !== undefined) {
      expect((await problem(await send(one, key, one.other), 422)).code).toBe("idempotency_key_reused");
    }
    expect(await one.effects()).toBe(1);
  });

  it("has one effect if eight requests come at once", async () => {
    const one = await make();
    const key = fresh("key");
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(one, key)));
    const bodies = await Promise.all(answers.map(text));
    const done = bodies.filter(({ status }) => status < 300);
    expect(done.length).toBeGreaterThanOrEqual(1);
    expect(new Set(done.map(({ body }) => body)).size).toBe(1);
    for (const { status, body } of bodies) if (status >= 300) expect(body).toContain("concurrent_change");
    expect(await one.effects()).toBe(1);
  });

  it("whose answer could not be stored is not repeated, and still gets its answer", async () => {
    const one = await make();
    const key = fresh("key");
    const first = await text(await send(one, key, one.body, { DB: forgetful() }, false));
    expect(first.status, first.body).toBeLessThan(300);
    expect(await one.effects()).toBe(1);
    expect((await problem(await send(one, key), 409)).code).toMatch(/^(concurrent_change|answer_lost)$/);
    advanceClock(ABANDONED_AFTER_MS + 1_000);
    const retries = await Promise.all(Array.from({ length: 4 }, () => send(one, key)));
    const codes = await Promise.all(
      retries.map(async (answer) => {
        const { status, body } = await text(answer);
        // What a target knows already it may say: the account exists, the course does, the enrollment does no more.
        return status < 300 || /"code":"(user_exists|course_exists|not_enrolled)"/.test(body)
          ? "answered"
          : JSON.parse(body).code;
      }),
    );
    expect(codes).toContain(one.lost);
    for (const code of codes) expect([one.lost, "concurrent_change"]).toContain(code);
    expect(await one.effects()).toBe(1);
  });

  it("killed before its effect is done by one retry a minute later, or all retries learn that the outcome is unknown", async () => {
    const one = await make();
    const key = fresh("key");
    await killed(one, key);
    expect((await problem(await send(one, key), 409)).code).toBe("concurrent_change");
    advanceClock(ABANDONED_AFTER_MS + 1_000);
    const answers = await Promise.all(Array.from({ length: 4 }, () => send(one, key).then(text)));
    const carried = answers.filter(({ status }) => status < 300);
    const isUnknown = one.lost === "outcome_unknown";
    expect(new Set(carried.map(({ body }) => body)).size).toBe(isUnknown ? 0 : 1);
    for (const { status, body } of answers) {
      if (status >= 300) expect(body).toContain(isUnknown ? "outcome_unknown" : "concurrent_change");
    }
    expect(await one.effects()).toBe(isUnknown ? 0 : 1);
  });
});

/** A try that takes its key and is then killed: nothing it asks after that is ever answered. */
async function killed(one: Case, key: string): Promise<void> {
  let hasKey = false;
  const dies = (sql: string) => {
    const isKey = /^insert into "idempotency_keys"/i.test(sql);
    const isDead = hasKey && !isKey;
    hasKey ||= isKey;
    return isDead;
  };
  const dead: Partial<Env> = {
    DB: readOnlyDatabase(env.DB, dies, () => new Promise<never>(() => {})).db,
    ENROLLMENTS: silentBinding(),
    CHANNELS: silentBinding(),
    AUDIT_CHAINS: silentBinding(),
    DOCUMENTS: silentBinding(),
  };
  void send(one, key, one.body, dead, false);
  const deadline = performance.now() + 5_000;
  while (!hasKey && performance.now() < deadline) await scheduler.wait(10);
  await scheduler.wait(50);
}
