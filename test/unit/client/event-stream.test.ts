// Over 350 lines: one fake server plays all that can happen to a connection.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventStream } from "../../../src/client/event-stream.ts";
import { memoryStorage } from "../../../src/client/stream/cursor-store.ts";
import { noSurroundings } from "../../../src/client/stream/surroundings.ts";
import { EventServer } from "../../support/client/event-server.ts";
import { type Listener, listen, pause, QUICK, stopAll, until } from "../../support/client/stream-bench.ts";
import { FakeBrowser } from "../../support/client/tabs.ts";

let server: EventServer;

beforeEach(async () => {
  server = await EventServer.start();
});

afterEach(async () => {
  stopAll();
  await server.stop();
});

const STREAM = "/api/v1/events/stream";
const HISTORY = "/api/v1/events/history";

async function live(listener: Listener): Promise<void> {
  await until("live", () => listener.stream.status.state === "live" && server.streams > 0);
}

function publish(...numbers: number[]): void {
  for (const n of numbers) server.publish("system.notification", { title: "t", n });
}

describe("a stream that works", () => {
  it("delivers events in order, to the handlers of their type and to the handlers of all types", async () => {
    const ada = listen(server);
    const tasks: unknown[] = [];
    ada.stream.on("task.progress-updated", (event) => tasks.push(event.data.done));
    await live(ada);
    publish(1, 2);
    server.publish("task.progress-updated", { task_id: "t", done: 7, n: 3 });
    await until("three events", () => ada.numbers.length === 3);
    expect(ada.numbers).toEqual([1, 2, 3]);
    expect(tasks).toEqual([7]);
    expect(ada.states).toEqual(["connecting", "live"]);
    expect(ada.resets).toEqual([]);
  });

  it("delivers a duplicate once", async () => {
    const ada = listen(server);
    await live(ada);
    publish(1);
    server.duplicate();
    publish(2);
    await until("the second event", () => ada.numbers.includes(2));
    expect(ada.numbers).toEqual([1, 2]);
  });

  it("continues after a handler that throws, and after a frame that is not JSON", async () => {
    const faults: unknown[] = [];
    const ada = listen(server, { onError: (fault) => faults.push(fault) });
    ada.stream.on("system.notification", () => {
      throw new Error("mine");
    });
    await live(ada);
    publish(1);
    server.frame("system.notification", undefined, "odd-1.0");
    publish(2);
    await until("the second event", () => ada.numbers.includes(2));
    expect(ada.numbers).toEqual([1, 2]);
    expect(faults).toHaveLength(3);
  });

  it("calls no handler after unsubscribing, and never connects again after stop", async () => {
    const ada = listen(server);
    const heard: unknown[] = [];
    const unsubscribe = ada.stream.on("*", (event) => heard.push(event.id));
    await live(ada);
    publish(1);
    await until("the first", () => heard.length === 1);
    unsubscribe();
    publish(2);
    await until("the second", () => ada.numbers.length === 2);
    expect(heard).toHaveLength(1);
    ada.stream.stop();
    await until("the stream closed", () => server.streams === 0);
    await pause(40);
    expect(ada.stream.status.state).toBe("stopped");
    expect(server.count(STREAM)).toBe(1);
  });
});

