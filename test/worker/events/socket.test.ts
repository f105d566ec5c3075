// Over 350 lines: the cases share a client that speaks the protocol of the socket.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { shardOf } from "../../../src/events/shard-of.ts";
import { broadcastShardStub } from "../../../src/events/stubs.ts";
import { STREAM_TOKEN_SECONDS } from "../../../src/events/tokens.ts";
import { callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, setClock } from "../../support/worker/learners.ts";
import { connect, connectWith, SocketReader } from "../../support/worker/sockets.ts";
import { channelOf, history, note, open, publish, streamToken, titlesOf } from "../../support/worker/streams.ts";
import { signedInSchema } from "../identity/support.ts";

const toAll = (title: string, rest: object = {}) => ({
  key: title.replaceAll(" ", "-"),
  to: { everyone: true },
  type: "system.notification",
  data: { title },
  ...rest,
});
const shardFor = (user: string) => broadcastShardStub(env, shardOf(env, user));
const ofTitle =
  (title: string) =>
  ({ data }: { data: object }) =>
    JSON.stringify(data).includes(`"title":"${title}"`);

describe("a socket", () => {
  it("begins with its cursor, and gets published events with the same fields as a stream", async () => {
    const socket = await connect("s-same");
    const stream = await open("s-same");
    const first = JSON.parse(await socket.raw());
    expect(first).toMatchObject({ event: "stream.opened", data: { head: first.id }, retry: expect.any(Number) });
    await stream.expect("stream.opened");
    const nasty = "a\r\n\nevent: forged\rdata: x\u2028\0: \uFEFF😀";
    await publish([note("s-same", "first"), note("s-same", nasty), note("s-same", "last")]);
    const isLast = ofTitle("last");
    const [bySocket, byStream] = [await socket.until(isLast), await stream.until(isLast)];
    expect(bySocket).toEqual(byStream);
    expect(titlesOf(bySocket)).toEqual(["first", nasty, "last"]);
  });

  it("[I8] nobody receives another user's event", async () => {
    const [mine, theirs] = [await connect("s-own-one"), await connect("s-own-two")];
    await publish([note("s-own-one", "for one"), note("s-own-two", "for two")]);
    await mine.expect("stream.opened");
    await theirs.expect("stream.opened");
    expect(titlesOf([await mine.expect("system.notification")])).toEqual(["for one"]);
    expect(titlesOf([await theirs.expect("system.notification")])).toEqual(["for two"]);
  });

  it("does not keep its channel awake: the platform answers its pings, and it gets events after each sleep", async () => {
    const reader = await connect("s-sleeper");
    await reader.expect("stream.opened");
    for (let round = 0; round < 3; round += 1) {
      await evictDurableObject(channelOf("s-sleeper")); // rejects while something holds the object
      await reader.ping();
      await publish([note("s-sleeper", `own ${round}`)]);
      expect(titlesOf([await reader.expect("system.notification")])).toEqual([`own ${round}`]);
      await evictDurableObject(channelOf("s-sleeper"));
      await publish([toAll(`s-sleeper all ${round}`)]);
      expect(titlesOf([await reader.expect("system.notification")])).toEqual([`s-sleeper all ${round}`]);
    }
    expect(new Set(reader.pongs).size).toBe(3);
  });

  it("follows new preferences at once, and its cursor passes filtered events", async () => {
    const reader = await connect("s-filtered");
    await reader.expect("stream.opened");
    const wish = { min_level: "warning", min_priority: "low", muted_types: [] };
    const saved = await call("PUT", "/events/preferences", { token: await tokenOf("s-filtered"), body: wish });
    expect(saved.status).toBe(200);
    await publish([note("s-filtered", "quiet")]);
    const beat = await reader.expect("stream.heartbeat");
    expect(beat.data.head).toBe(beat.id);
    await publish([note("s-filtered", "loud", { level: "error" })]);
    expect(titlesOf([await reader.expect("system.notification")])).toEqual(["loud"]);
    const again = await connect("s-filtered", beat.id);
    expect((await again.expect("stream.resumed")).data).toMatchObject({ missed: 1 });
  });
});

