// Over 350 lines: each type of event is published, with what is refused of it.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { ARCHIVE_DELAY_MS } from "../../../src/events/channel-writer.ts";
import { MAX_DATA_CHARACTERS, MAX_PUBLISHED } from "../../../src/events/schemas.ts";
import { preferencesSchema } from "../../../src/events/shapes.ts";
import { TASK_HEARTBEAT_MS } from "../../../src/events/tasks.ts";
import { deliver } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, service } from "../../support/worker/learners.ts";
import { channelOf, history, note, open, publish, titlesOf } from "../../support/worker/streams.ts";
import { collectingQueue } from "../refresh/support.ts";

afterEach(() => {
  vi.useRealTimers();
});

const tick = (user: string, task: string, done: number) => ({
  to: { user },
  type: "task.progress-updated",
  data: { task_id: task, done },
});
const start = (user: string, task: string, rest: object = {}) => ({
  key: `start-${task}`,
  to: { user },
  type: "task.progress-started",
  data: { task_id: task, kind: "translation", ...rest },
});
const done = (user: string, task: string) => ({
  key: `done-${task}`,
  to: { user },
  type: "task.progress-completed",
  data: { task_id: task },
});

describe("publishing", () => {
  it("[I5] a key has one effect: twice in one call, in two calls, in two calls at once", async () => {
    const event = note("twice", "once");
    const first = await publish([event, event]);
    expect(first.map(({ status }) => status)).toEqual(["stored", "duplicate"]);
    const again = await Promise.all([publish([event]), publish([event])]);
    expect(again.flat()).toEqual([first[1], first[1]]);
    expect((await history("twice")).results).toHaveLength(1);
  });

  it("[I5] an Idempotency-Key gives keys to events without a key", async () => {
    const body = { events: [{ to: { user: "keyed" }, type: "system.notification", data: { title: "t" } }] };
    const send = async () =>
      call("POST", "/events/publish", { token: await service(), body, headers: { "idempotency-key": "batch-1" } });
    expect(await (await send()).json()).toMatchObject({ results: [{ status: "stored" }] });
    expect(await (await send()).json()).toMatchObject({ results: [{ status: "duplicate" }] });
    const answer = await call("POST", "/events/publish", { token: await service(), body });
    expect(await problem(answer, 400)).toMatchObject({ errors: [{ path: "events[0].key", rule: "required" }] });
  });

  it("reaches several users, and the answer says the outcome for each", async () => {
    const results = await publish([{ ...note("x", "all of you"), to: { users: ["many-a", "many-b", "many-a"] } }]);
    expect(results.map(({ user, status }) => [user, status])).toEqual([
      ["many-a", "stored"],
      ["many-b", "stored"],
    ]);
  });

  it("[I8] is for services and admins", async () => {
    for (const role of ["learner", "author"] as const) {
      const options = { token: await tokenOf("ada", role), body: { events: [note("bob", "spam")] } };
      expect(await problem(await call("POST", "/events/publish", options), 403)).toMatchObject({ code: "forbidden" });
    }
    expect((await call("POST", "/events/publish", { body: { events: [note("bob", "spam")] } })).status).toBe(401);
  });

  it("[I9] with one wrong event publishes nothing, and the refusal names it", async () => {
    const good = note("strict", "good");
    const bad: [object, string, string][] = [
      [{ ...good, key: "a b" }, "events[1].key", "invalid_format"],
      [{ ...good, type: "no.such" }, "events[1].type", "invalid_union"],
      [{ ...good, type: "unlock.changed" }, "events[1].type", "invalid_union"],
      [{ ...good, data: { title: "" } }, "events[1].data.title", "too_small"],
      [{ ...good, data: { title: "t", html: "x" } }, "events[1].data.html", "unrecognized_keys"],
      [{ ...good, to: { user: "no spaces" } }, "events[1].to.user", "invalid_format"],
      [{ ...good, level: "fatal" }, "events[1].level", "invalid_value"],
      [{ ...done("strict", "t"), to: { everyone: true } }, "events[1].to", "not_for_everyone"],
      [
        { ...done("strict", "t"), data: { task_id: "t", result: "x".repeat(MAX_DATA_CHARACTERS) } },
        "events[1].data",
        "too_big",
      ],
    ];
    for (const [event, path, rule] of bad) {
      const answer = await call("POST", "/events/publish", { token: await service(), body: { events: [good, event] } });
      const { errors } = await problem(answer, 400);
      expect(errors?.[0]).toMatchObject({ path, rule });
    }
    const events = Array.from({ length: MAX_PUBLISHED + 1 }, (_, n) => note("strict", String(n)));
    const answer = await call("POST", "/events/publish", { token: await service(), body: { events } });
    expect((await problem(answer, 400)).errors?.[0]).toMatchObject({ path: "events", rule: "too_big" });
    expect((await history("strict")).results).toEqual([]);
  });
});

