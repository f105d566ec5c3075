import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStorage } from "../../../src/client/stream/cursor-store.ts";
import { EventServer } from "../../support/client/event-server.ts";
import { type Listener, listen, pause, stopAll, until } from "../../support/client/stream-bench.ts";
import { FakeBrowser, type FakeTab } from "../../support/client/tabs.ts";

let server: EventServer;
const storage = memoryStorage();

beforeEach(async () => {
  server = await EventServer.start();
});

afterEach(async () => {
  stopAll();
  await server.stop();
  storage.removeItem("latchkey.cursor.ada");
});

function open(tab: FakeTab, own = storage): Listener {
  return listen(server, { surroundings: tab.surroundings, storage: own, pauseWhenHidden: 0.02 });
}

async function twoTabs(browser = new FakeBrowser(), isPhone = false) {
  const [firstTab, secondTab] = [browser.openTab({ isPhone }), browser.openTab({ isPhone })];
  const first = open(firstTab);
  await until("the first is live", () => first.stream.status.state === "live");
  const second = open(secondTab);
  await until("the second is live", () => second.stream.status.state === "live");
  return { first, second, firstTab, secondTab };
}

function publish(...numbers: number[]): void {
  for (const n of numbers) server.publish("system.notification", { title: "t", n });
}

describe("tabs of one browser", () => {
  it("share one stream: followers get the events and see the state of the leader", async () => {
    const { first, second } = await twoTabs();
    expect([first.stream.status.leader, second.stream.status.leader]).toEqual([true, false]);
    publish(1, 2);
    await until("both received it", () => first.numbers.length === 2 && second.numbers.length === 2);
    expect(second.numbers).toEqual([1, 2]);
    expect(server.streams).toBe(1);
    server.always = { answer: "refuse", status: 503, retryAfter: 1 };
    server.cut();
    await until("the follower sees it", () => second.stream.status.state === "reconnecting");
  });

  it("have a new leader when the leader closes; nothing is lost and nothing comes twice", async () => {
    const { first, second } = await twoTabs();
    publish(1);
    await until("both received it", () => second.numbers.length === 1);
    first.stream.stop();
    publish(2);
    await until("the heir leads", () => second.stream.status.leader && second.stream.status.state === "live");
    publish(3);
    await until("all", () => second.numbers.length === 3);
    expect(second.numbers).toEqual([1, 2, 3]);
    expect(second.resets).toEqual([]);
    expect(server.openedWith).toEqual([null, "e1-1.0"]);
  });

  it("a new leader does not handle again an event that it got before the old leader died", async () => {
    const { first, second } = await twoTabs();
    first.stream.on("*", () => new Promise(() => undefined));
    publish(1);
    await until("the follower received it", () => second.numbers.length === 1);
    expect(storage.getItem("latchkey.cursor.ada")).toBe("e1-0.0");
    first.stream.stop();
    publish(2);
    await until("the second", () => second.numbers.includes(2));
    expect(second.numbers).toEqual([1, 2]);
  });

  it("a tab that was frozen is told that it missed events", async () => {
    const { second, secondTab } = await twoTabs();
    secondTab.freeze(true);
    publish(1, 2);
    await pause(20);
    secondTab.freeze(false);
    publish(3);
    await until("the third", () => second.numbers.length === 1);
    expect(second.resets).toEqual([{ reason: "tab", scope: "both" }]);
    expect(second.numbers).toEqual([3]);
  });

  it("a new leader that missed events continues from its own cursor", async () => {
    const { first, second, secondTab } = await twoTabs();
    secondTab.freeze(true);
    publish(1, 2);
    await until("the leader received it", () => first.numbers.length === 2);
    first.stream.stop();
    await until("the heir received it", () => second.numbers.length === 2);
    expect(second.resets).toEqual([]);
    expect(server.openedWith).toEqual([null, "e1-0.0"]);
  });

  it("a follower knows the cursor of the leader without its storage", async () => {
    publish(1, 2);
    const browser = new FakeBrowser();
    const first = open(browser.openTab(), memoryStorage());
    await until("the first is live", () => first.stream.status.state === "live");
    const second = open(browser.openTab(), memoryStorage());
    await until("the second is live", () => second.stream.status.state === "live");
    expect(second.stream.cursor).toBe("e1-2.0");
  });

  it("messages in another format are ignored", async () => {
    const { second, secondTab } = await twoTabs();
    const channel = secondTab.surroundings.openChannel?.("latchkey:ada");
    for (const message of [null, 7, { kind: "event", from: "x" }, { kind: "boo", from: "x" }, { kind: "status" }]) {
      channel?.post(message);
    }
    publish(1);
    await until("the event", () => second.numbers.length === 1);
    expect(second.numbers).toEqual([1]);
    expect(second.resets).toEqual([]);
    expect(second.stream.status).toMatchObject({ state: "live", leader: false });
  });

  it("a retry in a follower is done by the leader", async () => {
    const { first, second } = await twoTabs();
    server.end("stream.evicted", { reason: "too_many_streams" });
    await until("both see it", () => second.stream.status.state === "evicted");
    await pause(30);
    expect(server.openedWith).toHaveLength(1);
    second.stream.retry();
    await until("both live", () => first.stream.status.state === "live" && second.stream.status.state === "live");
    expect(server.openedWith).toHaveLength(2);
  });

  it("on a phone, a hidden leader keeps the stream while another tab is visible", async () => {
    const { first, second, firstTab, secondTab } = await twoTabs(new FakeBrowser(), true);
    firstTab.setVisible(false);
    await pause(60);
    expect(first.stream.status.state).toBe("live");
    secondTab.setVisible(false);
    await until("nobody looks", () => second.stream.status.reason === "hidden");
    await until("closed", () => server.streams === 0);
    secondTab.setVisible(true);
    await until("back", () => second.stream.status.state === "live");
    expect(second.stream.status.leader).toBe(false);
    second.stream.stop();
    await until("nobody is left to look", () => first.stream.status.reason === "hidden");
  });
});

describe("without locks", () => {
  it("every tab leads", async () => {
    const { first, second } = await twoTabs(new FakeBrowser({ locks: false, channels: false }));
    expect([first.stream.status.leader, second.stream.status.leader]).toEqual([true, true]);
    publish(1);
    await until("both received it", () => first.numbers.length === 1 && second.numbers.length === 1);
  });

  it("a tab that was evicted gets its events from another tab", async () => {
    const browser = new FakeBrowser({ locks: false, channels: true });
    const first = open(browser.openTab());
    await until("live", () => first.stream.status.state === "live");
    server.end("stream.evicted", { reason: "too_many_streams" });
    await until("evicted", () => first.stream.status.state === "evicted");
    const second = open(browser.openTab());
    await until("live", () => second.stream.status.state === "live");
    publish(1);
    await until("both received it", () => first.numbers.length === 1 && second.numbers.length === 1);
    expect(first.stream.status).toMatchObject({ state: "live", leader: false });
    expect(server.openedWith).toHaveLength(2);
  });
});
