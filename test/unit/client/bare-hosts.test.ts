import { afterEach, describe, expect, it, vi } from "vitest";
import { createClient } from "../../../src/client/create-client.ts";
import { EventStream } from "../../../src/client/event-stream.ts";
import { randomId } from "../../../src/client/random-id.ts";
import { memoryStorage } from "../../../src/client/stream/cursor-store.ts";
import { until } from "../../support/client/stream-bench.ts";

// Hosts that lack what browsers on https have: React Native, and pages that came over plain HTTP.

afterEach(() => vi.unstubAllGlobals());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A page over plain HTTP: chance, but no UUIDs, no locks. */
function plainHttp(): void {
  const { getRandomValues } = crypto;
  vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto) });
  vi.stubGlobal("navigator", { onLine: true });
}

/** React Native: a window without listeners, and much of the web missing. */
function reactNative(): void {
  vi.stubGlobal("window", { navigator: {} });
  vi.stubGlobal("document", {});
  vi.stubGlobal("navigator", { product: "ReactNative" });
  for (const name of ["crypto", "BroadcastChannel", "localStorage", "EventTarget"]) vi.stubGlobal(name, undefined);
}

/** An API of one course and one notification; without streams, as a host without them sees it. */
function api({ hasBodies }: { hasBodies: boolean }) {
  const seen: { url: string; headers: Headers }[] = [];
  const event = { id: "e1-1.0", type: "system.notification", at: "", level: "info", priority: "normal", data: {} };
  const send: typeof fetch = async (input, init) => {
    const url = String(input);
    seen.push({ url, headers: new Headers(init?.headers) });
    if (url.endsWith("sse-token")) return Response.json({ sse_token: "t", expires_in: 60, stream_url: "" });
    if (url.includes("/history")) {
      const results = url.includes("since_id=e1-0.0") ? [event] : [];
      const cursor = results.length > 0 ? "e1-1.0" : (url.match(/since_id=([^&]*)/)?.[1] ?? "e1-0.0");
      return Response.json({ results, cursor, next_cursor: null, recovered: true, reset_reason: null });
    }
    if (!url.includes("/events/stream")) return Response.json({});
    const text = 'event: stream.opened\nid: e1-0.0\ndata: {"head":"e1-0.0"}\n\n';
    const frame = `event: system.notification\nid: e1-1.0\ndata: ${JSON.stringify(event)}\n\n`;
    const headers = { "content-type": "text/event-stream" };
    if (!hasBodies) return Object.defineProperty(new Response("", { headers }), "body", { value: undefined });
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text + frame)),
    });
    return new Response(body, { headers });
  };
  return { seen, fetch: send };
}

const hosts: [string, () => void, boolean][] = [
  ["plain HTTP", plainHttp, true],
  ["React Native", reactNative, false],
];

describe.each(hosts)("in %s", (_, enter, hasBodies) => {
  it("[fault 39] a call sends an idempotency key of its own", async () => {
    enter();
    const { seen, fetch } = api({ hasBodies });
    const client = createClient({ baseUrl: "http://api.test", getToken: () => "bearer", fetch });
    const path = { path: { course: "c" } };
    expect((await client.post("/api/v1/courses/{course}/presence", path)).ok).toBe(true);
    expect((await client.get("/api/v1/courses/{course}/chapters", { ...path, query: { limit: 5 } })).ok).toBe(true);
    expect(seen[0]?.headers.get("idempotency-key")).toMatch(UUID);
    expect(seen[1]?.url).toBe("http://api.test/api/v1/courses/c/chapters?limit=5");
  });

  it("[fault 39] events arrive, and no rejected promise is left unhandled", async () => {
    enter();
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    const faults: unknown[] = [];
    const stream = new EventStream({
      baseUrl: "http://api.test",
      getToken: () => "bearer",
      fetch: api({ hasBodies }).fetch,
      webSocket: null,
      onError: (fault) => faults.push(fault),
      storage: memoryStorage(),
      timing: { backoffBase: 4, pollMin: 10, pollMax: 20 },
    });
    const heard: string[] = [];
    stream.on("*", ({ id }) => heard.push(id));
    stream.start();
    await until("the event, or a rejection that nobody sees", () => heard.length === 1 || unhandled.length > 0);
    expect([unhandled, heard]).toEqual([[], ["e1-1.0"]]);
    expect(stream.status.state).toBe(hasBodies ? "live" : "polling");
    stream.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off("unhandledRejection", note);
    expect([unhandled, faults]).toEqual([[], []]);
  });
});

describe("random ids", () => {
  it("[fault 39] are different UUIDs, with and without `crypto.randomUUID`", () => {
    const ids = new Set<string>();
    for (const enter of [() => undefined, plainHttp, reactNative]) {
      enter();
      for (let n = 0; n < 50; n += 1) ids.add(randomId());
    }
    expect(ids.size).toBe(150);
    for (const id of ids) expect(id).toMatch(UUID);
  });
});