describe("keys of published events", () => {
  const answerSchema = z.object({
    results: z.array(z.looseObject({ status: z.string(), id: z.string().nullable(), code: z.string().optional() })),
  });
  const send = async (publisher: string, events: object[], headers: Record<string, string> = {}) =>
    call("POST", "/events/publish", { token: await tokenOf(publisher, "service"), body: { events }, headers });
  const statuses = async (answer: Promise<Response>) =>
    (await read(await answer, 200, answerSchema)).results.map(({ status, code }) => code ?? status);

  const kinds: [string, (text: string) => object][] = [
    ["a user", (text) => ({ to: { user: "keys" }, type: "system.notification", data: { title: text } })],
    [
      "everybody",
      (text) => ({
        // For admins only: what other tests of this file list stays theirs.
        to: { everyone: true, roles: ["admin"] },
        type: "system.notification",
        data: { title: text },
      }),
    ],
    [
      "a task",
      (text) => ({ to: { user: "keys" }, type: "task.progress-completed", data: { task_id: "k", result: text } }),
    ],
    [
      "a tick",
      (text) => ({
        to: { user: "keys" },
        type: "task.progress-updated",
        data: { task_id: text, done: 1, message: text },
      }),
    ],
    [
      "content",
      (text) => ({
        to: { user: "keys" },
        type: "content.chapter-updated",
        data: { course_id: "python", course_version: 1, items: [text] },
      }),
    ],
  ];
  it.each(kinds)("[fault 4] belong to their publisher and to their body: %s", async (name, event) => {
    const key = `key-${name.replaceAll(" ", "-")}`;
    const one = { ...event("one"), key };
    const other = { ...event("other"), key };
    const [first] = await statuses(send("svc-a", [one]));
    expect(["stored", "merged"]).toContain(first);
    expect(await statuses(send("svc-a", [one]))).toEqual(["duplicate"]);
    expect(await problem(await send("svc-a", [other]), 422)).toMatchObject({ code: "idempotency_key_reused" });
    // Another publisher's key is another key.
    expect(await statuses(send("svc-b", [other]))).toEqual([first]);
    // One bad event of a batch refuses one event.
    const beside = { ...event("beside"), key: `${key}-beside` };
    expect(await statuses(send("svc-a", [one, other, beside]))).toEqual(["duplicate", "idempotency_key_reused", first]);
  });

  it("[fault 4] made from an Idempotency-Key belong to one body", async () => {
    const event = (title: string) => ({ to: { user: "call-keys" }, type: "system.notification", data: { title } });
    const headers = { "idempotency-key": "call-1" };
    expect(await statuses(send("svc-a", [event("a"), event("b")], headers))).toEqual(["stored", "stored"]);
    expect(await statuses(send("svc-a", [event("a"), event("b")], headers))).toEqual(["duplicate", "duplicate"]);
    expect(await problem(await send("svc-a", [event("a")], headers), 422)).toMatchObject({
      code: "idempotency_key_reused",
    });
    expect(await statuses(send("svc-b", [event("a")], headers))).toEqual(["stored"]);
    expect((await history("call-keys")).results.map(({ data }) => data.title)).toEqual(["a", "b", "a"]);
  });

  it("[fault 4] accept the same body with its fields in another order", async () => {
    const result = (value: object) => ({
      key: "order",
      to: { user: "order" },
      type: "task.progress-completed",
      data: { task_id: "t", result: value },
    });
    expect(await statuses(send("svc-a", [result({ a: 1, b: [{ c: 2, d: 3 }] })]))).toEqual(["stored"]);
    expect(await statuses(send("svc-a", [result({ b: [{ d: 3, c: 2 }], a: 1 })]))).toEqual(["duplicate"]);
  });

  it("[fault 4] stored before keys belonged to publishers still make a repeat harmless", async () => {
    expect(await statuses(send("svc-a", [note("old-keys", "new")]))).toEqual(["stored"]);
    await runInDurableObject(channelOf("old-keys"), (_channel, state) => {
      state.storage.sql.exec("INSERT INTO keys (key, seq, at) VALUES ('old', 1, ?)", Date.now());
    });
    const event = { ...note("old-keys", "old"), key: "old" };
    expect(await statuses(send("svc-a", [event]))).toEqual(["duplicate"]);
  });
});

