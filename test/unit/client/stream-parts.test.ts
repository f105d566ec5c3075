import { describe, expect, it } from "vitest";
import { readControlFrame } from "../../../src/client/stream/control-frames.ts";
import { GapWatch } from "../../../src/client/stream/gap-watch.ts";
import { RecentIds } from "../../../src/client/stream/recent-ids.ts";
import { userOfToken } from "../../../src/client/token.ts";

describe("the watch for gaps", () => {
  const never = () => false;

  it("asks for a new stream at the second heartbeat that is ahead, once for each head", () => {
    const watch = new GapWatch();
    expect([watch.beat("a", "a", never), watch.beat("b", "a", never), watch.beat("b", "a", never)]).toEqual([
      false,
      false,
      true,
    ]);
    expect([watch.beat("b", "a", never), watch.beat("b", "a", never)]).toEqual([false, false]);
    expect([watch.beat("c", "a", never), watch.beat("d", "a", never)]).toEqual([false, true]);
  });

  it("does nothing when the cursor has reached the first head before the second heartbeat", () => {
    const watch = new GapWatch();
    expect(watch.beat("b", "a", never)).toBe(false);
    expect(watch.beat("c", "b", (id) => id === "b")).toBe(false);
    expect(watch.beat("d", "b", (id) => id === "b")).toBe(true);
  });

  it("does not count a head that the cursor has passed, because the event was faster than the heartbeat", () => {
    const watch = new GapWatch();
    const passed = (id: string) => id === "b";
    expect([watch.beat("b", "c", passed), watch.beat("b", "c", passed)]).toEqual([false, false]);
  });

  it("forgets the heartbeats of the connection before", () => {
    const watch = new GapWatch();
    watch.beat("b", "a", never);
    watch.restart();
    expect(watch.beat("c", "a", never)).toBe(false);
  });
});

describe("recent ids", () => {
  it("are the latest ones, up to a limit", () => {
    const recent = new RecentIds(2);
    for (const id of ["a", "b", "a", "c"]) recent.add(id);
    expect(["a", "b", "c"].map((id) => recent.has(id))).toEqual([true, false, true]);
  });
});

describe("frames about the stream", () => {
  const read = (event: string, data: unknown, ownId: string | null = null) => {
    return readControlFrame({ event, ownId, data });
  };

  it("are not delivered as events", () => {
    expect(read("unlock.changed", {})).toBeNull();
    expect(read("stream.something-new", {})).toEqual({ kind: "unknown" });
    expect(read("stream.heartbeat", null, "e-1.0")).toEqual({ kind: "heartbeat", head: "e-1.0" });
  });

  it.each([
    ["user", "user"],
    ["broadcast", "broadcast"],
    ["both", "both"],
    [["user"], "user"],
    [["user", "broadcast"], "both"],
    [undefined, "both"],
  ])("a reset of scope %j is of %s", (scope, wanted) => {
    const frame = read("stream.reset", { reason: "rewound", scope, head: "h" });
    expect(frame).toEqual({ kind: "reset", head: "h", notice: { reason: "rewound", scope: wanted } });
  });

  it("a closing without a valid time means at once", () => {
    expect(read("stream.closing", { retry_ms: 250 })).toEqual({ kind: "closing", waitMs: 250 });
    for (const retry_ms of [undefined, "soon", -5]) {
      expect(read("stream.closing", { retry_ms })).toEqual({ kind: "closing", waitMs: 0 });
    }
  });
});

describe("the user of a token", () => {
  const token = (claims: unknown) => {
    const bytes = new TextEncoder().encode(JSON.stringify(claims));
    return `h.${btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "")}.s`;
  };

  it("is its subject, in any script; without a subject it is nobody", () => {
    expect(userOfToken(token({ sub: "ada" }))).toBe("ada");
    expect(userOfToken(token({ sub: "李明~~??" }))).toBe("李明~~??");
    for (const odd of [null, "", "opaque", "a.b.c", token({}), token({ sub: 7 }), token(null)]) {
      expect(userOfToken(odd)).toBe("anonymous");
    }
  });
});