describe("handlers", () => {
  it("that are subscribed twice are called twice, and each subscription ends on its own", async () => {
    const ada = listen(server);
    let calls = 0;
    const count = () => {
      calls += 1;
    };
    const first = ada.stream.on("system.notification", count);
    ada.stream.on("system.notification", count);
    await live(ada);
    publish(1);
    await until("two calls", () => calls === 2);
    first();
    publish(2);
    await until("the second event", () => ada.numbers.length === 2);
    expect(calls).toBe(3);
  });

  it("may run longer than the longest silence of the server", async () => {
    const ada = listen(server, { timing: { heartbeatLate: 150 } });
    ada.stream.on("*", () => pause(200));
    await live(ada);
    publish(1);
    await until("handled", () => ada.stream.cursor === "e1-1.0");
    expect(server.count(STREAM)).toBe(1);
    expect(ada.stream.status.state).toBe("live");
  });

  it("may stop the stream: then no further event is delivered", async () => {
    const storage = memoryStorage();
    storage.setItem("latchkey.cursor.ada", "e0-1.0");
    const ada = listen(server, { storage });
    ada.stream.onReset(() => ada.stream.stop());
    await until("the reset", () => ada.resets.length === 1);
    await pause(20);
    expect(ada.states).toEqual(["connecting", "stopped"]);
  });

  it("do not get events twice when the stream is started twice", async () => {
    const ada = listen(server);
    ada.stream.start();
    await live(ada);
    await pause(10);
    expect(server.streams).toBe(1);
  });
});

describe("resuming", () => {
  it("loses and repeats nothing after the connection is cut, and asks for a new token each time", async () => {
    const ada = listen(server);
    await live(ada);
    publish(1);
    await until("the first", () => ada.numbers.length === 1);
    server.cut();
    publish(2, 3);
    await until("what happened meanwhile", () => ada.numbers.length === 3);
    await live(ada);
    publish(4);
    await until("the next", () => ada.numbers.length === 4);
    expect(ada.numbers).toEqual([1, 2, 3, 4]);
    expect(server.openedWith).toEqual([null, "e1-1.0"]);
    expect(server.count("/api/v1/auth/sse-token")).toBe(2);
    expect(ada.states).toEqual(["connecting", "live", "reconnecting", "live"]);
    expect(ada.resets).toEqual([]);
  });

  it("continues after a reload at the cursor of the last page", async () => {
    const storage = memoryStorage();
    const before = listen(server, { storage });
    await live(before);
    publish(1);
    await until("the first", () => before.numbers.length === 1);
    before.stream.stop();
    publish(2);
    const after = listen(server, { storage });
    await until("the second", () => after.numbers.length === 1);
    expect(after.numbers).toEqual([2]);
    const other = listen(server, { storage, user: "bob" });
    await live(other);
    expect(server.openedWith.at(-1)).toBeNull();
  });

  it("stores the cursor only after all handlers have returned, asynchronous ones too", async () => {
    const storage = memoryStorage();
    const ada = listen(server, { storage });
    let finish: () => void = () => undefined;
    ada.stream.on("system.notification", () => new Promise<void>((resolve) => (finish = resolve)));
    await live(ada);
    publish(1);
    await until("the handler runs", () => ada.numbers.length === 1);
    await pause(10);
    expect(storage.getItem("latchkey.cursor.ada")).toBe("e1-0.0");
    finish();
    await until("committed", () => storage.getItem("latchkey.cursor.ada") === "e1-1.0");
  });

  it("reports that events are gone, and continues after them", async () => {
    const ada = listen(server);
    await live(ada);
    server.cut();
    publish(1);
    server.expire();
    await until("the reset", () => ada.resets.length === 1);
    expect(ada.resets).toEqual([{ reason: "expired", scope: "user" }]);
    await live(ada);
    publish(2);
    await until("the next", () => ada.numbers.length === 1);
    expect(ada.numbers).toEqual([2]);
  });

  it("works where storage is forbidden", async () => {
    const refuse = () => {
      throw new Error("forbidden");
    };
    const ada = listen(server, { storage: { getItem: refuse, setItem: refuse, removeItem: refuse } });
    await live(ada);
    publish(1);
    await until("the first", () => ada.numbers.length === 1);
  });
});