describe("progress", () => {
  it("is sent at most once a second, and always with the last value before the end", async () => {
    const reader = await open("worker");
    await reader.expect("stream.opened");
    const began = performance.now();
    await publish([start("worker", "job")]);
    for (let n = 1; n <= 50; n += 1) await publish([tick("worker", "job", n)]);
    await publish([done("worker", "job")]);
    const frames = await reader.until(({ event }) => event === "task.progress-completed");
    const amounts = frames.flatMap(({ event, data }) =>
      event === "task.progress-updated" ? [Reflect.get(Object(data.data), "done")] : [],
    );
    expect(amounts.length).toBeGreaterThanOrEqual(2);
    // The first at once, then one a second; one more because seconds begin anywhere, and one before the end.
    const seconds = Math.floor((performance.now() - began) / 1_000);
    expect(amounts.length).toBeLessThanOrEqual(seconds + 3);
    expect(amounts.at(-1)).toBe(50);
    expect(amounts.toSorted((a, b) => a - b)).toEqual(amounts);
    expect(frames.map(({ event }) => event).at(-2)).toBe("task.progress-updated");
  });

  it("that waits is sent by itself when its second is over, and does not fill the log with rows", async () => {
    const reader = await open("ticker");
    await reader.expect("stream.opened");
    await publish([tick("ticker", "job", 1), tick("ticker", "job", 2), tick("ticker", "job", 3)]);
    const frames = await reader.until(({ data }) => Reflect.get(Object(data.data), "done") === 3);
    expect(frames).toHaveLength(2);
    const rows = await runInDurableObject(channelOf("ticker"), (_channel, state) =>
      state.storage.sql.exec("SELECT (SELECT count(*) FROM log) AS log, (SELECT count(*) FROM ticks) AS ticks").one(),
    );
    expect(rows).toEqual({ log: 0, ticks: 1 });
  });

  it("has only its latest value for a user without a stream; a value after the end is not shown", async () => {
    const reader = await open("away");
    const { id } = await reader.expect("stream.opened");
    await reader.leave();
    await publish([
      start("away", "a"),
      tick("away", "a", 1),
      start("away", "b"),
      tick("away", "b", 7),
      done("away", "a"),
    ]);
    expect((await publish([tick("away", "a", 9)]))[0]?.status).toBe("duplicate");
    const again = await open("away", id);
    await again.expect("stream.resumed");
    const frames = await again.until(({ event }) => event === "task.progress-completed");
    expect(frames.map(({ event, data }) => [event.slice(14), Reflect.get(Object(data.data), "task_id")])).toEqual([
      ["started", "a"],
      ["started", "b"],
      ["updated", "b"],
      ["completed", "a"],
    ]);
  });

  it("[I10] of a silent task is reported as running while somebody watches, and as failed when its time is over", async () => {
    const reader = await open("silent");
    await reader.expect("stream.opened");
    await publish([start("silent", "long", { timeout_s: 45 }), tick("silent", "long", 5)]);
    await reader.until(({ event }) => event === "task.progress-updated");
    advanceClock(TASK_HEARTBEAT_MS + 1_000);
    await runDurableObjectAlarm(channelOf("silent"));
    const [beat] = await reader.until(({ event }) => event === "task.progress-updated");
    expect(beat?.data.data).toMatchObject({ task_id: "long", done: 5, heartbeat: true, running_s: 31 });
    advanceClock(20_000);
    await runDurableObjectAlarm(channelOf("silent"));
    const [failed] = await reader.until(({ event }) => event === "task.progress-failed");
    expect(failed?.data).toMatchObject({
      level: "error",
      data: { task_id: "long", error: { code: "timed_out" }, retry: { advised: true, after_s: 30 } },
    });
    // Given up once, and for good.
    advanceClock(60_000);
    await runDurableObjectAlarm(channelOf("silent"));
    expect((await history("silent")).results.filter(({ type }) => type === "task.progress-failed")).toHaveLength(1);
  });
});

