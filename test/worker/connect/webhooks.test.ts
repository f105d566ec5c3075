import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { everyShard } from "../../../src/platform/database/shards.ts";
import { AUTHOR, enroll, freshSlug, project, publish, runCron } from "../../support/worker/courses.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder } from "../../support/worker/learners.ts";
import { deliveriesOf, hookOf, later, outside, Receiver, run, subscribe } from "./webhooks-support.ts";

beforeEach(outside);
afterEach(() => vi.restoreAllMocks());

const author = () => tokenOf(AUTHOR, "author");
const MINUTE = 60_000;
const DAY = 86_400_000;

async function course(): Promise<string> {
  const slug = freshSlug("hooks");
  await publish(ladder(slug));
  return slug;
}

/** Enrolls somebody, and completes some chapters of the ladder. */
async function goes(slug: string, user: string, chapters: readonly string[]): Promise<void> {
  for (const chapter of chapters) {
    await completed(slug, user, chapter);
    await project(slug, user);
  }
}

async function comes(slug: string, user: string): Promise<void> {
  await enroll(slug, user);
  await project(slug, user);
}

describe("what is delivered", () => {
  it("says what happened with ids only, signed, in the order in which it happened", async () => {
    const slug = await course();
    const receiver = new Receiver("plain");
    const { id } = await subscribe(slug, receiver);
    await comes(slug, "ada");
    await goes(slug, "ada", ["one", "two"]);
    await run(id);
    expect(receiver.types()).toEqual([
      "enrollment.created",
      "item.unlocked",
      "item.completed",
      "item.unlocked",
      "item.completed",
      "item.unlocked",
    ]);
    const ids = { course_id: slug, enrollment_id: `${slug}:ada`, user_id: "ada" };
    expect(receiver.got[2]?.data).toEqual({ ...ids, item_ids: [`${slug}.one`] });
    expect(receiver.got[3]?.data).toMatchObject({ ...ids, cause: "progress" });
    expect(new Set(receiver.got.map((one) => one.id)).size).toBe(6);
    const { results } = await deliveriesOf(id);
    expect(results.map(({ type, state, status, tries }) => [type, state, status, tries]).slice(0, 2)).toEqual([
      ["item.unlocked", "delivered", 204, 1],
      ["item.completed", "delivered", 204, 1],
    ]);
    expect(await hookOf(id)).toMatchObject({ last: { status: 204, error: null }, failing_since: null });
    await run(id);
    expect(receiver.got).toHaveLength(6);
  });

  it("is what was asked for, of the course that was asked for", async () => {
    const [slug, other] = [await course(), await course()];
    const [some, all] = [new Receiver("some"), new Receiver("all")];
    const { id } = await subscribe(slug, some, ["item.completed", "submission.graded"]);
    const everything = await subscribe(null, all, ["enrollment.created", "item.relocked"]);
    for (const where of [slug, other]) await comes(where, "ben");
    await goes(slug, "ben", ["one"]);
    const token = await tokenOf("ben");
    await call("POST", `/problems/${slug}.p1/submissions`, { token, body: { answer: "4" } });
    await project(slug, "ben");
    const path = `/enrollments/${slug}:ben/overrides/${slug}.two`;
    await call("PUT", path, { token: await author(), body: { kind: "lock", reason: "for the test" } });
    await project(slug, "ben");
    await run(id);
    await run(everything.id);
    // The answer completes its problem; it was judged at once, and nobody is told of it live.
    expect(some.types()).toEqual(["item.completed", "submission.graded", "item.completed"]);
    expect(some.got[1]?.data).toMatchObject({ item_id: `${slug}.p1`, status: "passed", score: 100 });
    const mine = all.got.filter(({ data }) => data.course_id === slug || data.course_id === other);
    expect(mine.map(({ type, data }) => [type, data.course_id])).toEqual([
      ["enrollment.created", slug],
      ["enrollment.created", other],
      ["item.relocked", slug],
    ]);
    await call("DELETE", `/webhooks/${everything.id}`, { token: await tokenOf("root", "admin") });
  });

  it("is written down once, also where the same is projected by several at the same time", async () => {
    const slug = await course();
    const receiver = new Receiver("once");
    const { id } = await subscribe(slug, receiver);
    await enroll(slug, "cai");
    await Promise.all([project(slug, "cai"), project(slug, "cai"), project(slug, "cai")]);
    await completed(slug, "cai", "one");
    await Promise.all([project(slug, "cai"), project(slug, "cai")]);
    await run(id);
    expect(receiver.types()).toEqual(["enrollment.created", "item.unlocked", "item.completed", "item.unlocked"]);
  });

  it("names the version of a course that was published", async () => {
    const slug = await course();
    const receiver = new Receiver("published");
    const { id } = await subscribe(slug, receiver);
    await publish({ ...ladder(slug), title: "Another" });
    await run(id);
    expect(receiver.got.map(({ type, data }) => [type, data])).toEqual([
      ["course.published", { course_id: slug, course_version: 2, activation: 2 }],
    ]);
  });
});

