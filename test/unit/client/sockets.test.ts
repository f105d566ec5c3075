import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventStream } from "../../../src/client/event-stream.ts";
import { memoryStorage } from "../../../src/client/stream/cursor-store.ts";
import { EventServer } from "../../support/client/event-server.ts";
import { type Listener, listen, pause, QUICK, stopAll, until } from "../../support/client/stream-bench.ts";

let server: EventServer;

beforeEach(async () => {
  server = await EventServer.start();
});

afterEach(async () => {
  stopAll();
  vi.unstubAllGlobals();
  await server.stop();
});

const TOKEN = "/api/v1/auth/sse-token";
const SOCKET = "/api/v1/events/socket";
const STREAM = "/api/v1/events/stream";
const HISTORY = "/api/v1/events/history";

const withSockets = (options: Parameters<typeof listen>[1] = {}) =>
  listen(server, { webSocket: WebSocket, ...options });

async function live(listener: Listener): Promise<void> {
  await until("live", () => listener.stream.status.state === "live" && server.streams > 0);
}

function publish(...numbers: number[]): void {
  for (const n of numbers) server.publish("system.notification", { title: "t", n });
}

describe("a client on a host with WebSocket", () => {
  it("opens one socket and no stream; events come in order, each once", async () => {
    server.sockets = "open";
    const ada = withSockets();
    await live(ada);
    publish(1, 2);
    server.duplicate();
    publish(3);
    await until("three events", () => ada.numbers.length === 3);
    expect(ada.numbers).toEqual([1, 2, 3]);
    expect(ada.states).toEqual(["connecting", "live"]);
    expect([server.count(SOCKET), server.count(STREAM), server.count(HISTORY)]).toEqual([1, 0, 0]);
  });

  it("continues at its cursor after a cut, again over a socket", async () => {
    server.sockets = "open";
    const ada = withSockets();
    await live(ada);
    publish(1);
    await until("the first", () => ada.numbers.length === 1);
    await pause(QUICK.stableAfter * 2);
    server.cut();
    publish(2);
    await until("the second", () => ada.numbers.length === 2);
    expect(server.openedWith).toEqual([null, "e1-1.0"]);
    expect(server.count(STREAM)).toBe(0);
    expect(ada.resets).toEqual([]);
  });

  it("pings the server, and notices when no answer comes", async () => {
    server.sockets = "open";
    const ada = withSockets({ timing: { socketBeat: 20, heartbeatLate: 150 } });
    await live(ada);
    await pause(400);
    expect(server.texts.filter((text) => text === "head?").length).toBeGreaterThan(3);
    // Nothing but those answers came, and they were enough.
    expect(server.count(SOCKET)).toBe(1);
    server.sockets = "mute";
    await until("another connection", () => server.count(SOCKET) > 1);
  });

  it("sends a receipt after its handlers are done, not before", async () => {
    server.sockets = "open";
    server.wantsReceipts = true;
    const ada = withSockets();
    await live(ada);
    await until("the receipt of the first frame", () => server.texts.includes("ack 1"));
    let finish: () => void = () => undefined;
    ada.stream.on("*", () => new Promise<void>((resolve) => (finish = resolve)));
    publish(1);
    await until("the event", () => ada.numbers.length === 1);
    await pause(20);
    expect(server.texts).not.toContain("ack 2");
    finish();
    await until("its receipt", () => server.texts.includes("ack 2"));
  });

  it("obeys the last frame of the server: it does not connect again after the session ended", async () => {
    server.sockets = "open";
    const ada = withSockets();
    await live(ada);
    server.end("stream.evicted", { reason: "session_ended" });
    await until("evicted", () => ada.stream.status.state === "evicted");
    await pause(50);
    expect([server.count(SOCKET), server.count(STREAM)]).toEqual([1, 0]);
    ada.stream.retry();
    await live(ada);
    expect(server.count(SOCKET)).toBe(2);
  });

  it("reports a message that it cannot read, and continues", async () => {
    server.sockets = "open";
    const faults: unknown[] = [];
    const ada = withSockets({ onError: (fault) => faults.push(fault) });
    await live(ada);
    server.frame("system.notification", { no: "envelope" }, "odd-1.0");
    publish(1);
    await until("the event", () => ada.numbers.length === 1);
    expect(faults).toHaveLength(1);
  });
});

