import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { callWith } from "../../support/worker/faults.ts";
import { call, problem, read } from "../../support/worker/http.ts";
import { advanceClock, service } from "../../support/worker/learners.ts";
import {
  channelOf,
  note,
  open,
  publish,
  type StreamReader as Reader,
  StreamReader,
  streamToken,
  titlesOf,
} from "../../support/worker/streams.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** Opens a stream under other settings. */
async function openUnder(user: string, vars: Record<string, string>, from?: string): Promise<Response> {
  const path = `/events/stream?sse_token=${await streamToken(user)}`;
  // SAFETY: vars are strings; the generated Env knows only the values they have in wrangler.toml.
  return callWith(vars as Partial<Env>, "GET", path, {
    background: "abandon",
    ...(from === undefined ? {} : { from }),
  });
}

async function ends(reader: Reader): Promise<boolean> {
  return (await reader.next()) === null;
}

const healthSchema = z.looseObject({
  status: z.string(),
  isolate: z.looseObject({ lagged: z.number(), refused: z.number() }),
  admission: z.looseObject({ state: z.string() }),
});
const health = async () => read(await call("GET", "/events/health", { token: await service() }), 200, healthSchema);

describe("a reader that does not read", () => {
  it("[I1] is ended when it is too far behind, with the place to resume from, and gets every later event then", async () => {
    const before = (await health()).isolate.lagged;
    const slow = await open("slow");
    const other = await open("quick");
    await slow.expect("stream.opened");
    await other.expect("stream.opened");
    const body = "x".repeat(2_000);
    const events = Array.from({ length: 100 }, (_, n) => ({
      key: `s${n}`,
      to: { user: "slow" },
      type: "system.notification",
      data: { title: String(n), body: body.repeat(7).slice(0, 2_000) },
    }));
    for (let round = 0; round < 8; round += 1)
      await publish(events.map((event) => ({ ...event, key: `${event.key}.${round}` })));
    // Somebody else is not kept waiting.
    await publish([note("quick", "in time")]);
    await other.expect("system.notification");
    // Three beats with the same bytes before it.
    await vi.waitFor(async () => expect((await health()).isolate.lagged).toBe(before + 1), {
      timeout: 10_000,
      interval: 200,
    });

    const seen = await slow.until(({ event }) => event === "stream.lagged");
    const lagged = seen.at(-1);
    expect(await ends(slow)).toBe(true);
    expect(seen.length).toBeLessThan(600);
    const last = seen.at(-2)?.id;
    expect(lagged).toMatchObject({ id: last, data: { resume_from: last } });
    const again = await open("slow", lagged?.id);
    expect((await again.expect("stream.resumed")).data).toMatchObject({
      recovered: true,
      missed: 800 - (seen.length - 1),
    });
    let count = 0;
    for (; count < 800 - (seen.length - 1); count += 1) await again.expect("system.notification");
  });
});

describe("the life of a stream", () => {
  it("ends after a time, and says when to connect again", async () => {
    const reader = new StreamReader(
      await openUnder("mortal", { STREAM_LIFETIME_SECONDS: "0.5", HEARTBEAT_SECONDS: "0.2" }),
    );
    const frames = await reader.until(({ event }) => event === "stream.closing");
    expect(frames.at(-1)?.data).toMatchObject({ reason: "lifetime", retry_ms: expect.any(Number) });
    expect(await ends(reader)).toBe(true);
  });
});