describe("a receiver", () => {
  it("that fails is tried again under the same ids, and what comes later of the same learner waits", async () => {
    const slug = await course();
    const receiver = new Receiver("fails");
    const { id } = await subscribe(slug, receiver, ["item.completed"]);
    for (const user of ["ada", "ben"]) await comes(slug, user);
    await goes(slug, "ada", ["one", "two"]);
    let failing = true;
    receiver.answer = ({ data }) => new Response(null, { status: failing && data.user_id === "ada" ? 422 : 200 });
    await run(id);
    await goes(slug, "ben", ["one"]);
    await run(id);
    // Only ada's first event was tried; ben does not wait for her.
    const items = () => receiver.got.map(({ data }) => `${data.user_id} ${data.item_ids}`);
    expect(items()).toEqual([`ada ${slug}.one`, `ben ${slug}.one`]);
    const waiting = (await deliveriesOf(id)).results.filter(({ state }) => state === "waiting");
    expect(waiting.map(({ tries, status, error }) => [tries, status, error])).toEqual([
      [0, null, null],
      [1, 422, "The receiver answered 422."],
    ]);
    await later(id, MINUTE);
    await run(id);
    failing = false;
    await later(id, 5 * MINUTE);
    await run(id);
    expect(items().slice(2)).toEqual([`ada ${slug}.one`, `ada ${slug}.one`, `ada ${slug}.two`]);
    const ids = receiver.got.filter(({ data }) => data.user_id === "ada").map((one) => one.id);
    expect(new Set(ids).size).toBe(2);
    expect((await deliveriesOf(id)).results.every(({ state }) => state === "delivered")).toBe(true);
  });

  it("that is down is left alone, longer each time, and the first success ends that", async () => {
    const slug = await course();
    const receiver = new Receiver("down");
    const { id } = await subscribe(slug, receiver, ["enrollment.created"]);
    const users = Array.from({ length: 8 }, (_, at) => `user-${at}`);
    for (const user of users) await comes(slug, user);
    receiver.answer = () => new Response("secret details", { status: 503 });
    await run(id);
    // Five at a time are under way when the third says so.
    const tried = receiver.got.length;
    expect(tried).toBeLessThanOrEqual(5);
    await run(id);
    expect(receiver.got).toHaveLength(tried);
    const state = await hookOf(id);
    expect(state).toMatchObject({ state: "active", last: { status: 503, error: "The receiver answered 503." } });
    expect(state.failing_since).not.toBeNull();
    expect(state.paused_until).not.toBeNull();
    const metrics = await call("GET", "/system/metrics", { token: await tokenOf("root", "admin") });
    expect(await metrics.text()).toContain("webhook_deliveries_late_seconds");
    await later(id, MINUTE);
    await run(id);
    const longer = Date.parse((await hookOf(id)).paused_until ?? "") - Date.now();
    expect(longer).toBeGreaterThan(50_000);
    receiver.answer = () => new Response(null, { status: 200 });
    await later(id, 10 * MINUTE);
    await run(id);
    expect(new Set(receiver.got.map(({ data }) => data.user_id)).size).toBe(8);
    expect(await hookOf(id)).toMatchObject({ failing_since: null, paused_until: null, last: { error: null } });
  });

  it("that asks for time gets it", async () => {
    const slug = await course();
    const receiver = new Receiver("slowly");
    const { id } = await subscribe(slug, receiver, ["enrollment.created"]);
    await comes(slug, "ada");
    receiver.answer = () => new Response(null, { status: 429, headers: { "retry-after": "900" } });
    await run(id);
    const wait = Date.parse((await hookOf(id)).paused_until ?? "") - Date.now();
    expect(wait).toBeGreaterThan(890_000);
    expect(wait).toBeLessThanOrEqual(900_000);
  });

  it("that never answers is let go after fifteen seconds", async () => {
    const slug = await course();
    const receiver = new Receiver("hangs");
    const { id } = await subscribe(slug, receiver, ["enrollment.created"]);
    await comes(slug, "ada");
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      expect([5_000, 15_000]).toContain(ms);
      return ms === 15_000 ? AbortSignal.abort(new DOMException("late", "TimeoutError")) : new AbortController().signal;
    });
    receiver.answer = () => new Promise<Response>(() => {});
    const { take } = receiver;
    receiver.take = async (init) => {
      if (init?.signal?.aborted) throw new DOMException("late", "TimeoutError");
      return take.call(receiver, init);
    };
    await run(id);
    expect(await hookOf(id)).toMatchObject({ last: { status: null, error: "The server took more than 15 s." } });
  });

  it("that answers 410 is told nothing more, until somebody enables it again", async () => {
    const slug = await course();
    const receiver = new Receiver("gone");
    const { id } = await subscribe(slug, receiver, ["enrollment.created"]);
    await comes(slug, "ada");
    receiver.answer = () => new Response(null, { status: 410 });
    await run(id);
    expect(await hookOf(id)).toMatchObject({ state: "disabled", disabled_reason: "gone", last: { status: 410 } });
    await comes(slug, "ben");
    await later(id, DAY);
    await run(id);
    expect(receiver.got).toHaveLength(1);
    receiver.answer = () => new Response(null, { status: 200 });
    const enabled = await call("PATCH", `/webhooks/${id}`, { token: await author(), body: { state: "active" } });
    expect(enabled.status).toBe(200);
    await run(id);
    // What happened while it was gone was written down for nobody.
    expect(receiver.got.map(({ data }) => data.user_id)).toEqual(["ada", "ada"]);
  });

  it("that takes nothing for three days is told no more of what waited, and it can be replayed", async () => {
    const slug = await course();
    const receiver = new Receiver("days");
    const { id } = await subscribe(slug, receiver, ["item.completed"]);
    await comes(slug, "ada");
    await goes(slug, "ada", ["one", "two"]);
    receiver.answer = () => new Response(null, { status: 500 });
    await run(id);
    for (let day = 0; day < 3; day += 1) {
      await later(id, DAY);
      await run(id);
    }
    const states = async () => (await deliveriesOf(id)).results.map(({ state }) => state);
    expect(await states()).toEqual(["failed", "failed"]);
    receiver.answer = () => new Response(null, { status: 200 });
    receiver.got.length = 0;
    const since = new Date(Date.now() - 30 * DAY).toISOString();
    const body = { since, only: "failed" };
    const replayed = await call("POST", `/webhooks/${id}/replay`, { token: await author(), body });
    expect(await replayed.json()).toEqual({ replayed: 2, continue_since: null });
    await later(id, 60 * MINUTE);
    await run(id);
    expect(receiver.got.map(({ data }) => data.item_ids)).toEqual([[`${slug}.one`], [`${slug}.two`]]);
    expect(await states()).toEqual(["delivered", "delivered"]);
  });

  it("gets one delivery again under the same id when somebody asks", async () => {
    const slug = await course();
    const receiver = new Receiver("again");
    const { id } = await subscribe(slug, receiver, ["enrollment.created"]);
    for (const user of ["ada", "ben"]) await comes(slug, user);
    await run(id);
    const { results } = await deliveriesOf(id);
    const path = `/webhooks/${id}/deliveries/${results[1]?.id}/replay`;
    expect((await call("POST", path, { token: await author() })).status).toBe(202);
    await run(id);
    expect(receiver.got.map(({ data }) => data.user_id)).toEqual(["ada", "ben", "ada"]);
    expect(receiver.got[2]?.id).toBe(receiver.got[0]?.id);
    const first = await deliveriesOf(id, "?limit=1");
    const rest = await deliveriesOf(id, `?limit=1&cursor=${first.next_cursor}`);
    expect([...first.results, ...rest.results].map((one) => one.id)).toEqual(results.map((one) => one.id));
    expect(rest.next_cursor).toBeNull();
  });
});