describe("where sockets do not get through, the client streams from the same cursor", () => {
  it.each(["none", "swallow", "mute"] as const)("answered by %s", async (answer) => {
    server.sockets = "open";
    const ada = withSockets({ timing: { firstByte: 100 } });
    await live(ada);
    publish(1);
    await until("the first", () => ada.numbers.length === 1);
    server.sockets = answer;
    server.end("stream.closing", { reason: "restart", retry_ms: 1 });
    await until("a stream", () => server.count(STREAM) === 1);
    await live(ada);
    publish(2);
    await until("the second", () => ada.numbers.length === 2);
    expect(ada.numbers).toEqual([1, 2]);
    expect(server.openedWith.at(-1)).toBe("e1-1.0");
    expect(ada.resets).toEqual([]);
    expect(ada.states).not.toContain("polling");
  });

  it("also when a socket opens and is closed at once", async () => {
    server.sockets = "cut";
    const ada = withSockets({ timing: { stableAfter: 500, probeMin: 60_000, probeMax: 60_000 } });
    await until("a stream", () => server.count(STREAM) === 1 && server.streams === 1);
    publish(1);
    await until("the event", () => ada.numbers.length === 1);
    expect(server.count(SOCKET)).toBe(1);
  });

  it("and tries a socket again only after a while, not at each opening", async () => {
    const ada = withSockets({ timing: { probeMin: 300, probeMax: 300 } });
    await live(ada);
    expect([server.count(SOCKET), server.count(STREAM)]).toEqual([1, 1]);
    server.end("stream.closing", { reason: "restart", retry_ms: 1 });
    await until("the second stream", () => server.count(STREAM) === 2);
    expect(server.count(SOCKET)).toBe(1);
    server.sockets = "open";
    await pause(700);
    server.end("stream.closing", { reason: "restart", retry_ms: 1 });
    await until("a socket", () => server.count(SOCKET) === 2 && server.streams === 1);
    expect(server.count(STREAM)).toBe(2);
    await live(ada);
  });

  it("and each try uses a token of its own", async () => {
    await live(withSockets());
    expect(server.count(TOKEN)).toBe(2);
  });
});

describe("where neither sockets nor streams get through, the client polls from the same cursor", () => {
  it("and uses a socket again when one gets through", async () => {
    server.sockets = "open";
    const ada = withSockets({ timing: { firstByte: 60, firstByteMax: 60 } });
    await live(ada);
    publish(1);
    await until("the first", () => ada.numbers.length === 1);
    server.sockets = "none";
    server.always = { answer: "stall" };
    server.cut();
    await until("polling", () => ada.stream.status.state === "polling");
    publish(2);
    await until("the second", () => ada.numbers.length === 2);
    server.sockets = "open";
    await live(ada);
    publish(3);
    await until("the third", () => ada.numbers.length === 3);
    expect(ada.numbers).toEqual([1, 2, 3]);
    expect(ada.resets).toEqual([]);
  });

  it("also on a host that cannot read answers in pieces: such a host has only sockets", async () => {
    const whole: typeof fetch = async (input, init) => {
      const answer = String(input).includes(STREAM)
        ? new Response("", { headers: { "content-type": "text/event-stream" } })
        : await fetch(input, init);
      return String(input).includes(STREAM) ? Object.defineProperty(answer, "body", { value: undefined }) : answer;
    };
    const ada = withSockets({ fetch: whole });
    await until("polling", () => ada.stream.status.state === "polling");
    expect(ada.stream.status.reason).toBe("not_a_stream");
    server.sockets = "open";
    await live(ada);
    publish(1);
    await until("the event", () => ada.numbers.length === 1);
  });
});

describe("a client without sockets", () => {
  it("streams where the host has no WebSocket", async () => {
    server.sockets = "open";
    vi.stubGlobal("WebSocket", undefined);
    const stream = new EventStream({
      baseUrl: server.url,
      getToken: () => "bearer",
      user: "ada",
      storage: memoryStorage(),
    });
    stream.start();
    await until("a stream", () => server.count(STREAM) === 1 && stream.status.state === "live");
    expect(server.count(SOCKET)).toBe(0);
    stream.stop();
  });

  it.each([
    ["webSocket: null", { webSocket: null }, STREAM],
    ["mode: sse", { mode: "sse" }, STREAM],
    ["mode: polling", { mode: "polling" }, HISTORY],
  ] as const)("opens none when told so by %s", async (_, options, path) => {
    server.sockets = "open";
    withSockets(options);
    await until("another way", () => server.count(path) > 0);
    await pause(30);
    expect(server.count(SOCKET)).toBe(0);
  });

  it("streams when the constructor of WebSocket throws", async () => {
    server.sockets = "open";
    const refused = class {
      constructor() {
        throw new Error("blocked by the page's policy");
      }
    };
    // SAFETY: nothing of it is used: it throws.
    await live(withSockets({ webSocket: refused as unknown as typeof WebSocket }));
    expect([server.count(SOCKET), server.count(STREAM)]).toEqual([0, 1]);
  });
});
