import { describe, expect, it } from "vitest";
import { createClient } from "../../../src/client/create-client.ts";

/** One request as the server would see it. */
interface Seen {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}

type Reply = Response | Error;

/** A client whose requests are answered by the replies in turn, the last one for ever; waits are noted, not waited. */
function bench(...replies: Reply[]) {
  const seen: Seen[] = [];
  const waits: number[] = [];
  const asked: boolean[] = [];
  const client = createClient({
    baseUrl: "http://latchkey.test/",
    getToken: (options) => {
      asked.push(options?.refresh === true);
      return options?.refresh === true ? "new" : "old";
    },
    fetch: async (input, init) => {
      const url = new URL(String(input));
      const body: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : undefined;
      seen.push({
        method: init?.method ?? "GET",
        path: url.pathname + url.search,
        headers: new Headers(init?.headers),
        body,
      });
      const reply = replies.length > 1 ? replies.shift() : replies[0];
      if (reply instanceof Error) throw reply;
      return reply?.clone() ?? new Response(null, { status: 204 });
    },
    clock: {
      now: () => 0,
      random: () => 0.5,
      after: (milliseconds, callback) => {
        waits.push(milliseconds);
        queueMicrotask(callback);
        return () => undefined;
      },
    },
  });
  return { client, seen, waits, asked };
}

function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  return Response.json({ type: "t", title: "T", status, code, request_id: "r1" }, { status, headers });
}

const COURSE = { path: { course: "a" } };
const PAGE = Response.json({ results: [], next_cursor: null });

describe("a call", () => {
  it("fills in the path and the query, and sends the token", async () => {
    const { client, seen } = bench(PAGE);
    const result = await client.get("/api/v1/courses/{course}/chapters", {
      path: { course: "a/b c" },
      query: { limit: 3, lang: "zh" },
    });
    expect(result).toMatchObject({ ok: true, status: 200, value: { results: [] } });
    expect(seen[0]).toMatchObject({ method: "GET", path: "/api/v1/courses/a%2Fb%20c/chapters?limit=3&lang=zh" });
    expect(seen[0]?.headers.get("authorization")).toBe("Bearer old");
    expect(seen[0]?.headers.has("idempotency-key")).toBe(false);
  });

  it("returns a refusal as a value with all fields of the problem", async () => {
    const { client, seen } = bench(problem(404, "course_not_found"));
    const result = await client.get("/api/v1/courses/{course}", COURSE);
    expect(result).toEqual({
      ok: false,
      problem: { type: "t", title: "T", status: 404, code: "course_not_found", request_id: "r1" },
    });
    expect(seen).toHaveLength(1);
  });

  it("returns null for an empty success, and a problem for a success that is not JSON", async () => {
    const empty = await bench(new Response(null, { status: 204 })).client.post("/api/v1/auth/sign-out", {
      body: { session_token: "s" },
    });
    expect(empty).toMatchObject({ ok: true, value: null, status: 204 });
    const portal = await bench(new Response("<html>", { status: 200 })).client.get("/api/v1/courses");
    expect(portal).toMatchObject({ ok: false, problem: { code: "unreadable_answer", status: 200 } });
    const proxy = await bench(new Response("<html>", { status: 413 })).client.get("/api/v1/courses");
    expect(proxy).toMatchObject({ ok: false, problem: { code: "unreadable_answer", status: 413 } });
  });

  it("is sent once more with a new token when the old one is refused", async () => {
    const { client, seen, asked } = bench(problem(401, "unauthenticated"), PAGE);
    expect((await client.get("/api/v1/courses")).ok).toBe(true);
    expect(asked).toEqual([false, true]);
    expect(seen[1]?.headers.get("authorization")).toBe("Bearer new");
    const refused = bench(problem(401, "unauthenticated"));
    expect(await refused.client.get("/api/v1/courses")).toMatchObject({ ok: false, problem: { status: 401 } });
    expect(refused.seen).toHaveLength(2);
  });
});

