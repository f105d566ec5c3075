import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { everyShard } from "../../../src/platform/database/shards.ts";
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

it("a replay leaves nothing out that a delivery changes at the same moment", async () => {
  const slug = await course();
  const receiver = new Receiver("replayed");
  const { id } = await subscribe(slug, receiver, ["enrollment.created"]);
  await comes(slug, "ada");
  await run(id);
  let isFirst = true;
  for (const { db } of everyShard(env)) {
    const prepare = db.prepare.bind(db);
    vi.spyOn(db, "prepare").mockImplementation((text) => {
      const statement = prepare(text);
      if (!isFirst || !text.includes("UPDATE webhook_pages SET events")) return statement;
      isFirst = false;
      // Somebody else writes the page down in between.
      const bind = statement.bind.bind(statement);
      vi.spyOn(statement, "bind").mockImplementation((...values) => {
        const bound = bind(...values);
        const save = bound.run.bind(bound);
        vi.spyOn(bound, "run").mockImplementation(async () => {
          await prepare("UPDATE webhook_pages SET revision = revision + 1 WHERE subscription = ?").bind(id).run();
          return save();
        });
        return bound;
      });
      return statement;
    });
  }
  const body = { since: new Date(Date.now() - 60_000).toISOString(), only: "all" };
  const replayed = await call("POST", `/webhooks/${id}/replay`, { token: await author(), body });
  expect(await replayed.json()).toEqual({ replayed: 1, continue_since: null });
  expect(isFirst).toBe(false);
  await run(id);
  expect(receiver.got.map((one) => one.id)).toEqual([receiver.got[0]?.id, receiver.got[0]?.id]);
});