describe("a message from a client", () => {
  it.each(["hello", "ack -1", "ack x", '{"t":"probe"}', "more 0", "hold"])(
    "[I9] that is neither a receipt nor a ping ends its socket: %s",
    async (text) => {
      const reader = await connect("s-strange");
      await reader.expect("stream.opened");
      reader.send(text);
      expect(await reader.next()).toBeNull();
      expect(reader.closed).toBe(1008);
    },
  );

  it("with a receipt for more than was sent confirms what was sent", async () => {
    const reader = await connect("s-eager");
    await reader.expect("stream.opened");
    reader.send("ack 9007199254740991");
    await publish([note("s-eager", "on")]);
    await reader.expect("system.notification");
    const [kept] = await runInDurableObject(channelOf("s-eager"), (_channel, state) =>
      state.getWebSockets().map((socket): unknown => socket.deserializeAttachment()),
    );
    const { direct } = z.looseObject({ direct: z.object({ sent: z.number(), taken: z.number() }) }).parse(kept);
    expect(direct.taken).toBeLessThanOrEqual(direct.sent);
  });
});

describe("opening a socket", () => {
  const REFUSED = { code: "unauthenticated", detail: expect.stringContaining("stream token is not valid") };

  it("[I8] with a used, expired, forged or missing token gives one and the same answer, before any upgrade", async () => {
    const used = await streamToken("s-tokens");
    await new SocketReader(await connectWith(used)).expect("stream.opened");
    const old = await streamToken("s-tokens");
    for (const token of [used, `${old}x`, "x"]) {
      expect(await problem(await connectWith(token), 401)).toMatchObject(REFUSED);
    }
    const bare = await call("GET", "/events/socket", { headers: { upgrade: "websocket" } });
    expect(await problem(bare, 401)).toMatchObject(REFUSED);
    setClock(Date.now() + (STREAM_TOKEN_SECONDS + 1) * 1_000);
    expect(await problem(await connectWith(old), 401)).toMatchObject(REFUSED);
    vi.useRealTimers();
  });

  it("uses up the token for streams too, and a stream uses it up for sockets", async () => {
    const [one, two] = [await streamToken("s-both"), await streamToken("s-both")];
    await new SocketReader(await connectWith(one)).expect("stream.opened");
    expect((await call("GET", `/events/stream?sse_token=${one}`)).status).toBe(401);
    const stream = await call("GET", `/events/stream?sse_token=${two}`);
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
    expect((await connectWith(two)).status).toBe(401);
  });

  it("without an upgrade is refused, and uses up no token", async () => {
    const token = await streamToken("s-plain");
    const plain = await call("GET", `/events/socket?sse_token=${token}`);
    expect(plain.headers.get("upgrade")).toBe("websocket");
    expect(await problem(plain, 426)).toMatchObject({ code: "upgrade_required" });
    expect((await call("HEAD", `/events/socket?sse_token=${token}`)).status).toBe(405);
    await new SocketReader(await connectWith(token)).expect("stream.opened");
  });

  it("with an invalid client name is refused with field and rule", async () => {
    const refused = await connectWith(await streamToken("s-name"), undefined, "&client=a%20b");
    expect(await problem(refused, 400)).toMatchObject({ errors: [{ path: "query.client" }] });
  });
});

