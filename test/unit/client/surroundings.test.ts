// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import { browserSurroundings } from "../../../src/client/stream/surroundings.ts";
import { until } from "../../support/client/stream-bench.ts";

afterEach(() => vi.unstubAllGlobals());

/** A navigator with these parts and no others. */
function deviceWith(parts: object): void {
  vi.stubGlobal("navigator", { onLine: true, ...parts });
}

describe("the browser", () => {
  it("reports when it goes offline and when the page is hidden, until unsubscribed", () => {
    const around = browserSurroundings();
    let heard = 0;
    const stops = [around.onOnline(() => heard++), around.onVisibility(() => heard++)];
    window.dispatchEvent(new Event("offline"));
    document.dispatchEvent(new Event("visibilitychange"));
    expect(heard).toBe(2);
    for (const stop of stops) stop();
    window.dispatchEvent(new Event("online"));
    document.dispatchEvent(new Event("visibilitychange"));
    expect(heard).toBe(2);
    deviceWith({ onLine: false });
    expect(browserSurroundings().isOnline()).toBe(false);
  });

  it("reports another kind of network, but not another estimate of its speed", () => {
    const connection = Object.assign(new EventTarget(), { type: "wifi" });
    deviceWith({ connection });
    let heard = 0;
    browserSurroundings().onNetwork(() => heard++);
    connection.dispatchEvent(new Event("change"));
    expect(heard).toBe(0);
    connection.type = "none";
    connection.dispatchEvent(new Event("change"));
    expect(heard).toBe(0);
    connection.type = "cellular";
    connection.dispatchEvent(new Event("change"));
    expect(heard).toBe(1);
  });

  it("is a phone if it says so, or if its only pointer is a finger", () => {
    deviceWith({ userAgentData: { mobile: true } });
    expect(browserSurroundings().isPhoneLike()).toBe(true);
    deviceWith({ userAgentData: { mobile: false } });
    expect(browserSurroundings().isPhoneLike()).toBe(false);
    deviceWith({});
    vi.stubGlobal("matchMedia", () => ({ matches: true }));
    expect(browserSurroundings().isPhoneLike()).toBe(true);
  });

  it("gives a lock to one tab at a time, and to the next when the first releases it or dies", async () => {
    vi.unstubAllGlobals();
    const held: string[] = [];
    const queue: (() => Promise<void>)[] = [];
    // As the platform does it: the callback holds the lock until its promise settles.
    const locks = {
      request: (_: string, __: unknown, callback: () => Promise<void>) => {
        queue.push(callback);
        if (queue.length === 1) void next();
        return Promise.resolve();
      },
    };
    async function next(): Promise<void> {
      await queue[0]?.();
      queue.shift();
      if (queue.length > 0) void next();
    }
    deviceWith({ locks });
    const { lock } = browserSurroundings();
    const first = new AbortController();
    lock?.("a", first.signal, () => held.push("first"));
    lock?.("a", new AbortController().signal, () => held.push("second"));
    await until("the first holds", () => held.length === 1);
    first.abort();
    await until("the second holds", () => held.length === 2);
    expect(held).toEqual(["first", "second"]);
  });

  it("says so when it has no locks and channels", () => {
    deviceWith({});
    vi.stubGlobal("BroadcastChannel", undefined);
    expect(browserSurroundings()).toMatchObject({ lock: null, openChannel: null });
  });
});
