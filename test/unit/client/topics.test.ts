import { describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/client/clock.ts";
import { EventsApi } from "../../../src/client/events-api.ts";
import { Transport } from "../../../src/client/rest/transport.ts";
import { readControlFrame } from "../../../src/client/stream/control-frames.ts";

const getToken = async () => "bearer";

/** A server that refuses these topics, and what it was asked. */
function serverRefusing(...refused: string[]) {
  const asked: string[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(String(input));
    const isMint = url.pathname.endsWith("sse-token");
    const topics = isMint
      ? z.object({ topics: z.array(z.string()) }).parse(JSON.parse(String(init?.body ?? '{"topics":[]}'))).topics
      : (url.searchParams.get("topics") ?? "").split(",").filter((topic) => topic !== "");
    asked.push(topics.join(","));
    const errors = topics.flatMap((topic, index) =>
      refused.includes(topic) ? [{ path: `topics[${index}]`, rule: "not_allowed", message: "no" }] : [],
    );
    if (errors.length === 0) return Response.json(isMint ? { sse_token: "t" } : { results: [] });
    const problem = { type: "about:blank", title: "no", status: 403, code: "forbidden", errors, request_id: "r" };
    return Response.json(problem, { status: 403, headers: { "content-type": "application/problem+json" } });
  };
  return {
    asked,
    transport: new Transport({ baseUrl: "http://latchkey.test", getToken, fetch, clock: systemClock() }),
  };
}

describe("topics of a client", () => {
  it("asks again without the refused topics, and names them", async () => {
    const { asked, transport } = serverRefusing("course:gone", "task:nobodys");
    const refused: string[] = [];
    const names = ["course:gone", "course:mine", "task:nobodys"];
    const events = new EventsApi(transport, getToken, { names, onRefused: (gone) => refused.push(...gone) });
    expect(await events.mintToken()).toMatchObject({ ok: true });
    expect(refused).toEqual(["course:gone", "task:nobodys"]);
    expect(asked).toEqual(["course:gone,course:mine,task:nobodys", "course:mine"]);
    await events.mintToken();
    expect(asked.at(-1)).toBe("course:mine");
  });

  it("polls with them, and without them after they are refused", async () => {
    const { asked, transport } = serverRefusing("course:gone");
    const refused: string[] = [];
    const wish = { names: ["course:gone"], onRefused: (gone: readonly string[]) => refused.push(...gone) };
    const events = new EventsApi(transport, getToken, wish);
    const poll = { cursor: "c", etag: null, refresh: false, signal: new AbortController().signal };
    expect((await events.pollHistory(poll)).status).toBe(200);
    expect(asked).toEqual(["course:gone", ""]);
    expect(refused).toEqual(["course:gone"]);
  });

  it("takes the state of a task for its latest event, and that event is delivered once", () => {
    const state = { ref: "e-7", type: "task.progress-updated", at: "", level: "info", priority: "normal", data: {} };
    const frame = { event: "stream.topic", ownId: "e-9.2", data: { topic: "task:t", state } };
    expect(readControlFrame(frame)).toEqual({ kind: "topic", state: { ...state, id: "e-7" } });
    expect(readControlFrame({ ...frame, data: { topic: "task:t", state: null } })).toEqual({
      kind: "topic",
      state: null,
    });
  });
});