/** The texts of a burst of so many messages to everybody, with 1,000 characters each. */
function burst(name: string, count: number, to: object): object[] {
  return Array.from({ length: count }, (_, n) => ({
    key: `${name}-${n}`,
    to,
    type: "system.notification",
    data: { title: `${name} ${n}`, body: "x".repeat(1_000) },
  }));
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name} ${n}`);
/** Reads up to the last message of a burst. */
const readBurst = async (reader: Reader, name: string, count: number) =>
  titlesOf(await reader.until(({ data }) => JSON.stringify(data).includes(`"${name} ${count - 1}"`)));

describe("a burst of the documented size", () => {
  it("[fault 35] of 500 messages to everybody reaches every healthy reader beside one that does not read, and others may still connect", async () => {
    const users = Array.from({ length: 6 }, (_, n) => `burst-${n}`);
    const readers = await Promise.all(users.map((user) => open(user)));
    const deaf = await open("burst-deaf");
    for (const reader of [...readers, deaf]) await reader.expect("stream.opened");
    const before = await health();
    await publish(burst("all", 500, { everyone: true }));
    for (const titles of await Promise.all(readers.map((reader) => readBurst(reader, "all", 500)))) {
      expect(titles).toEqual(numbered("all", 500));
    }
    // Who comes now is taken, and what is said now arrives.
    const newcomer = await open("burst-newcomer");
    await newcomer.expect("stream.opened");
    await publish(burst("after", 1, { everyone: true }));
    for (const reader of [...readers, newcomer]) expect(await readBurst(reader, "after", 1)).toEqual(["after 0"]);
    const after = await health();
    expect(after.isolate.refused).toBe(before.isolate.refused);
    expect(after).toMatchObject({ status: "ok", admission: { state: "open" } });
  });

  it("[fault 35] of 50 events of 15 KB, and then of the largest call, reaches both devices of a user", async () => {
    const [desktop, phone] = [await open("large"), await open("large")];
    for (const reader of [desktop, phone]) await reader.expect("stream.opened");
    const large = (name: string, count: number, letter: string) =>
      Array.from({ length: count }, (_, n) => ({
        key: `${name}-${n}`,
        to: { user: "large" },
        type: "task.progress-completed",
        data: { task_id: `${name}-${n}`, result: letter.repeat(15_000) },
      }));
    for (const [name, count, letter] of [
      ["fifty", 50, "汉"],
      ["most", 500, "x"],
    ] as const) {
      await publish(large(name, count, letter));
      const got = await Promise.all(
        [desktop, phone].map((reader) =>
          reader.until(({ data }) => JSON.stringify(data.data).includes(`"${name}-${count - 1}"`)),
        ),
      );
      for (const frames of got) {
        expect(frames.map(({ event }) => event)).toEqual(Array(count).fill("task.progress-completed"));
      }
    }
  }, 60_000);

  it("[fault 35] of many small calls, faster than a reader reads, is sent to it from the log", async () => {
    const reader = await open("trickle");
    await reader.expect("stream.opened");
    for (let round = 0; round < 12; round += 1) await publish(burst(`r${round}`, 100, { user: "trickle" }));
    const titles = titlesOf(await reader.until(({ data }) => JSON.stringify(data).includes('"r11 99"')));
    expect(titles).toEqual(Array.from({ length: 12 }, (_, round) => numbered(`r${round}`, 100)).flat());
  });
});

describe("the limit of two streams", () => {
  it("[fault 36] ends the stream that does not answer, not the oldest, and a live desktop stays", async () => {
    const desktop = await open("capped");
    await desktop.expect("stream.opened");
    const deaf = await open("capped");
    await deaf.expect("stream.opened");
    await publish(burst("flood", 400, { user: "capped" }));
    await readBurst(desktop, "flood", 400);
    const third = await open("capped");
    await third.expect("stream.opened");
    await publish([note("capped", "on")]);
    expect(titlesOf([await desktop.expect("system.notification")])).toEqual(["on"]);
    expect(titlesOf([await third.expect("system.notification")])).toEqual(["on"]);
    const told = await deaf.until(({ event }) => event.startsWith("stream."));
    expect(told.at(-1)?.event).toMatch(/^stream\.(evicted|lagged)$/);
    expect(await ends(deaf)).toBe(true);
  });

  it("[fault 36] ends a stream whose reader has read nothing at all, however little was sent", async () => {
    const desktop = await open("quiet");
    await desktop.expect("stream.opened");
    const deaf = await open("quiet");
    for (let beat = 0; beat < 6; beat += 1) await desktop.expect("stream.heartbeat");
    const third = await open("quiet");
    await third.expect("stream.opened");
    await publish([note("quiet", "on")]);
    expect(titlesOf([await desktop.expect("system.notification")])).toEqual(["on"]);
    await deaf.until(({ event }) => event === "stream.evicted");
  });

  it("[fault 36] lets a client that comes back replace its own dead stream", async () => {
    const openAs = async (client: string) =>
      new StreamReader(await call("GET", `/events/stream?sse_token=${await streamToken("roamer")}&client=${client}`));
    const desktop = await openAs("desktop");
    await desktop.expect("stream.opened");
    const phone = await openAs("phone");
    await phone.expect("stream.opened");
    const again = await openAs("phone");
    await again.expect("stream.opened");
    await publish([note("roamer", "on")]);
    expect(titlesOf([await desktop.expect("system.notification")])).toEqual(["on"]);
    expect(titlesOf([await again.expect("system.notification")])).toEqual(["on"]);
    expect((await phone.expect("stream.evicted")).data).toEqual({ reason: "replaced" });
  });

  it("[fault 36] evicts nobody for a client that asks for a free place only; this client is told to come later", async () => {
    const [first, second] = [await open("roomy"), await open("roomy")];
    await first.expect("stream.opened");
    await second.expect("stream.opened");
    const path = async () => `/events/stream?sse_token=${await streamToken("roomy")}&if_room=true`;
    const full = await call("GET", await path());
    expect(Number(full.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await problem(full, 429)).toMatchObject({ code: "rate_limited" });
    await publish([note("roomy", "on")]);
    await first.expect("system.notification");
    await second.expect("system.notification");
    await first.leave();
    await vi.waitFor(
      async () => {
        const answer = await call("GET", await path());
        expect(answer.status).toBe(200);
        await new StreamReader(answer).expect("stream.opened");
      },
      { timeout: 10_000, interval: 300 },
    );
  });
});

describe("the limits of a log", () => {
  const ticks = (user: string, from: number, count: number, done: number) =>
    Array.from({ length: count }, (_, n) => ({
      to: { user },
      type: "task.progress-updated",
      data: { task_id: `t${from + n}`, done },
    }));
  const rowsOf = (user: string) =>
    runInDurableObject(channelOf(user), (_channel, state) =>
      state.storage.sql
        .exec<{ rows: number; trim: number | null }>(
          `SELECT (SELECT count(*) FROM log) + (SELECT count(*) FROM ticks) AS rows,
                  (SELECT at FROM due_times WHERE name = 'trim') AS trim`,
        )
        .one(),
    );

  it("[fault 40] also hold for progress events", async () => {
    for (let from = 0; from < 2_500; from += 500) await publish(ticks("ticks", from, 500, 1));
    expect((await rowsOf("ticks")).rows).toBeLessThanOrEqual(2_200);
  });

  it("[fault 40] do not trim a log that is not full at each append, however high its counter is", async () => {
    for (let round = 1; round <= 5; round += 1) {
      await publish(ticks("counted", 0, 500, round));
      advanceClock(1_500);
    }
    const { rows, trim } = await rowsOf("counted");
    expect(rows).toBe(500);
    expect(trim).toBeGreaterThan(Date.now() + 3_600_000);
  });

  it("[fault 40] are counted in bytes and in rows", async () => {
    const data = JSON.stringify({ course_id: "c", items: ["汉".repeat(5_000)] });
    const event = {
      type: "unlock.changed",
      level: "info",
      priority: "normal",
      roles: null,
      subject: null,
      topic: null,
    } as const;
    for (let round = 0; round < 4; round += 1) {
      const events = Array.from({ length: 500 }, (_, n) => ({ ...event, key: `${round}-${n}`, data }));
      await channelOf("heavy").publish(events);
    }
    const { n, bytes } = await runInDurableObject(channelOf("heavy"), (_channel, state) =>
      state.storage.sql
        .exec<{ n: number; bytes: number }>("SELECT count(*) AS n, sum(octet_length(data)) AS bytes FROM log")
        .one(),
    );
    expect(bytes).toBeLessThanOrEqual(22_000_000);
    expect(n).toBeGreaterThan(1_000);
  });

  it("[fault 40] never trim events that are pending for D1, and trim them afterwards", async () => {
    const rows = async () => (await rowsOf("behind")).rows;
    const event = {
      type: "system.notification",
      level: "info",
      priority: "normal",
      roles: null,
      subject: null,
      topic: null,
    } as const;
    const events = Array.from({ length: 2_300 }, (_, n) => ({ ...event, key: `o${n}`, data: '{"title":"t"}' }));
    await channelOf("behind").publish(events);
    await vi.waitFor(async () => expect(await rows()).toBeLessThanOrEqual(2_000), { timeout: 10_000 });
    const mark = await runInDurableObject(channelOf("behind"), (_channel, state) =>
      state.storage.sql
        .exec<{ archived: number; floor: number }>("SELECT (SELECT seq FROM archive) AS archived, floor FROM log_state")
        .one(),
    );
    expect(mark.archived).toBeGreaterThanOrEqual(mark.floor);
  });
});

describe("the admission of streams", () => {
  it("refuses too many streams, in all and from one address, and says when to come back", async () => {
    const reader = new StreamReader(await openUnder("first", { MAX_STREAMS_PER_ADDRESS: "1" }, "192.0.2.7"));
    await reader.expect("stream.opened");
    const perAddress = await openUnder("second", { MAX_STREAMS_PER_ADDRESS: "1" }, "192.0.2.7");
    expect(Number(perAddress.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await problem(perAddress, 429)).toMatchObject({ code: "rate_limited" });
    const inAll = await openUnder("third", { MAX_STREAMS: "1" });
    expect(Number(inAll.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await problem(inAll, 503)).toMatchObject({ code: "unavailable" });
    // A client that has gone is noticed at the next beat, and its place is free again.
    await reader.leave();
    await vi.waitFor(
      async () => {
        const again = await openUnder("second", { MAX_STREAMS_PER_ADDRESS: "1" }, "192.0.2.7");
        expect(again.status).toBe(200);
        await new StreamReader(again).expect("stream.opened");
      },
      { timeout: 5_000 },
    );
  });
});
