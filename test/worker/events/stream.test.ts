import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { STREAM_TOKEN_SECONDS } from "../../../src/events/tokens.ts";
import { mintAccessToken } from "../../../src/identity/tokens.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { setClock } from "../../support/worker/learners.ts";
import {
  channelOf,
  history,
  note,
  open,
  openWith,
  publish,
  StreamReader,
  streamToken,
  titlesOf,
} from "../../support/worker/streams.ts";

describe("a stream", () => {
  it("starts with a comment and a retry time, and is not cached and not compressed", async () => {
    const reader = await open("starter");
    expect(await reader.rawStart()).toMatch(/^:ok\nretry: \d+\n\nevent: stream\.opened\nid: \S+\ndata: \{/);
    const { headers } = reader.response;
    expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(headers.get("content-encoding")).toBeNull();
  });

  it("brings events in order, with growing ids, and no text can break a frame", async () => {
    const reader = await open("listener");
    await reader.expect("stream.opened");
    const nasty = "a\r\n\nevent: forged\rdata: x\u2028\0: \uFEFF😀";
    await publish([note("listener", "first"), note("listener", nasty), note("listener", "last")]);
    const frames = await reader.until(({ data }) => JSON.stringify(data).includes('"last"'));
    expect(titlesOf(frames)).toEqual(["first", nasty, "last"]);
    expect(frames.map(({ event }) => event)).toEqual(Array(3).fill("system.notification"));
    expect(frames.every(({ id, data }) => data.id === id)).toBe(true);
    expect(new Set(frames.map(({ id }) => id)).size).toBe(3);
  });

  it("[I8] nobody receives another user's event", async () => {
    const [mine, theirs] = [await open("own-one"), await open("own-two")];
    await publish([note("own-one", "for one"), note("own-two", "for two")]);
    await mine.expect("stream.opened");
    await theirs.expect("stream.opened");
    expect(titlesOf([await mine.expect("system.notification")])).toEqual(["for one"]);
    expect(titlesOf([await theirs.expect("system.notification")])).toEqual(["for two"]);
    expect((await history("own-two")).results.map(({ data }) => data.title)).toEqual(["for two"]);
  });

  it("sends heartbeats, and a heartbeat shows that nothing is missing", async () => {
    const reader = await open("beaten");
    await reader.expect("stream.opened");
    await publish([note("beaten", "one")]);
    await reader.expect("system.notification");
    await reader.expect("stream.heartbeat"); // its answer may have been on the way
    const beat = await reader.expect("stream.heartbeat");
    expect(beat.data.head).toBe(beat.id);
  });

  it("fetches by itself the events that were lost on the way to it: their heads show the gap", async () => {
    const reader = await open("repaired");
    await reader.expect("stream.opened");
    // The event is stored, but its push to the socket gets lost.
    await runInDurableObject(channelOf("repaired"), (_channel, state) => {
      for (const socket of state.getWebSockets()) {
        const kept: unknown = socket.deserializeAttachment();
        socket.serializeAttachment(Object.assign({}, kept, { live: false }));
      }
    });
    await publish([note("repaired", "pushed to nobody")]);
    expect(titlesOf([await reader.expect("system.notification")])).toEqual(["pushed to nobody"]);
  });

  it("without events leaves its channel evictable, and gets events after that", async () => {
    const reader = await open("sleeper");
    await reader.expect("stream.opened");
    await publish([note("sleeper", "before")]);
    await reader.expect("system.notification");
    for (let round = 0; round < 3; round += 1) {
      await evictDurableObject(channelOf("sleeper")); // rejects while something holds the object
      await reader.expect("stream.heartbeat"); // answered by the platform for the sleeping object
      await publish([note("sleeper", `after ${round}`)]);
      expect(titlesOf([await reader.expect("system.notification")])).toEqual([`after ${round}`]);
    }
  });

  it("that is the third one ends the oldest, which must not come back", async () => {
    const [first, second] = [await open("crowd"), await open("crowd")];
    await first.expect("stream.opened");
    await second.expect("stream.opened");
    const third = await open("crowd");
    await third.expect("stream.opened");
    expect((await first.expect("stream.evicted")).data).toEqual({ reason: "too_many_streams" });
    expect(await first.next()).toBeNull();
    await publish([note("crowd", "to two")]);
    await second.expect("system.notification");
    await third.expect("system.notification");
  });
});

describe("a stream token", () => {
  const REFUSED = { code: "unauthenticated", detail: expect.stringContaining("stream token is not valid") };

  it("[I8] that is used, expired, forged, missing or of another kind gets one and the same answer", async () => {
    const used = await streamToken("tokens");
    const reader = new StreamReader(await openWith(used));
    await reader.expect("stream.opened");
    const [head = "", claims = "", signature = ""] = (await streamToken("tokens")).split(".");
    const forgedClaims = btoa(atob(claims).replace("tokens", "victim"));
    const access = await mintAccessToken(env.AUTH_SECRET, { sub: "tokens", role: "learner", session: null });
    const old = await streamToken("tokens");
    const tries = [used, `${head}.${forgedClaims}.${signature}`, `${head}.${claims}.`, access, "x", "x".repeat(5_000)];
    for (const token of tries) expect(await problem(await openWith(token), 401)).toMatchObject(REFUSED);
    expect(await problem(await call("GET", "/events/stream"), 401)).toMatchObject(REFUSED);
    setClock(Date.now() + (STREAM_TOKEN_SECONDS + 1) * 1_000);
    expect(await problem(await openWith(old), 401)).toMatchObject(REFUSED);
    vi.useRealTimers();
  });

  it("opens nothing else: it is no access token", async () => {
    const token = await streamToken("tokens-too");
    expect(await problem(await call("GET", "/events/history", { token }), 401)).toMatchObject({
      code: "unauthenticated",
    });
  });

  it("is used up by the first of two simultaneous connections", async () => {
    const token = await streamToken("racer");
    const answers = await Promise.all([openWith(token), openWith(token)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    for (const answer of answers) if (answer.status === 200) await new StreamReader(answer).leave();
  });
});

describe("a request that does not open a stream", () => {
  it.each(["HEAD", "OPTIONS"])("[fault 3] by %s uses up no token and ends no stream", async (method) => {
    const user = `probe-${method.toLowerCase()}`;
    const [first, second] = [await open(user), await open(user)];
    await first.expect("stream.opened");
    await second.expect("stream.opened");
    const token = await streamToken(user);
    const probe = await call(method, `/events/stream?sse_token=${token}`);
    await probe.text();
    if (method === "HEAD") expect([probe.status, probe.headers.get("allow")]).toEqual([405, "GET"]);
    await publish([note(user, "still here")]);
    await first.expect("system.notification");
    await second.expect("system.notification");
    const third = new StreamReader(await openWith(token));
    await third.expect("stream.opened");
  });
});

describe("resuming", () => {
  it("[I1] brings exactly the missed events, then live events, without a gap", async () => {
    const first = await open("resumer");
    const { id: start } = await first.expect("stream.opened");
    await publish(["a", "b", "c"].map((title) => note("resumer", title)));
    const [a] = await first.until(({ data }) => JSON.stringify(data).includes('"c"'));
    await first.leave();
    await publish([note("resumer", "d")]);

    const again = await open("resumer", a?.id);
    const racing = publish(Array.from({ length: 20 }, (_, n) => note("resumer", `live ${n}`)));
    const resumed = await again.expect("stream.resumed");
    expect(resumed.data).toMatchObject({ recovered: true, from: a?.id, missed: expect.any(Number) });
    expect(resumed.id).toBe(a?.id);
    const frames = await again.until(({ data }) => JSON.stringify(data).includes("live 19"));
    expect(titlesOf(frames)).toEqual(["b", "c", "d", ...Array.from({ length: 20 }, (_, n) => `live ${n}`)]);
    await racing;

    const fromStart = await open("resumer", start);
    expect((await fromStart.expect("stream.resumed")).data).toMatchObject({ missed: 24 });
  });

  it("with nothing missed says so, and the header counts more than the query", async () => {
    const reader = await open("header");
    await reader.expect("stream.opened");
    await publish([note("header", "one"), note("header", "two")]);
    const one = await reader.expect("system.notification");
    const two = await reader.expect("system.notification");
    const answer = await openWith(await streamToken("header"), one.id, { headers: { "last-event-id": two.id } });
    const again = new StreamReader(answer);
    expect((await again.expect("stream.resumed")).data).toMatchObject({ missed: 0, from: two.id, head: two.id });
  });

  it("[I8] from an invalid, future or foreign cursor brings a reset that reveals nothing, then live events", async () => {
    const other = await open("rich");
    await other.expect("stream.opened");
    await publish([note("rich", "private")]);
    const theirs = (await other.expect("system.notification")).id;
    const own = await open("poor");
    const head = (await own.expect("stream.opened")).id;
    await own.leave();
    const future = head.replace(/-\d+\./, "-999.");
    for (const [cursor, reason] of [
      [theirs, "unknown"],
      ["garbage", "unknown"],
      ["'; DROP TABLE log; --", "unknown"],
      ["x".repeat(1_000), "unknown"],
      [future, "rewound"],
    ] as const) {
      const reader = await open("poor", cursor);
      const reset = await reader.expect("stream.reset");
      expect(reset.data).toMatchObject({ recovered: false, reason, head: reset.id });
      await publish([note("poor", `after ${cursor.slice(0, 20)}`)]);
      expect(titlesOf([await reader.expect("system.notification")])).toEqual([`after ${cursor.slice(0, 20)}`]);
      await reader.leave();
    }
  });

  it("[I1] after the log was set back in time brings a reset, however far the log has grown since", async () => {
    const reader = await open("rewound");
    await reader.expect("stream.opened");
    await publish(["one", "two", "three"].map((title) => note("rewound", title)));
    const seen = (await reader.until(({ data }) => JSON.stringify(data).includes('"three"'))).map(({ id }) => id);
    await reader.leave();
    await runInDurableObject(channelOf("rewound"), (_channel, state) => {
      state.storage.sql.exec("DELETE FROM log WHERE seq > 1");
      state.storage.sql.exec("DELETE FROM keys WHERE seq > 1");
    });
    await evictDurableObject(channelOf("rewound"), { webSockets: "close" });
    await publish(Array.from({ length: 5 }, (_, n) => note("rewound", `new ${n}`)));
    const again = await open("rewound", seen[2]);
    expect((await again.expect("stream.reset")).data).toMatchObject({ reason: "rewound", scope: ["user"] });
    // What was kept is still continued from.
    const kept = await open("rewound", seen[0]);
    expect((await kept.expect("stream.resumed")).data).toMatchObject({ recovered: true, missed: 5 });
  });

  it("[I1] from before the kept events brings a reset that says so; removed events are also gone from the history", async () => {
    const reader = await open("late");
    const { id: start } = await reader.expect("stream.opened");
    await publish([note("late", "old")]);
    const old = await reader.expect("system.notification");
    await reader.leave();
    setClock(Date.now() + 25 * 3_600_000);
    await publish([note("late", "new")]);
    await runInDurableObject(channelOf("late"), (channel) => channel.alarm());
    const expired = await open("late", start);
    expect((await expired.expect("stream.reset")).data).toMatchObject({ reason: "expired", scope: ["user"] });
    const still = await open("late", old.id);
    expect((await still.expect("stream.resumed")).data).toMatchObject({ missed: 1 });
    expect((await history("late")).results.map(({ data }) => data.title)).toEqual(["new"]);
    vi.useRealTimers();
  });

  it("replays more than one page, in order", async () => {
    const reader = await open("pages");
    const { id: start } = await reader.expect("stream.opened");
    await reader.leave();
    const body = "x".repeat(1_500);
    for (let batch = 0; batch < 3; batch += 1) {
      const events = Array.from({ length: 200 }, (_, n) => note("pages", `${batch * 200 + n}`, {}));
      await publish(events.map((event, n) => ({ ...event, data: { title: `${batch * 200 + n}`, body } })));
    }
    const again = await open("pages", start);
    expect((await again.expect("stream.resumed")).data).toMatchObject({ missed: 600 });
    const frames = await again.until(({ data }) => JSON.stringify(data).includes('"title":"599"'));
    expect(titlesOf(frames)).toEqual(Array.from({ length: 600 }, (_, n) => String(n)));
  });
});

describe("the history", () => {
  it("uses the cursor of the stream, and the stream uses its cursor", async () => {
    await publish([note("poller", "one"), note("poller", "two"), note("poller", "three")]);
    const page = await history("poller", "?limit=2");
    expect(page).toMatchObject({ recovered: true, next_cursor: page.cursor });
    expect(page.results.map(({ data }) => data.title)).toEqual(["one", "two"]);
    const reader = await open("poller", page.cursor);
    await reader.expect("stream.resumed");
    const three = await reader.expect("system.notification");
    expect(titlesOf([three])).toEqual(["three"]);
    const rest = await history("poller", `?since_id=${page.cursor}`);
    expect(rest.results.map(({ id }) => id)).toEqual([three.id]);
    expect(await history("poller", `?since_id=${three.id}`)).toMatchObject({
      results: [],
      cursor: three.id,
      next_cursor: null,
    });
    expect(await history("poller", "?since_id=nonsense")).toMatchObject({
      results: [],
      recovered: false,
      reset_reason: "unknown",
    });
  });

  it("answers 304 while nothing is new", async () => {
    await publish([note("etag", "one")]);
    const { cursor } = await history("etag");
    const get = async (etag?: string) =>
      call("GET", `/events/history?since_id=${cursor}`, {
        token: await tokenOf("etag"),
        ...(etag === undefined ? {} : { headers: { "if-none-match": etag } }),
      });
    const etag = (await get()).headers.get("etag") ?? "";
    expect((await get(etag)).status).toBe(304);
    await publish([note("etag", "two")]);
    expect((await get(etag)).status).toBe(200);
  });
});