describe("frames about the stream", () => {
  it("lagged: the client connects again with its cursor", async () => {
    const ada = listen(server);
    await live(ada);
    server.end("stream.lagged", { resume_from: "e1-0.0" });
    publish(1);
    await until("the event", () => ada.numbers.length === 1);
    expect(server.openedWith).toEqual([null, "e1-0.0"]);
  });

  it("closing: the client connects again after the given time, not earlier", async () => {
    const ada = listen(server, { random: () => 0 });
    await live(ada);
    const closedAt = Date.now();
    server.end("stream.closing", { reason: "restart", retry_ms: 80 });
    await until("the second opening", () => server.count(STREAM) === 2);
    expect(Date.now() - closedAt).toBeGreaterThanOrEqual(78);
  });

  it("evicted: the client does not connect again until it is told to", async () => {
    const ada = listen(server);
    await live(ada);
    server.end("stream.evicted", { reason: "too_many_streams" });
    await until("evicted", () => ada.stream.status.state === "evicted");
    await pause(60);
    expect(server.count(STREAM)).toBe(1);
    expect(server.count(HISTORY)).toBe(0);
    expect(ada.stream.status.reason).toBe("too_many_streams");
    ada.stream.retry();
    await live(ada);
    expect(server.count(STREAM)).toBe(2);
  });

  it("[fault 36] evicted because of too many streams: events arrive late, and the client connects again when there is room", async () => {
    const ada = listen(server, { timing: { returnMin: 200, returnMax: 200, evictedPoll: 20 } });
    await live(ada);
    server.always = { answer: "refuse", status: 429 };
    server.end("stream.evicted", { reason: "too_many_streams" });
    await until("evicted", () => ada.stream.status.state === "evicted");
    publish(1);
    await until("the event, asked for", () => ada.numbers.length === 1);
    expect(ada.stream.status).toMatchObject({ state: "evicted", reason: "too_many_streams" });
    await until("two tries", () => server.count(STREAM) >= 3);
    expect(ada.stream.status.state).toBe("evicted");
    expect(server.queries.slice(1).every((query) => query.get("if_room") === "true")).toBe(true);
    server.always = null;
    await live(ada);
    publish(2);
    await until("the next", () => ada.numbers.length === 2);
    expect(ada.numbers).toEqual([1, 2]);
    const names = new Set(server.queries.map((query) => query.get("client")));
    expect(names.size).toBe(1);
  });

  it("[fault 36] evicted because the session ended: the client does not connect again", async () => {
    const ada = listen(server, { timing: { returnMin: 10, returnMax: 10, evictedPoll: 10 } });
    await live(ada);
    server.end("stream.evicted", { reason: "session_ended" });
    await until("evicted", () => ada.stream.status.state === "evicted");
    await pause(80);
    expect([server.count(STREAM), server.count(HISTORY)]).toEqual([1, 0]);
  });

  it("[fault 37] closed because the role changed: the client connects again and says that everything must be loaded again", async () => {
    const ada = listen(server);
    await live(ada);
    publish(1);
    await until("the event", () => ada.numbers.length === 1);
    server.end("stream.closing", { reason: "role_changed", retry_ms: 5 });
    await until("the reset", () => ada.resets.length === 1);
    expect(ada.resets).toEqual([{ reason: "role", scope: "both" }]);
    await live(ada);
    publish(2);
    await until("the next", () => ada.numbers.length === 2);
  });

  it("two heartbeats with a later cursor than ours: the client opens a new stream and gets the lost events", async () => {
    const ada = listen(server);
    await live(ada);
    server.lost.add("unlock.changed");
    server.publish("unlock.changed", { n: 1 });
    server.heartbeat();
    await pause(20);
    expect(server.count(STREAM)).toBe(1);
    server.heartbeat();
    await until("the lost event", () => ada.numbers.length === 1);
    expect(server.count(STREAM)).toBe(2);
    server.heartbeat();
    server.heartbeat();
    await pause(20);
    expect(server.count(STREAM)).toBe(2);
  });

  it("heartbeats move the cursor past muted events, and no new stream is opened", async () => {
    const ada = listen(server);
    await live(ada);
    server.muted.add("system.error");
    server.publish("system.error");
    server.heartbeat();
    await until("past it", () => ada.stream.cursor === server.head);
    for (let beat = 0; beat < 3; beat += 1) {
      server.publish("system.error");
      server.heartbeat();
    }
    await pause(20);
    expect(server.count(STREAM)).toBe(1);
    expect(ada.numbers).toEqual([]);
  });

  it("heartbeats without an id, ahead because of muted events: one new stream for each head, not more", async () => {
    const ada = listen(server);
    await live(ada);
    server.muted.add("system.error");
    server.publish("system.error");
    server.heartbeat({ withId: false });
    server.heartbeat({ withId: false });
    await until("the second opening", () => server.count(STREAM) === 2 && server.streams === 1);
    for (let beat = 0; beat < 4; beat += 1) server.heartbeat({ withId: false });
    await pause(20);
    expect(server.count(STREAM)).toBe(2);
  });

  it("a heartbeat of the stream before is not counted", async () => {
    const ada = listen(server);
    await live(ada);
    server.frame("stream.heartbeat", { head: "e1-7.0" });
    await pause(20);
    server.cut();
    await until("the second opening", () => server.count(STREAM) === 2 && server.streams === 1);
    server.frame("stream.heartbeat", { head: "e1-8.0" });
    await pause(20);
    expect(server.count(STREAM)).toBe(2);
  });

  it("a reset behind the head: the client continues from the place of the reset, also when it is cut at once", async () => {
    const storage = memoryStorage();
    storage.setItem("latchkey.cursor.ada", server.head);
    server.openings.push({ answer: "mute" });
    const ada = listen(server, { storage });
    await until("opened", () => server.mute !== null);
    server.mute?.write('event: stream.reset\nid: e1-0.5\ndata: {"scope":["user"],"head":"e1-9.9"}\n\n');
    await until("the reset", () => ada.resets.length === 1);
    expect(ada.resets[0]?.scope).toBe("user");
    server.mute?.destroy();
    await until("the second opening", () => server.openedWith.length === 2);
    expect(server.openedWith[1]).toBe("e1-0.5");
  });
});