describe("a call that failed", () => {
  it("is repeated if it is a read: after a network failure or a 503, after Retry-After, with full jitter, four times in all", async () => {
    const { client, seen, waits } = bench(
      new TypeError("fetch failed"),
      problem(503, "unavailable", { "retry-after": "2" }),
      PAGE,
    );
    expect((await client.get("/api/v1/courses")).ok).toBe(true);
    expect(seen).toHaveLength(3);
    expect(waits).toEqual([150, 2_300]);
    const down = bench(new TypeError("fetch failed"));
    expect(await down.client.get("/api/v1/courses")).toMatchObject({ ok: false, problem: { code: "network_failure" } });
    expect(down.seen).toHaveLength(4);
  });

  it("is not repeated when Retry-After is longer than a caller would wait", async () => {
    const { client, seen } = bench(problem(503, "unavailable", { "retry-after": "60" }));
    expect(await client.get("/api/v1/courses")).toMatchObject({ ok: false, problem: { retry_after: 60 } });
    expect(seen).toHaveLength(1);
  });

  it("is not repeated when a repeat cannot help: 500, 404, 429", async () => {
    for (const status of [500, 404, 429]) {
      const { client, seen } = bench(problem(status, "x", { "retry-after": "1" }));
      await client.get("/api/v1/courses");
      expect(seen).toHaveLength(1);
    }
  });

  it("is repeated if it is a write: all tries send one key, also while the first try is still running", async () => {
    const { client, seen } = bench(
      new TypeError("fetch failed"),
      problem(409, "concurrent_change", { "retry-after": "1" }),
      Response.json({ unlocked: [] }),
    );
    const path = "/api/v1/courses/{course}/chapters/{chapter}/mark_as_completed";
    expect((await client.post(path, { path: { course: "a", chapter: "b" } })).ok).toBe(true);
    const keys = seen.map(({ headers }) => headers.get("idempotency-key"));
    expect(keys[0]).toMatch(/^[\x21-\x7e]{20,200}$/);
    expect(new Set(keys).size).toBe(1);
    expect(seen).toHaveLength(3);
  });

  it("is repeated with another key if it is another write, or with the key of the caller", async () => {
    const { client, seen } = bench(Response.json({}));
    await client.post("/api/v1/courses", { body: { slug: "a", title: "A" } });
    await client.post("/api/v1/courses", { body: { slug: "a", title: "A" } });
    await client.post("/api/v1/courses", { body: { slug: "a", title: "A" }, idempotencyKey: "mine" });
    const keys = seen.map(({ headers }) => headers.get("idempotency-key"));
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe("mine");
    expect(seen[0]?.body).toEqual({ slug: "a", title: "A" });
  });

  it("is not repeated if the server would do the write twice", async () => {
    const { client, seen } = bench(new TypeError("fetch failed"));
    await client.post("/api/v1/auth/sign-up", { body: { email: "a@b.c", name: "A", password: "0123456789" } });
    expect(seen).toHaveLength(1);
    const publishing = bench(problem(503, "unavailable"));
    const event = { to: { user: "u" }, type: "task.progress-updated", data: { task_id: "t", done: 1 } } as const;
    await publishing.client.events.publish([event]);
    expect(publishing.seen).toHaveLength(1);
    await publishing.client.events.publish([{ ...event, key: "k" }]);
    expect(publishing.seen).toHaveLength(5);
  });

  it("is not repeated after the caller aborts it", async () => {
    const { client, seen } = bench(new TypeError("fetch failed"));
    const result = await client.get("/api/v1/courses", { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ ok: false, problem: { code: "aborted" } });
    expect(seen).toHaveLength(0);
  });
});

describe("the event calls", () => {
  it("read the history after a cursor, and replace preferences", async () => {
    const { client, seen } = bench(Response.json({}));
    await client.events.history({ sinceId: "e-1.0", limit: 5 });
    await client.events.history();
    const preferences = { min_level: "info", min_priority: "low", muted_types: ["system.error"] } as const;
    await client.events.setPreferences({ ...preferences, muted_types: [...preferences.muted_types] });
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/v1/events/history?since_id=e-1.0&limit=5",
      "GET /api/v1/events/history",
      "PUT /api/v1/events/preferences",
    ]);
    expect(seen[2]?.body).toEqual(preferences);
  });
});