describe("resuming over a socket", () => {
  it("[I1] brings exactly the missed events of both logs, then live events, without a gap", async () => {
    const first = await connect("s-resumer");
    const { id: start } = await first.expect("stream.opened");
    await publish([note("s-resumer", "a"), note("s-resumer", "b")]);
    const [a] = await first.until(ofTitle("b"));
    first.leave();
    await publish([note("s-resumer", "c"), toAll("s-resumer all")]);
    const again = await connect("s-resumer", a?.id);
    const racing = publish(Array.from({ length: 20 }, (_, n) => note("s-resumer", `live ${n}`)));
    const resumed = await again.expect("stream.resumed");
    expect(resumed).toMatchObject({ id: a?.id, data: { recovered: true, from: a?.id } });
    const seen = [];
    while (seen.length < 23) seen.push(await again.expect("system.notification"));
    const titles = titlesOf(seen);
    expect(titles.filter((title) => title !== "s-resumer all")).toEqual([
      "b",
      "c",
      ...Array.from({ length: 20 }, (_, n) => `live ${n}`),
    ]);
    expect(titles).toContain("s-resumer all");
    await racing;
    again.leave();
    // One cursor for all three ways to listen.
    const stream = await open("s-resumer", seen.at(-1)?.id);
    expect((await stream.expect("stream.resumed")).data).toMatchObject({ missed: 0 });
    const socket = await connect("s-resumer", start);
    expect((await socket.expect("stream.resumed")).data).toMatchObject({ missed: 24 });
    const polled = await history("s-resumer", `?since_id=${seen.at(-2)?.id}`);
    expect(polled.results.map(({ id }) => id)).toEqual([seen.at(-1)?.id]);
  });

  it("[I8] from an invalid, future or foreign cursor brings a reset that reveals nothing, then live events", async () => {
    const other = await connect("s-rich");
    await other.expect("stream.opened");
    await publish([note("s-rich", "private")]);
    const theirs = (await other.expect("system.notification")).id;
    const head = (await (await connect("s-poor")).expect("stream.opened")).id;
    for (const [cursor, reason] of [
      [theirs, "unknown"],
      ["garbage", "unknown"],
      [head.replace(/-\d+\./, "-999."), "rewound"],
    ] as const) {
      const reader = await connect("s-poor", cursor);
      const reset = await reader.expect("stream.reset");
      expect(reset.data).toMatchObject({ recovered: false, reason, head: reset.id });
      await publish([note("s-poor", `after ${cursor.slice(0, 20)}`)]);
      expect(titlesOf([await reader.expect("system.notification")])).toEqual([`after ${cursor.slice(0, 20)}`]);
      reader.leave();
    }
  });
});

describe("a broadcast", () => {
  it("reaches sockets and streams of its roles, and can be resumed", async () => {
    const learner = await connect("s-all-learner");
    const admin = await connect("s-all-admin", undefined, { role: "admin" });
    const stream = await open("s-all-learner");
    for (const reader of [learner, admin, stream]) await reader.expect("stream.opened");
    await publish([
      toAll("s-all admins", { to: { everyone: true, roles: ["admin"] } }),
      toAll("s-all one"),
      toAll("s-all two"),
    ]);
    const isLast = ofTitle("s-all two");
    expect(titlesOf(await learner.until(isLast))).toEqual(["s-all one", "s-all two"]);
    expect(titlesOf(await stream.until(isLast))).toEqual(["s-all one", "s-all two"]);
    expect(titlesOf(await admin.until(isLast))).toEqual(["s-all admins", "s-all one", "s-all two"]);
  });

  it("[I1] arrives at the next try if a shard could not notify a channel", async () => {
    const user = "s-missed";
    const reader = await connect(user);
    await reader.expect("stream.opened");
    await publish([toAll("s-missed before")]);
    await reader.expect("system.notification");
    const shard = shardFor(user);
    // It has the event, and told nobody: it ended between the two.
    await runInDurableObject(shard, async (_shard, state) => {
      const { seq, ...last } = state.storage.sql
        .exec<{ seq: number; type: string; level: string; priority: string }>("SELECT * FROM log ORDER BY seq DESC")
        .toArray()[0] ?? { seq: 0, type: "", level: "", priority: "" };
      const data = JSON.stringify({ title: "s-missed late" });
      state.storage.sql.exec(
        "INSERT INTO log (seq, at, type, level, priority, roles, data, subject) VALUES (?, ?, ?, ?, ?, NULL, ?, NULL)",
        ...[seq + 1, Date.now(), last.type, last.level, last.priority, data],
      );
      state.storage.sql.exec("INSERT OR REPLACE INTO due_times (name, at, failures) VALUES ('spread', 0, 0)");
    });
    await evictDurableObject(shard, { webSockets: "close" });
    await runInDurableObject(shard, (instance) => instance.alarm());
    expect(titlesOf([await reader.expect("system.notification")])).toEqual(["s-missed late"]);
    // What follows comes once, and what came is not told again.
    await runInDurableObject(shard, (_shard, state) => {
      expect(state.storage.sql.exec("SELECT * FROM due_times WHERE name = 'spread'").toArray()).toEqual([]);
    });
  });

  it("is not sent to a user whose last socket has closed", async () => {
    const user = "s-leaver";
    const known = () =>
      runInDurableObject(shardFor(user), (_shard, state) =>
        state.storage.sql.exec<{ streams: number }>("SELECT streams FROM listeners WHERE user = ?", user).toArray(),
      );
    const [one, two] = [await connect(user), await connect(user)];
    await one.expect("stream.opened");
    await two.expect("stream.opened");
    await vi.waitFor(async () => expect(await known()).toEqual([{ streams: 2 }]));
    one.leave();
    await vi.waitFor(async () => expect(await known()).toEqual([{ streams: 1 }]));
    two.leave();
    await vi.waitFor(async () => expect(await known()).toEqual([]));
  });
});

