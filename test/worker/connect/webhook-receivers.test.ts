import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { everyShard } from "../../../src/platform/database/shards.ts";
import { runCron } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import {
  author,
  comes,
  course,
  deliveriesOf,
  goes,
  hookOf,
  later,
  outside,
  Receiver,
  run,
  subscribe,
} from "./webhooks-support.ts";

beforeEach(outside);
afterEach(() => vi.restoreAllMocks());

const MINUTE = 60_000;
const DAY = 86_400_000;

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

  it("that never answers has fifteen seconds", async () => {
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