describe("when no stream gets through", () => {
  it("tries five times, polls from the same cursor, and streams again when a stream gets through", async () => {
    const ada = listen(server);
    await live(ada);
    publish(1);
    await until("the first", () => ada.numbers.length === 1);
    const attempts: number[] = [];
    ada.stream.onStatus((status) => {
      if (status.state === "reconnecting" && attempts.at(-1) !== status.attempt) attempts.push(status.attempt);
    });
    server.always = { answer: "refuse", status: 500 };
    server.cut();
    publish(2, 3, 4, 5, 6);
    await until("polling", () => ada.stream.status.state === "polling");
    await until("all events", () => ada.numbers.length === 6);
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
    await until("an unchanged answer", () => server.notModified.length > 0);
    server.always = null;
    await live(ada);
    publish(7);
    await until("the last", () => ada.numbers.length === 7);
    expect(ada.numbers).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(ada.states).toEqual(["connecting", "live", "reconnecting", "polling", "live"]);
    expect(ada.resets).toEqual([]);
  });

  it("makes all its tries again when `retry` is called while it polls", async () => {
    server.always = { answer: "refuse", status: 500 };
    const ada = listen(server, { timing: { probeMin: 60_000, probeMax: 60_000 } });
    await until("polling", () => ada.stream.status.state === "polling");
    ada.states.length = 0;
    const before = server.count(STREAM);
    ada.stream.retry();
    await until("polling again", () => ada.states.includes("polling"));
    expect(ada.states).toEqual(["connecting", "reconnecting", "polling"]);
    expect(server.count(STREAM) - before).toBe(6);
  });

  it("polls after two openings without a byte, because a proxy buffers", async () => {
    server.always = { answer: "stall" };
    const ada = listen(server, { timing: { firstByte: 50 } });
    await until("polling", () => ada.stream.status.state === "polling");
    expect(server.count(STREAM)).toBe(2);
    await until("a position", () => ada.stream.cursor !== null);
    publish(1);
    await until("the event", () => ada.numbers.length === 1);
  });

  it("does not take an HTML page for a stream", async () => {
    server.openings.push({ answer: "portal" });
    const ada = listen(server);
    await live(ada);
    expect(server.openedWith).toEqual([null, null]);
    expect(ada.states).toEqual(["connecting", "reconnecting", "live"]);
  });

  it("[fault 38] stops on a 204: the server wants no stream, and the client asks nothing more", async () => {
    server.always = { answer: "nothing" };
    const ada = listen(server);
    await until("refused", () => ada.stream.status.state === "refused");
    expect(ada.stream.status.reason).toBe("no_content");
    await pause(100);
    expect([server.count(STREAM), server.count(HISTORY)]).toEqual([1, 0]);
    server.always = null;
    ada.stream.retry();
    await live(ada);
  });

  it("[fault 38] tries three times when it gets pages and no stream; then it polls, or gives up where it may not poll", async () => {
    server.always = { answer: "portal" };
    const ada = listen(server, { timing: { probeMin: 10, probeMax: 10 } });
    await until("polling", () => ada.stream.status.state === "polling");
    await pause(150);
    expect(server.count(STREAM)).toBe(3);
    expect(ada.stream.status).toMatchObject({ state: "polling", reason: "not_a_stream" });
    const before = server.count(STREAM);
    const sse = listen(server, { mode: "sse" });
    await until("refused", () => sse.stream.status.state === "refused");
    expect(sse.stream.status.reason).toBe("not_a_stream");
    await pause(100);
    expect(server.count(STREAM)).toBe(before + 3);
  });

  it("[fault 38] stops where every answer shows that there is no event service", async () => {
    server.always = { answer: "portal" };
    server.historyStatus = 204;
    const ada = listen(server);
    await until("refused", () => ada.stream.status.state === "refused");
    const asked = server.count(HISTORY);
    await pause(150);
    expect(server.count(HISTORY)).toBe(asked);
    expect(server.count(STREAM)).toBe(3);
  });

  it("leaves a stream that opens and then sends nothing", async () => {
    server.openings.push({ answer: "mute" });
    const ada = listen(server, { timing: { heartbeatLate: 150 } });
    await live(ada);
    expect(server.count(STREAM)).toBe(2);
  });

  it("is offline while the history does not answer either, and recovers", async () => {
    server.always = { answer: "refuse", status: 500 };
    server.historyStatus = 500;
    const ada = listen(server);
    await until("offline", () => ada.stream.status.state === "offline");
    expect(ada.stream.status.reason).toBe("unreachable");
    server.historyStatus = 200;
    await until("polling", () => ada.stream.status.state === "polling");
  });

  it("asks for a new bearer token when the old one is refused", async () => {
    const asked: boolean[] = [];
    const getToken = (options?: { refresh: boolean }) => {
      asked.push(options?.refresh === true);
      return "bearer";
    };
    server.historyStatus = 401;
    const ada = listen(server, { mode: "polling", getToken });
    await until("a refresh", () => asked.includes(true));
    expect(asked[0]).toBe(false);
    await until("saying so", () => ada.stream.status.reason === "unauthenticated");
  });
});

