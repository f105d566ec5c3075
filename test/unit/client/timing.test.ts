// Over 350 lines: the cases share a clock that the tests move.

import { afterEach, describe, expect, it } from "vitest";
import { EventStream } from "../../../src/client/event-stream.ts";
import { memoryStorage } from "../../../src/client/stream/cursor-store.ts";
import type { EventStreamOptions } from "../../../src/client/stream/options.ts";
import { ManualClock } from "../../support/client/manual-clock.ts";
import { FakeBrowser } from "../../support/client/tabs.ts";

// The durations in use, on a clock of our own.

const streams: EventStream[] = [];

afterEach(() => {
  for (const stream of streams.splice(0)) stream.stop();
});

/** How the stream's address answers: with these frames and an open end, or not at all. */
type Opening = string | "refuse" | "hang";

const OPENED = 'event: stream.opened\nid: e1-0.0\ndata: {"head":"e1-0.0"}\n\n';

function bench(opening: () => Opening, options: Partial<EventStreamOptions> = {}) {
  const clock = new ManualClock();
  const opened: number[] = [];
  const polled: number[] = [];
  let end: () => void = () => undefined;
  let push: (text: string) => void = () => undefined;
  const stream = new EventStream({
    baseUrl: "http://latchkey.test",
    getToken: () => "bearer",
    user: "ada",
    // Time and network are the test's own, and a platform's socket would know of neither.
    webSocket: null,
    storage: memoryStorage(),
    surroundings: new FakeBrowser().openTab().surroundings,
    clock,
    fetch: async (input, init) => {
      const url = String(input);
      if (url.endsWith("sse-token")) return Response.json({ sse_token: "t", expires_in: 60, stream_url: "" });
      if (url.includes("/history")) {
        polled.push(clock.now());
        return Response.json({ results: [], cursor: "e1-0.0", next_cursor: null, recovered: true, reset_reason: null });
      }
      opened.push(clock.now());
      const kind = opening();
      if (kind === "refuse") return new Response(null, { status: 500 });
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          if (kind !== "hang") controller.enqueue(new TextEncoder().encode(kind));
          init?.signal?.addEventListener("abort", () => controller.error(new Error("aborted")));
          end = () => controller.close();
          push = (text) => controller.enqueue(new TextEncoder().encode(text));
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
    ...options,
  });
  streams.push(stream);
  stream.start();
  return { clock, stream, opened, polled, end: () => end(), push: (text: string) => push(text) };
}

function gaps(times: number[]): number[] {
  return times.slice(1).map((time, index) => Math.round(time - (times[index] ?? 0)));
}

describe("the waits of the client", () => {
  it("grow with full jitter: half of 0.5, 1, 2, 4, 8 s when the random number is a half", async () => {
    const { clock, opened, stream } = bench(() => "refuse");
    await clock.advance(60_000);
    expect(gaps(opened.slice(0, 6))).toEqual([250, 500, 1_000, 2_000, 4_000]);
    expect(stream.status.state).toBe("polling");
  });

  it("begin with the time in the server's retry", async () => {
    const { clock, opened } = bench(() => "retry: 4000\n\n", { mode: "sse" });
    await clock.advance(200_000);
    // Silent for 55 s each time, then half of 4, 8 and 16 s.
    expect(gaps(opened.slice(0, 4))).toEqual([57_000, 59_000, 63_000]);
  });

  it("do not change when the server asks for no pause", async () => {
    const { clock, opened } = bench(() => "retry: 0\nevent: stream.lagged\ndata: {}\n\n", { mode: "sse" });
    await clock.advance(60_000);
    expect(gaps(opened.slice(0, 5))).toEqual([250, 500, 1_000, 2_000]);
  });

  it("[fault 38] are ten seconds for a first byte, then twenty, then it polls; a slow network is not taken for a proxy", async () => {
    const { clock, opened, stream } = bench(() => "hang");
    await clock.advance(30_249);
    expect(gaps(opened)).toEqual([10_250]);
    expect(stream.status.state).not.toBe("polling");
    await clock.advance(2);
    expect(stream.status.state).toBe("polling");
    // The next try may take longer still.
    await clock.advance(200_000);
    expect(opened.length).toBeGreaterThan(2);

    const slow = bench(() => "hang");
    await slow.clock.advance(8_000);
    slow.push(OPENED);
    await slow.clock.advance(1);
    expect(slow.stream.status.state).toBe("live");
  });

  it("[fault 38] spread returning clients over the whole time in the server's retry", async () => {
    const waits: number[] = [];
    for (let client = 0; client < 40; client += 1) {
      const clock = new ManualClock();
      const one = bench(() => `retry: 12000\n${OPENED}`, { clock });
      await clock.advance(30_000);
      clock.chance = (client + 0.5) / 40;
      one.end();
      await clock.advance(12_000);
      waits.push((one.opened[1] ?? 0) - 30_000);
      one.stream.stop();
    }
    const inSecond = (second: number) => waits.filter((wait) => Math.floor(wait / 1_000) === second).length;
    expect(Math.max(...Array.from({ length: 12 }, (_, second) => inSecond(second)))).toBeLessThanOrEqual(4);
  });

  it("[fault 36] are a minute before it looks for room, then longer; without a network it does not look", async () => {
    const tab = new FakeBrowser().openTab();
    const evicted = 'event: stream.evicted\ndata: {"reason":"too_many_streams"}\n\n';
    let isFirst = true;
    const { clock, opened, polled, stream } = bench(
      () => {
        const opening = isFirst ? OPENED + evicted : "refuse";
        isFirst = false;
        return opening;
      },
      { surroundings: tab.surroundings },
    );
    await clock.advance(1_000);
    expect(stream.status).toMatchObject({ state: "evicted", reason: "too_many_streams" });
    await clock.advance(1_000_000);
    const waits = gaps(opened);
    for (const [at, least] of [60_000, 120_000, 240_000, 300_000].entries()) {
      expect(waits[at]).toBeGreaterThanOrEqual(least);
      expect(waits[at]).toBeLessThan(least + 31_000);
    }
    expect(polled.length).toBeGreaterThan(20);
    const before = [opened.length, polled.length];
    tab.setOnline(false);
    await clock.advance(1_000_000);
    expect([opened.length, polled.length]).toEqual(before);
    expect(stream.status.state).toBe("evicted");
  });

  it("[fault 38] obey Retry-After also when the client begins to poll", async () => {
    const clock = new ManualClock();
    const at: { path: string; time: number }[] = [];
    bench(() => "refuse", {
      clock,
      fetch: async (input) => {
        const url = String(input);
        at.push({ path: url.includes("history") ? "history" : "stream", time: clock.now() });
        if (url.endsWith("sse-token")) return Response.json({ sse_token: "t", expires_in: 60, stream_url: "" });
        return new Response(null, { status: 503, headers: { "retry-after": "20" } });
      },
    });
    await clock.advance(300_000);
    const times = at.map(({ time }) => time);
    const rounds = [...new Set(times)];
    expect(at.some(({ path }) => path === "history")).toBe(true);
    for (const wait of gaps(rounds)) expect(wait).toBeGreaterThanOrEqual(20_000);
  });

  it("end with a new stream after 55 s without a byte", async () => {
    const { clock, stream } = bench(() => OPENED);
    await clock.advance(54_999);
    expect(stream.status.state).toBe("live");
    await clock.advance(1);
    expect(stream.status.state).toBe("reconnecting");
    await clock.advance(500);
    expect(stream.status.state).toBe("live");
  });

  it("never end a stream whose heartbeats come in time", async () => {
    const { clock, stream, opened, push } = bench(() => OPENED);
    for (let beat = 0; beat < 20; beat += 1) {
      await clock.advance(50_000);
      push(beat % 2 === 0 ? ":\n\n" : 'event: stream.heartbeat\ndata: {"head":"e1-0.0"}\n\n');
    }
    await clock.advance(1);
    expect(stream.status.state).toBe("live");
    expect(opened).toEqual([0]);
  });

  it("obey Retry-After, with jitter, and the client reports that time passed without events", async () => {
    const resets: unknown[] = [];
    const clock = new ManualClock();
    let isFirst = true;
    const opened: number[] = [];
    const { stream } = bench(() => OPENED, {
      clock,
      fetch: async (input) => {
        if (String(input).endsWith("sse-token"))
          return Response.json({ sse_token: "t", expires_in: 60, stream_url: "" });
        opened.push(clock.now());
        if (!isFirst) return new Response(OPENED, { headers: { "content-type": "text/event-stream" } });
        isFirst = false;
        return new Response(null, { status: 429, headers: { "retry-after": "7" } });
      },
    });
    stream.onReset((notice) => resets.push(notice));
    await clock.advance(7_251);
    expect(opened.slice(0, 2)).toEqual([0, 7_250]);
    expect(resets).toEqual([{ reason: "late", scope: "both" }]);
  });

  it("between polls grow from 2 s to 30 s while there is nothing new", async () => {
    const { clock, polled } = bench(() => "refuse", { mode: "polling" });
    await clock.advance(300_000);
    const waits = gaps(polled);
    expect(waits.slice(0, 3)).toEqual([3_000, 4_500, 6_750]);
    expect(waits.at(-1)).toBe(30_000);
    expect(Math.max(...waits)).toBe(30_000);
  });

  it("before the stream is tried again grow from half a minute to five minutes", async () => {
    const { clock, opened } = bench(() => "refuse");
    await clock.advance(3_000_000);
    const probes = gaps(opened.slice(5));
    // A probe waits for the poll before it, so up to 30 s more than its own time.
    for (const [index, wanted] of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000].entries()) {
      expect(probes[index]).toBeGreaterThanOrEqual(wanted);
      expect(probes[index]).toBeLessThan(wanted + 31_000);
    }
  });

  it("begin again at the shortest after a stream of five seconds, and not after a shorter one", async () => {
    const short = bench(() => OPENED);
    for (let cut = 0; cut < 6; cut += 1) {
      await short.clock.advance(100);
      short.end();
      await short.clock.advance(250 * 2 ** cut);
    }
    expect(short.stream.status.state).toBe("polling");
    const long = bench(() => OPENED);
    for (let cut = 0; cut < 12; cut += 1) {
      await long.clock.advance(5_000);
      long.end();
      await long.clock.advance(300);
      expect(long.stream.status.state).toBe("live");
    }
  });

  it("close the stream of a phone that was hidden for 30 s without a break", async () => {
    const tab = new FakeBrowser().openTab({ isPhone: true });
    const { clock, stream } = bench(() => OPENED, { surroundings: tab.surroundings });
    await clock.advance(1_000);
    tab.setVisible(false);
    await clock.advance(29_000);
    tab.setVisible(true);
    tab.setVisible(false);
    await clock.advance(29_999);
    expect(stream.status.state).toBe("live");
    await clock.advance(1);
    expect(stream.status).toMatchObject({ state: "offline", reason: "hidden" });
  });

  it("are left out while a poll brings more: the pages of a backlog follow at once", async () => {
    const storage = memoryStorage();
    storage.setItem("latchkey.cursor.ada", "p0");
    const at: number[] = [];
    const clock = new ManualClock();
    const { stream } = bench(() => "refuse", {
      mode: "polling",
      storage,
      clock,
      fetch: async (input) => {
        at.push(clock.now());
        const page = Number(new URL(String(input)).searchParams.get("since_id")?.slice(1)) + 1;
        const next_cursor = page < 4 ? `p${page}` : null;
        return Response.json({ results: [], cursor: `p${page}`, next_cursor, recovered: true, reset_reason: null });
      },
    });
    await clock.advance(1);
    expect(at).toEqual([0, 0, 0, 0]);
    expect(stream.cursor).toBe("p4");
  });

  it("go on after an answer that is not a page of the history", async () => {
    const page = { results: [{ id: 7 }], cursor: "c", next_cursor: null, recovered: true };
    for (const body of [page, { ...page, results: [], cursor: 1 }, [], "<html>"]) {
      const { clock, stream } = bench(() => "refuse", { mode: "polling", fetch: async () => Response.json(body) });
      await clock.advance(30_000);
      expect(stream.status).toMatchObject({ state: "offline", reason: "unreachable" });
    }
  });

  it("before the next try of the stream obey the Retry-After of the last try", async () => {
    let wait = "";
    const clock = new ManualClock();
    const opened: number[] = [];
    bench(() => "refuse", {
      clock,
      fetch: async (input) => {
        const url = String(input);
        if (url.endsWith("sse-token")) return Response.json({ sse_token: "t", expires_in: 60, stream_url: "" });
        if (url.includes("/history")) return new Response(null, { status: 304 });
        opened.push(clock.now());
        return new Response(null, { status: 503, headers: wait === "" ? {} : { "retry-after": wait } });
      },
    });
    await clock.advance(20_000);
    wait = "200";
    await clock.advance(400_000);
    expect(gaps(opened)[6]).toBeGreaterThanOrEqual(200_000);
  });

  it("end at once when the network changes while polling, and when the server answers again", async () => {
    const tab = new FakeBrowser().openTab();
    const { clock, opened } = bench(() => "refuse", { surroundings: tab.surroundings });
    await clock.advance(20_000);
    expect(opened).toHaveLength(6);
    tab.changeNetwork();
    await clock.advance(1);
    expect(opened).toHaveLength(7);

    let isDown = true;
    const down = new ManualClock();
    const tries: number[] = [];
    const { stream } = bench(() => "refuse", {
      clock: down,
      fetch: async (input) => {
        if (isDown) throw new TypeError("unreachable");
        if (String(input).endsWith("sse-token")) tries.push(down.now());
        return new Response(null, { status: 304 });
      },
    });
    await down.advance(400_000);
    expect(stream.status).toMatchObject({ state: "offline", reason: "unreachable" });
    isDown = false;
    await down.advance(61_000);
    expect(tries.length).toBeGreaterThan(0);
  });

  it("do not matter to a stopped stream: events in the same chunk after the stop are not delivered", async () => {
    const event = (n: number) => {
      const data = { id: `e1-${n}.0`, type: "system.notification", data: { n } };
      return `event: system.notification\nid: e1-${n}.0\ndata: ${JSON.stringify(data)}\n\n`;
    };
    const { clock, stream } = bench(() => OPENED + event(1) + event(2));
    const heard: string[] = [];
    stream.on("*", ({ id }) => {
      heard.push(id);
      stream.stop();
    });
    await clock.advance(10);
    expect(heard).toEqual(["e1-1.0"]);
  });

  it("ignore a Retry-After of a day", async () => {
    let isFirst = true;
    const { clock, opened } = bench(() => "hang", {
      mode: "sse",
      fetch: async (input) => {
        if (String(input).endsWith("sse-token"))
          return Response.json({ sse_token: "t", expires_in: 60, stream_url: "" });
        opened.push(clock.now());
        if (!isFirst) return new Response(null, { status: 500 });
        isFirst = false;
        return new Response(null, { status: 503, headers: { "retry-after": "86400" } });
      },
    });
    await clock.advance(301_000);
    expect(gaps(opened)[0]).toBe(300_250);
  });
});
