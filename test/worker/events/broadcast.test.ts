import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { shardOf } from "../../../src/events/shard-of.ts";
import { broadcastShardStub } from "../../../src/events/stubs.ts";
import { deliver } from "../../support/worker/courses.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { broadcastLog, history, note, open, publish, titlesOf } from "../../support/worker/streams.ts";

const toAll = (title: string, rest: object = {}) => ({
  key: title,
  to: { everyone: true },
  type: "system.notification",
  data: { title },
  ...rest,
});

describe("a broadcast", () => {
  it("reaches everybody once, through its shards", async () => {
    const users = Array.from({ length: 12 }, (_, n) => `everybody-${n}`);
    const readers = await Promise.all(users.map((user) => open(user)));
    await Promise.all(readers.map((reader) => reader.expect("stream.opened")));
    expect(await publish([toAll("hello"), toAll("hello")])).toMatchObject([
      { status: "stored" },
      { status: "duplicate" },
    ]);
    for (const reader of readers) expect(titlesOf([await reader.expect("system.notification")])).toEqual(["hello"]);
    expect(new Set(users.map((user) => shardOf(env, user))).size).toBeGreaterThan(3);
  });

  it("[fault 41] is counted in `missed` only if the reader will get it", async () => {
    const reader = await open("counted");
    const { id: start } = await reader.expect("stream.opened");
    await reader.leave();
    const wish = { min_level: "warning", min_priority: "low", muted_types: [] };
    const saved = await call("PUT", "/events/preferences", { token: await tokenOf("counted"), body: wish });
    expect(saved.status).toBe(200);
    await publish([
      note("counted", "quiet"),
      note("counted", "loud", { level: "error" }),
      note("counted", "urgent", { priority: "high" }),
      { ...note("counted", "for admins", { level: "error" }), to: { everyone: true, roles: ["admin"] } },
      { ...note("counted", "for all", { level: "error" }), to: { everyone: true } },
      { ...note("counted", "for all, quiet"), to: { everyone: true } },
    ]);
    const again = await open("counted", start);
    expect((await again.expect("stream.resumed")).data).toMatchObject({ missed: 3 });
    const frames = [await again.next(), await again.next(), await again.next()];
    expect(titlesOf(frames.flatMap((frame) => frame ?? [])).toSorted()).toEqual(["for all", "loud", "urgent"]);
  });

  it("[I1] resumes together with the user's own events: each log in order, nothing twice", async () => {
    const first = await open("both");
    const { id } = await first.expect("stream.opened");
    await first.leave();
    const own = (title: string) => ({ key: title, to: { user: "both" }, type: "system.notification", data: { title } });
    await publish([own("own 1")].map((event) => ({ ...event, key: "o1" })));
    await publish([{ ...toAll("all-1") }, { ...own("own 2"), key: "o2" }]);
    await publish([toAll("all-2")]);
    const again = await open("both", id);
    expect((await again.expect("stream.resumed")).data).toMatchObject({ missed: 4 });
    const titles = titlesOf(await again.until(({ data }) => JSON.stringify(data).includes("all-2")));
    const rest =
      titles.length < 4 ? titlesOf(await again.until(({ data }) => JSON.stringify(data).includes("own 2"))) : [];
    const got = [...titles, ...rest];
    expect(got.filter((title) => String(title).startsWith("own"))).toEqual(["own 1", "own 2"]);
    expect(got.filter((title) => String(title).startsWith("all"))).toEqual(["all-1", "all-2"]);
    const page = await history("both", `?since_id=${id}`);
    expect(page.results).toHaveLength(4);
    expect((await history("both", `?since_id=${page.results[1]?.id}`)).results).toEqual(page.results.slice(2));
  });

  it("[I8] for some roles reaches only these roles", async () => {
    const admin = await open("boss", undefined, "admin");
    const learner = await open("pupil");
    await admin.expect("stream.opened");
    await learner.expect("stream.opened");
    await publish([toAll("for-admins", { to: { everyone: true, roles: ["admin"] } }), toAll("for-all")]);
    expect(titlesOf([await admin.expect("system.notification")])).toEqual(["for-admins"]);
    expect(titlesOf([await learner.expect("system.notification")])).toEqual(["for-all"]);
    expect((await history("pupil")).results.map(({ data }) => data.title)).not.toContain("for-admins");
    expect((await history("boss", "", "admin")).results.map(({ data }) => data.title)).toContain("for-admins");
  });

  it("[I10] reaches a shard that slept at the shard's next use, and does not stay undelivered for ever", async () => {
    const user = "sleepy-shard";
    const shard = broadcastShardStub(env, shardOf(env, user));
    const reader = await open(user);
    const { id } = await reader.expect("stream.opened");
    await reader.leave();
    // The shard's copy ends early, as if sending to it had failed and nobody had tried again.
    await publish([toAll("slept-1"), toAll("slept-2")]);
    await runInDurableObject(shard, (_shard, state) => {
      state.storage.sql.exec("DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)");
    });
    await evictDurableObject(shard, { webSockets: "close" });
    const again = await open(user, id);
    await again.expect("stream.resumed");
    expect(titlesOf([await again.expect("system.notification"), await again.expect("system.notification")])).toEqual([
      "slept-1",
      "slept-2",
    ]);
    const state = await broadcastLog().state();
    expect(state).toMatchObject({ ok: true, value: { oldest_undelivered_ms: 0, shards_behind: 0 } });
  });

  it("[I1] log that was set back also resets the readers of the shards", async () => {
    const reader = await open("set-back");
    await reader.expect("stream.opened");
    await publish([toAll("kept-event"), toAll("lost-event")]);
    const kept = await reader.expect("system.notification");
    const lost = await reader.expect("system.notification");
    await runInDurableObject(broadcastLog(), (_log, state) => {
      state.storage.sql.exec("DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)");
      state.storage.sql.exec("DELETE FROM keys WHERE key = 'lost-event'");
    });
    await evictDurableObject(broadcastLog());
    await publish([toAll("new-event")]);
    expect((await reader.expect("stream.closing")).data).toMatchObject({ reason: "restart" });
    const again = await open("set-back", lost.id);
    expect((await again.expect("stream.reset")).data).toMatchObject({ scope: ["broadcast"], reason: "rewound" });
    const before = await open("set-back", kept.id);
    await before.expect("stream.resumed");
    expect(titlesOf([await before.expect("system.notification")])).toEqual(["new-event"]);
  });
});

describe("operation of the event service", () => {
  it("[I10] a dead letter becomes a system.error for admins", async () => {
    const admin = await open("operator", undefined, "admin");
    await admin.expect("stream.opened");
    await deliver("latchkey-refresh-dead", [{ type: "unreadable" }], 4);
    const error = await admin.expect("system.error");
    expect(error.data).toMatchObject({
      level: "error",
      priority: "high",
      data: { code: "dead_letters", ref: "latchkey-refresh" },
    });
  });

  it("health shows streams and undelivered events, to services and admins", async () => {
    // The readers of the tests before are on their way out.
    await vi.waitFor(async () => expect((await health()).streams.open).toBe(0), { timeout: 5_000 });
    const reader = await open("counted");
    await reader.expect("stream.opened");
    const after = await health();
    expect(after.streams.open).toBe(1);
    expect(after).toMatchObject({ status: "ok", broadcast: { shards_behind: 0 }, archive: { state: "ok" } });
    expect((await call("GET", "/events/health", { token: await tokenOf("ada") })).status).toBe(403);
  });
});

async function health() {
  const answer = await call("GET", "/events/health", { token: await tokenOf("probe", "service") });
  return read(answer, 200, z.looseObject({ streams: z.object({ open: z.number() }) }));
}
