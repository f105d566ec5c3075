import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { call } from "../../support/worker/http.ts";
import { author, comes, course, hookOf, later, outside, Receiver, run, subscribe } from "./webhooks-support.ts";

beforeEach(outside);
afterEach(() => vi.restoreAllMocks());

it("an old address that says it is gone does not end what is told to the new one", async () => {
  const slug = await course();
  const [old, now] = [new Receiver("old"), new Receiver("new")];
  const { id, secret } = await subscribe(slug, old, ["enrollment.created"]);
  now.secret = secret;
  await comes(slug, "ada");
  // While the old receiver thinks, the address is changed.
  old.answer = async () => {
    const moved = await call("PATCH", `/webhooks/${id}`, { token: await author(), body: { url: now.url } });
    expect(moved.status).toBe(200);
    return new Response(null, { status: 410 });
  };
  await run(id);
  expect(await hookOf(id)).toMatchObject({ state: "active", url: now.url, disabled_reason: null, last: null });
  await later(id, 60_000);
  await run(id);
  expect(now.got.map(({ data }) => data.user_id)).toEqual(["ada"]);
  expect(old.got).toHaveLength(1);
});

it("a receiver may ask for time by an instant", async () => {
  const slug = await course();
  const receiver = new Receiver("until");
  const { id } = await subscribe(slug, receiver, ["enrollment.created"]);
  await comes(slug, "ada");
  const until = new Date(Date.now() + 900_000).toUTCString();
  receiver.answer = () => new Response(null, { status: 503, headers: { "retry-after": until } });
  await run(id);
  const wait = Date.parse((await hookOf(id)).paused_until ?? "") - Date.now();
  expect(wait).toBeGreaterThan(800_000);
  expect(wait).toBeLessThanOrEqual(900_000);
});
