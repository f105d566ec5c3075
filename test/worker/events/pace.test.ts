import { describe, expect, it, vi } from "vitest";
import { callWith } from "../../support/worker/faults.ts";
import { problem } from "../../support/worker/http.ts";
import {
  note,
  open,
  publish,
  type StreamReader as Reader,
  StreamReader,
  streamToken,
} from "../../support/worker/streams.ts";

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

describe("a reader that does not read", () => {
  it("[I1] is let go when it is too far behind, told from where to resume, and has everything after it", async () => {
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
  it("ends by itself, with the time after which to come back", async () => {
    const reader = new StreamReader(
      await openUnder("mortal", { STREAM_LIFETIME_SECONDS: "0.5", HEARTBEAT_SECONDS: "0.2" }),
    );
    const frames = await reader.until(({ event }) => event === "stream.closing");
    expect(frames.at(-1)?.data).toMatchObject({ reason: "lifetime", retry_ms: expect.any(Number) });
    expect(await ends(reader)).toBe(true);
  });
});

describe("admission", () => {
  it("refuses what is too much, in all and from one address, and says when to come back", async () => {
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