describe("a kill", () => {
  it("after deliveries, before they are written down, repeats each once and keeps their order", async () => {
    const slug = await course();
    const receiver = new Receiver("killed");
    const { id } = await subscribe(slug, receiver, ["item.completed"]);
    for (const user of ["ada", "ben"]) {
      await comes(slug, user);
      await goes(slug, user, ["one", "two"]);
    }
    const saved = vi.spyOn(D1Saves, "fail", "get").mockReturnValue(true);
    await run(id);
    const sent = receiver.got.length;
    expect(sent).toBeGreaterThan(0);
    saved.mockRestore();
    // Its lease is not over: nobody else delivers.
    await run(id);
    expect(receiver.got).toHaveLength(sent);
    await later(id, 2 * MINUTE);
    await runCron("* * * * *");
    await run(id);
    for (const user of ["ada", "ben"]) {
      const items = receiver.got.filter(({ data }) => data.user_id === user).map(({ data }) => String(data.item_ids));
      const order = [`${slug}.one`, `${slug}.two`];
      expect(new Set(items)).toEqual(new Set(order));
      for (const item of order) expect(items.filter((one) => one === item).length).toBeLessThanOrEqual(2);
      // Without the repetition, as a receiver sees it that knows the ids.
      expect([...new Set(items)]).toEqual(order);
    }
    expect((await deliveriesOf(id)).results.every(({ state }) => state === "delivered")).toBe(true);
  });
});