describe("an update of content", () => {
  it("in a burst of one course arrives as one event", async () => {
    const update = (n: number, items: string[]) => ({
      key: `c${n}`,
      to: { user: "reader" },
      type: "content.chapter-updated",
      data: { course_id: "python", course_version: n, items },
    });
    const reader = await open("reader");
    await reader.expect("stream.opened");
    const results = await publish([
      update(2, ["python.a"]),
      update(3, ["python.b", "python.a"]),
      update(2, ["python.a"]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["merged", "merged", "duplicate"]);
    const merged = await reader.expect("content.chapter-updated");
    expect(merged.data.data).toEqual({ course_id: "python", course_version: 3, items: ["python.a", "python.b"] });
  });
});

describe("preferences", () => {
  it("filter stream and history at once, and the cursor still passes filtered events", async () => {
    const token = await tokenOf("choosy");
    expect(await read(await call("GET", "/events/preferences", { token }), 200, preferencesSchema)).toEqual({
      min_level: "info",
      min_priority: "low",
      muted_types: [],
    });
    const reader = await open("choosy");
    await reader.expect("stream.opened");
    const wish = { min_level: "warning", min_priority: "normal", muted_types: ["workflow.status-changed"] };
    await read(await call("PUT", "/events/preferences", { token, body: wish }), 200, preferencesSchema);
    await publish([
      note("choosy", "too quiet"),
      note("choosy", "loud", { level: "error" }),
      note("choosy", "unimportant", { level: "error", priority: "low" }),
      {
        key: "w",
        to: { user: "choosy" },
        type: "workflow.status-changed",
        level: "error",
        data: { workflow_id: "w", to: "x" },
      },
      note("choosy", "urgent", { priority: "high" }),
    ]);
    expect(titlesOf([await reader.expect("system.notification"), await reader.expect("system.notification")])).toEqual([
      "loud",
      "urgent",
    ]);
    expect((await history("choosy")).results.map(({ data }) => data.title)).toEqual(["loud", "urgent"]);
    const wrong = await call("PUT", "/events/preferences", { token, body: { ...wish, muted_types: ["x"] } });
    expect((await problem(wrong, 400)).errors?.[0]?.path).toBe("muted_types[0]");
  });
});

/** Lets a channel send what is to be archived, and carries it to the consumer. */
async function archive(user: string): Promise<void> {
  const { queue, sent } = collectingQueue();
  await runInDurableObject(channelOf(user), (channel) => {
    Reflect.set(channel, "env", { ...env, EVENT_QUEUE: queue });
  });
  advanceClock(ARCHIVE_DELAY_MS + 1);
  await runDurableObjectAlarm(channelOf(user));
  vi.useRealTimers();
  expect(sent).toHaveLength(1);
  await deliver(
    "latchkey-events",
    sent.map(({ body }) => body),
  );
}

describe("the archive", () => {
  it("has important events within seconds, once, with the ids from the publishers' answers", async () => {
    const [stored] = await publish([note("kept", "to keep"), start("kept", "t")]);
    await archive("kept");
    const { results } = await env.DB.prepare("SELECT id, type, data FROM event_log WHERE user_id = 'kept'").all();
    expect(results).toEqual([{ id: stored?.id, type: "system.notification", data: '{"title":"to keep"}' }]);
  });
});

describe("an archived event", () => {
  it("is listed for services, page by page, and can be sent once more", async () => {
    const [stored] = await publish([note("again", "important")]);
    await archive("again");
    const token = await service();
    const schema = z.object({
      results: z.array(z.looseObject({ id: z.string(), data: z.unknown() })),
      next_cursor: z.string().nullable(),
    });
    const list = async (query: string) => read(await call("GET", `/events/archive${query}`, { token }), 200, schema);
    expect((await list("?user_id=again")).results).toHaveLength(1);
    expect((await list("?user_id=again")).results[0]).toMatchObject({ id: stored?.id, data: { title: "important" } });
    expect((await call("GET", "/events/archive", { token: await tokenOf("again") })).status).toBe(403);

    const replay = () =>
      call("POST", `/events/archive/${stored?.id}/replay`, { token, headers: { "idempotency-key": "once-more" } });
    expect(await (await replay()).json()).toMatchObject({ results: [{ status: "stored", user: "again" }] });
    expect((await replay()).status).toBe(200);
    expect((await history("again")).results.map(({ data }) => data.title)).toEqual(["important", "important"]);
    expect((await call("POST", "/events/archive/nothing-1/replay", { token })).status).toBe(404);
  });
});