describe("the limit of two streams", () => {
  it("counts sockets and streams together: a third one ends the oldest when all answer", async () => {
    const [first, second] = [await connect("s-crowd"), await open("s-crowd")];
    await first.expect("stream.opened");
    await second.expect("stream.opened");
    const [third, evicted] = await Promise.all([connect("s-crowd"), first.expect("stream.evicted")]);
    await third.expect("stream.opened");
    expect(evicted.data).toEqual({ reason: "too_many_streams" });
    expect(await first.next()).toBeNull();
    await publish([note("s-crowd", "to two")]);
    await second.expect("system.notification");
    await third.expect("system.notification");
  });

  it("[fault 36] ends the socket that does not answer, not the oldest", async () => {
    const desktop = await connect("s-capped");
    const deaf = await connect("s-capped", undefined, { answers: false });
    await desktop.expect("stream.opened");
    const heard = desktop.expect("system.notification");
    const third = await connect("s-capped");
    await third.expect("stream.opened");
    await publish([note("s-capped", "on")]);
    expect(titlesOf([await heard, await third.expect("system.notification")])).toEqual(["on", "on"]);
    expect((await deaf.until(({ event }) => event !== "stream.opened")).at(-1)).toMatchObject({
      event: "stream.evicted",
      data: { reason: "too_many_streams" },
    });
  });

  it("[fault 36] lets a client that comes back replace its own socket; a client that asks for a free place is told to come later", async () => {
    const stream = await open("s-roamer");
    const phone = await connect("s-roamer", undefined, { query: "&client=phone" });
    const again = await connect("s-roamer", undefined, { query: "&client=phone" });
    for (const reader of [stream, phone, again]) await reader.expect("stream.opened");
    expect((await phone.expect("stream.evicted")).data).toEqual({ reason: "replaced" });
    const reading = again.next();
    const token = await streamToken("s-roamer");
    const full = await connectWith(token, undefined, "&if_room=true");
    expect(Number(full.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await problem(full, 429)).toMatchObject({ code: "rate_limited" });
    again.leave();
    await reading;
    const late = new SocketReader(await connectWith(token, undefined, "&if_room=true"));
    await late.expect("stream.opened");
  });
});

describe("a user who loses access", () => {
  async function signedIn() {
    const account = { email: `u${crypto.randomUUID()}@example.org`, password: "correct horse battery" };
    await call("POST", "/auth/sign-up", { body: { ...account, name: "Ada" } });
    const signIn = await call("POST", "/auth/sign-in", { body: account });
    const { access_token, session_token, user } = await read(signIn, 200, signedInSchema);
    const minted = await call("POST", "/auth/sse-token", { token: access_token });
    const { sse_token } = await read(minted, 200, z.object({ sse_token: z.string() }));
    const reader = new SocketReader(await connectWith(sse_token));
    await reader.expect("stream.opened");
    return { reader, user, session_token, access_token };
  }

  it("[I8] by signing out loses the socket of the session at once, also in a channel that sleeps, and no other", async () => {
    const { reader, user, session_token } = await signedIn();
    const other = await connect(user.id);
    await other.expect("stream.opened");
    await evictDurableObject(channelOf(user.id));
    expect((await call("POST", "/auth/sign-out", { body: { session_token } })).status).toBe(204);
    expect((await reader.expect("stream.evicted")).data).toEqual({ reason: "session_ended" });
    expect(await reader.next()).toBeNull();
    await publish([note(user.id, "still here")]);
    await other.expect("system.notification");
  });

  it("[I8] by another role loses the socket, and the client comes back with the new role", async () => {
    const { reader, user, access_token } = await signedIn();
    const admin = await tokenOf("boss", "admin");
    const changed = await call("PATCH", `/users/${user.id}`, { token: admin, body: { role: "author" } });
    expect(changed.status).toBe(200);
    expect((await reader.expect("stream.closing")).data).toMatchObject({ reason: "role_changed" });
    expect(await reader.next()).toBeNull();
    const minted = await call("POST", "/auth/sse-token", { token: access_token });
    expect([200, 401]).toContain(minted.status);
  });

  it("[I8] by a ban loses the socket, and no token opens another", async () => {
    const { reader, user, access_token } = await signedIn();
    const minted = await call("POST", "/auth/sse-token", { token: access_token });
    const { sse_token } = await read(minted, 200, z.object({ sse_token: z.string() }));
    const admin = await tokenOf("boss", "admin");
    const banned = await call("PATCH", `/users/${user.id}`, { token: admin, body: { ban: { reason: "test" } } });
    expect(banned.status).toBe(200);
    expect((await reader.expect("stream.evicted")).data).toEqual({ reason: "session_ended" });
    expect((await connectWith(sse_token)).status).toBeGreaterThanOrEqual(401);
  });
});

describe("a slow client on a socket", () => {
  // Time stands still unless a test moves it: how long the machine takes ends nobody.
  beforeEach(() => setClock(Date.now()));
  afterEach(() => {
    vi.useRealTimers();
  });

  const burst = (user: string, name: string, count: number) =>
    Array.from({ length: count }, (_, n) => ({
      key: `${name}-${n}`,
      to: { user },
      type: "system.notification",
      data: { title: `${name} ${n}`, body: "x".repeat(1_000) },
    }));
  const numbered = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name} ${n}`);

  it("[I11] is sent no more than its budget before it confirms, and then the rest from the log, in order", async () => {
    const reader = await connect("s-slow");
    await reader.expect("stream.opened");
    await publish(burst("s-slow", "own", 500));
    await publish([{ to: { user: "s-slow" }, type: "task.progress-updated", data: { task_id: "t", done: 1 } }]);
    // Everything that was sent is here, and nobody has read and confirmed it yet.
    await reader.ping();
    expect(reader.received).toBeGreaterThan(200_000);
    expect(reader.received).toBeLessThan(400_000);
    advanceClock(1_100);
    await publish([{ to: { user: "s-slow" }, type: "task.progress-updated", data: { task_id: "t", done: 2 } }]);
    const frames = await reader.until(({ event }) => event === "task.progress-updated");
    expect(titlesOf(frames.slice(0, -1))).toEqual(numbered("own", 500));
    // Of progress it gets the latest.
    expect(frames.at(-1)?.data).toMatchObject({ data: { task_id: "t", done: 2 } });
    expect(reader.asked.length).toBeGreaterThan(10);
  });

  it("[fault 35] gets a broadcast that is larger than its budget from the log of its shard", async () => {
    const reader = await connect("s-burst");
    await reader.expect("stream.opened");
    const events = burst("", "s-burst", 400).map((event) => ({ ...event, to: { everyone: true } }));
    await publish(events);
    expect(titlesOf(await reader.until(ofTitle("s-burst 399")))).toEqual(numbered("s-burst", 400));
  });

  it("that takes its time, but reads, is not ended", async () => {
    const user = "s-steady";
    const reader = await connect(user, undefined, { answers: false });
    await reader.expect("stream.opened");
    await publish(burst(user, "d", 400));
    const seen = await reader.until(() => reader.asked.length >= 2);
    const directOf = () =>
      runInDurableObject(channelOf(user), (_channel, state) => {
        const [kept] = state.getWebSockets().map((socket): unknown => socket.deserializeAttachment());
        return z.looseObject({ direct: z.looseObject({ taken: z.number() }) }).parse(kept).direct;
      });
    advanceClock(1_000);
    reader.send(`ack ${reader.asked[0]}`);
    await vi.waitFor(async () => expect((await directOf()).taken).toBeGreaterThan(0));
    // Longer than it may stand still, if the receipt did not count; heartbeats are 0.4 s apart here.
    await runInDurableObject(channelOf(user), async (channel) => {
      advanceClock(500);
      await channel.alarm();
    });
    reader.send(`ack ${reader.asked[1]}`);
    while (seen.length < 400) {
      seen.push(await reader.expect("system.notification"));
      reader.send(`ack ${reader.asked.at(-1)}`);
    }
    expect(titlesOf(seen)).toEqual(numbered("d", 400));
  });

  it("[I1] that confirms nothing is ended, with the place to resume from", async () => {
    const deaf = await connect("s-deaf", undefined, { answers: false });
    await deaf.expect("stream.opened");
    await publish(burst("s-deaf", "d", 400));
    await runInDurableObject(channelOf("s-deaf"), async (channel) => {
      advanceClock(60_000);
      await channel.alarm();
    });
    const seen = await deaf.until(({ event }) => event === "stream.lagged");
    const last = seen.at(-2)?.id;
    expect(seen.at(-1)).toMatchObject({ id: last, data: { resume_from: last } });
    expect(await deaf.next()).toBeNull();
    const again = await connect("s-deaf", last);
    const missed = 400 - (seen.length - 1);
    expect((await again.expect("stream.resumed")).data).toMatchObject({ recovered: true, missed });
    expect(titlesOf(await again.until(ofTitle("d 399")))).toHaveLength(missed);
  });
});

describe("the life of a socket", () => {
  it("ends after a time, and says when to connect again", async () => {
    const path = `/events/socket?sse_token=${await streamToken("s-mortal")}`;
    const reader = new SocketReader(
      await callWith({}, "GET", path, { headers: { upgrade: "websocket" }, background: "abandon" }),
    );
    await reader.expect("stream.opened");
    await runInDurableObject(channelOf("s-mortal"), async (channel) => {
      advanceClock(1_800_000);
      await channel.alarm();
      vi.useRealTimers();
    });
    expect((await reader.expect("stream.closing")).data).toMatchObject({
      reason: "lifetime",
      retry_ms: expect.any(Number),
    });
    expect(await reader.next()).toBeNull();
  });

  it("counts among the open streams", async () => {
    const open = async () => {
      const answer = await call("GET", "/events/health", { token: await tokenOf("probe", "service") });
      return (await read(answer, 200, z.looseObject({ streams: z.object({ open: z.number() }) }))).streams.open;
    };
    const shard = shardFor("s-counted");
    const before = await shard.streams();
    const reader = await connect("s-counted");
    await reader.expect("stream.opened");
    expect(await shard.streams()).toBe(before + 1);
    expect(await open()).toBeGreaterThan(0);
    reader.leave();
    await vi.waitFor(async () => expect(await shard.streams()).toBe(before));
  });
});