/** Makes writing a page down fail, as if the process had ended there. */
const D1Saves = {
  get fail() {
    return false;
  },
};
for (const { db } of everyShard(env)) {
  const { prepare } = db;
  Object.defineProperty(db, "prepare", {
    configurable: true,
    value: (text: string) => {
      if (D1Saves.fail && text.includes("UPDATE webhook_pages")) throw new Error("killed");
      return prepare.call(db, text);
    },
  });
}

describe("who may", () => {
  it("manage the course: its people for it, admins for all; others learn nothing", async () => {
    const slug = await course();
    const receiver = new Receiver("rights");
    const { id } = await subscribe(slug, receiver);
    const body = { url: receiver.url, types: ["item.unlocked"] };
    const stranger = await tokenOf("another", "author");
    const paths = [`/courses/${slug}/webhooks`, "/webhooks"];
    for (const path of paths) {
      expect((await problem(await call("POST", path, { token: stranger, body }), 403)).code).toBe("forbidden");
      expect((await problem(await call("GET", path, { token: stranger }), 403)).code).toBe("forbidden");
    }
    for (const path of [`/webhooks/${id}`, `/webhooks/${id}/deliveries`]) {
      expect((await problem(await call("GET", path, { token: stranger }), 404)).code).toBe("not_found");
    }
    expect((await problem(await call("DELETE", `/webhooks/${id}`, { token: stranger }), 404)).code).toBe("not_found");
    const listed = await call("GET", `/courses/${slug}/webhooks`, { token: await author() });
    expect(await listed.text()).not.toContain("whsec_");
  });

  it("nobody, for an address that is not public, when it is set and when it is sent to", async () => {
    const slug = await course();
    const token = await author();
    const urls = [
      ["http://example.org/x", "not_https"],
      ["https://10.0.0.1/x", "private_address"],
      ["https://[fd00::1]/x", "private_address"],
      ["https://169.254.169.254/x", "private_address"],
      ["https://example.org:8443/x", "port"],
      ["https://db.internal/x", "private_address"],
    ];
    for (const [url, rule] of urls) {
      const answer = await call("POST", `/courses/${slug}/webhooks`, {
        token,
        body: { url, types: ["item.unlocked"] },
      });
      expect((await problem(answer, 400)).errors).toMatchObject([{ path: "url", rule }]);
    }
    const receiver = new Receiver("moved");
    const { id } = await subscribe(slug, receiver, ["enrollment.created"]);
    receiver.address = "192.168.1.7";
    await comes(slug, "ada");
    await run(id);
    expect(receiver.got).toEqual([]);
    expect((await hookOf(id)).last?.error).toBe("The name leads to an address that is not of the public network.");
    const ping = await call("POST", `/webhooks/${id}/ping`, { token });
    expect(await ping.json()).toMatchObject({ delivered: false, status: null });
  });
});

describe("a secret", () => {
  it("is shown once, stored encrypted, and replaced without a gap", async () => {
    const slug = await course();
    const receiver = new Receiver("secret");
    const { id, secret } = await subscribe(slug, receiver, ["enrollment.created"]);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const stored = await env.DB.prepare("SELECT secret FROM webhook_subscriptions WHERE id = ?")
      .bind(id)
      .first("secret");
    expect(stored).toMatch(/^v1\.[0-9a-f]{8}\./);
    const token = await author();
    const pinged = await call("POST", `/webhooks/${id}/ping`, { token });
    expect(await pinged.json()).toMatchObject({ delivered: true, status: 204 });
    expect(receiver.got[0]).toMatchObject({ type: "ping", signatures: 1 });
    const replaced = await call("POST", `/webhooks/${id}/secret`, { token });
    const { secret: next } = (await replaced.json()) as { secret: string };
    await comes(slug, "ada");
    await run(id); // the receiver still has the secret before
    receiver.secret = next;
    await comes(slug, "ben");
    await run(id);
    expect(receiver.got.slice(1).map(({ signatures }) => signatures)).toEqual([2, 2]);
    await env.DB.prepare("UPDATE webhook_subscriptions SET previous_until = 1 WHERE id = ?").bind(id).run();
    await comes(slug, "cai");
    await run(id);
    expect(receiver.got.at(-1)).toMatchObject({ signatures: 1 });
  });
});