describe("modes", () => {
  it("polling never opens a stream, and starts at the present moment, as a stream does", async () => {
    publish(1, 2, 3, 4, 5);
    const ada = listen(server, { mode: "polling" });
    await until("a position", () => ada.stream.cursor === server.head);
    publish(6, 7, 8);
    await until("the new ones", () => ada.numbers.length === 3);
    expect(ada.numbers).toEqual([6, 7, 8]);
    expect(ada.resets).toEqual([]);
    expect(server.count(STREAM)).toBe(0);
    expect(ada.states).toEqual(["connecting", "polling"]);
    server.expire();
    publish(9);
    await until("the next", () => ada.numbers.length === 4);
  });

  it("polling stores the cursor after each event: stopping within a page repeats nothing", async () => {
    const storage = memoryStorage();
    storage.setItem("latchkey.cursor.ada", server.head);
    publish(1, 2);
    const ada = listen(server, { mode: "polling", storage });
    ada.stream.on("*", () => ada.stream.stop());
    await until("the first", () => storage.getItem("latchkey.cursor.ada") === "e1-1.0");
    const again = listen(server, { mode: "polling", storage });
    await until("the second", () => again.numbers.length === 1);
    expect([ada.numbers, again.numbers]).toEqual([[1], [2]]);
  });

  it("polling reports a reset as a stream does", async () => {
    const storage = memoryStorage();
    storage.setItem("latchkey.cursor.ada", "e0-9.0");
    publish(1);
    const ada = listen(server, { mode: "polling", storage });
    await until("the reset", () => ada.resets.length === 1);
    expect(ada.resets[0]?.reason).toBe("expired");
  });

  it("sse never polls", async () => {
    server.always = { answer: "refuse", status: 500 };
    listen(server, { mode: "sse" });
    await until("many tries", () => server.count(STREAM) > 8);
    expect(server.count(HISTORY)).toBe(0);
  });
});

describe("a device", () => {
  it("that is offline waits; when it is online, it connects at once", async () => {
    const tab = new FakeBrowser().openTab();
    const ada = listen(server, { surroundings: tab.surroundings });
    await live(ada);
    tab.setOnline(false);
    await until("closed", () => server.streams === 0);
    expect(ada.stream.status).toMatchObject({ state: "offline", reason: "no_network", attempt: 0 });
    publish(1);
    await pause(40);
    expect(server.count(STREAM)).toBe(1);
    tab.setOnline(true);
    await until("the event", () => ada.numbers.length === 1);
  });

  it("that changes its network leaves the old connection", async () => {
    const tab = new FakeBrowser().openTab();
    const ada = listen(server, { surroundings: tab.surroundings });
    await live(ada);
    tab.changeNetwork();
    await until("the second opening", () => server.count(STREAM) === 2);
    await live(ada);
    expect(server.openedWith[1]).toBe("e1-0.0");
  });

  it("that is a phone closes a hidden stream, and opens it again when the page is visible", async () => {
    const tab = new FakeBrowser().openTab({ isPhone: true });
    const ada = listen(server, { surroundings: tab.surroundings, pauseWhenHidden: 0.03 });
    await live(ada);
    tab.setVisible(false);
    await until("paused", () => ada.stream.status.reason === "hidden");
    await until("closed", () => server.streams === 0);
    publish(1);
    tab.setVisible(true);
    await until("the event", () => ada.numbers.length === 1);
  });

  it("that is a desktop keeps a hidden stream, and so does a phone that is configured to", async () => {
    const desktop = new FakeBrowser().openTab();
    const phone = new FakeBrowser().openTab({ isPhone: true });
    const ada = listen(server, { surroundings: desktop.surroundings, pauseWhenHidden: 0.01 });
    const bob = listen(server, { surroundings: phone.surroundings, pauseWhenHidden: false, user: "bob" });
    await live(ada);
    await live(bob);
    desktop.setVisible(false);
    phone.setVisible(false);
    await pause(50);
    expect([ada.stream.status.state, bob.stream.status.state]).toEqual(["live", "live"]);
  });
});

it("a client starts when there is a token, and stores a separate cursor for each user", async () => {
  let token: string | null = null;
  const storage = memoryStorage();
  const stream = new EventStream({
    baseUrl: server.url,
    getToken: () => token,
    storage,
    timing: QUICK,
    surroundings: noSurroundings(),
    webSocket: null,
  });
  stream.start();
  await pause(20);
  expect(server.count("/api/v1/auth/sse-token")).toBe(0);
  token = `h.${btoa(JSON.stringify({ sub: "carol" }))}.s`;
  await until("live", () => stream.status.state === "live");
  stream.stop();
  expect(storage.getItem("latchkey.cursor.carol")).toBe("e1-0.0");
});
