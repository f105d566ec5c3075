import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCursor, newEpoch, parseCursor } from "../../../src/events/cursor.ts";
import { FrameQueue, FULL_BYTES } from "../../../src/events/frame-queue.ts";
import { frame, preamble } from "../../../src/events/frames.ts";
import { ProgressThrottle, TICK_INTERVAL_MS } from "../../../src/events/progress.ts";
import { eventOf, passes, renderEnvelope } from "../../../src/events/types.ts";

const decoder = new TextDecoder();

/** What an independent parser makes of bytes. */
function parsed(...chunks: Uint8Array[]): EventSourceMessage[] {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message) });
  for (const chunk of chunks) parser.feed(decoder.decode(chunk));
  return messages;
}

/** Text made of everything that could break a frame. */
const hostile = fc
  .array(
    fc.constantFrom("\r", "\n", "\r\n", "\0", "\uFEFF", " ", ":", "data: ", "event: x", "id: 1", "😀", "\u2028", "a"),
  )
  .map((parts) => parts.join(""));

describe("a frame", () => {
  it("without an id does not change the client's cursor", () => {
    expect(decoder.decode(frame("stream.closing", "", "{}"))).toBe("event: stream.closing\ndata: {}\n\n");
  });

  it("stays one frame, whatever text is in any field", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (event, id, data) => {
        const messages = parsed(preamble(1_000), frame(`e${event}`, `i${id}`, data), frame("next", "2", "after"));
        const [first, second] = messages;
        expect(messages).toHaveLength(2);
        expect(first?.data).toBe(data.replace(/\r\n|\r/g, "\n"));
        expect(first?.id).toBe(`i${id.replace(/[\r\n\0]/g, "")}`);
        expect(second).toMatchObject({ event: "next", id: "2", data: "after" });
      }),
    );
  });

  it("has an envelope in one line of JSON, whatever its texts", () => {
    fc.assert(
      fc.property(hostile, (title) => {
        const event = eventOf("system.notification", { title }, { key: null });
        const text = renderEnvelope("id", { ...event, epoch: "e", seq: 1, at: 0 });
        expect(text).not.toMatch(/[\r\n\0]/);
        expect(JSON.parse(text)).toMatchObject({ id: "id", type: "system.notification", data: { title } });
      }),
    );
  });
});

describe("a cursor", () => {
  it("is read as it was written, and no other text is a cursor", () => {
    const epoch = fc.constant(null).map(() => newEpoch());
    const seq = fc.integer({ min: 0, max: 999_999_999_999_999 });
    const position = fc.record({ epoch, seq });
    fc.assert(
      fc.property(position, position, (user, broadcast) => {
        expect(parseCursor(formatCursor({ user, broadcast }))).toEqual({ user, broadcast });
      }),
    );
    for (const text of [
      "",
      "1",
      "abc-1.2",
      `${"a".repeat(16)}-1`,
      `${"a".repeat(16)}--1.2`,
      `${"A".repeat(16)}-1.2`,
      `${"a".repeat(16)}-1.2 `,
    ]) {
      expect(parseCursor(text)).toBeNull();
    }
  });
});

const bytes = (size: number) => new Uint8Array(size);

describe("the queue of a slow reader", () => {
  it("keeps the order, keeps only the latest progress of each task, and drops nothing else", () => {
    const entry = fc.record({ task: fc.constantFrom(null, "a", "b"), size: fc.integer({ min: 1, max: 300 }) });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
        const queue = new FrameQueue();
        for (const [n, { task, size }] of entries.entries())
          queue.push({ id: String(n), bytes: bytes(size).fill(n), task });
        const kept = entries
          .map((item, n) => ({ ...item, n }))
          .filter(({ task, n }) => task === null || !entries.slice(n + 1).some((later) => later.task === task));
        expect(queue.bytes).toBe(kept.reduce((sum, { size }) => sum + size, 0));
        expect(queue.collapsed).toBe(entries.length - kept.length);
        const out: number[] = [];
        let lastId = "";
        for (let chunk = queue.take(); chunk !== null; chunk = queue.take()) {
          out.push(...new Set(chunk.bytes));
          lastId = chunk.id;
        }
        expect(out).toEqual(kept.map(({ n }) => n));
        if (kept.length > 0) expect(lastId).toBe(String(kept.at(-1)?.n));
        expect(queue.bytes).toBe(0);
      }),
    );
  });

  it("[fault 35] is full above its limit of bytes, and never cuts an event", () => {
    const queue = new FrameQueue();
    queue.push({ id: "1", bytes: bytes(FULL_BYTES), task: null });
    expect(queue.isFull).toBe(false);
    queue.push({ id: "2", bytes: bytes(1), task: null });
    expect(queue.isFull).toBe(true);
    expect(queue.bytes).toBe(FULL_BYTES + 1);
  });
});

describe("the throttle of progress", () => {
  const tick = (done: number) => eventOf("task.progress-updated", { task_id: "t", done }, { key: null });

  it("lets one event a second through, and always the last one", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 1, maxLength: 50 }), (gaps) => {
        const throttle = new ProgressThrottle();
        const sent: { at: number; done: number }[] = [];
        const doneOf = (data: string): number => JSON.parse(data).done;
        let now = 1_000_000;
        const runTimer = (until: number) => {
          for (let at = throttle.nextRipe(); at !== null && at <= until; at = throttle.nextRipe()) {
            for (const event of throttle.ripe(at)) sent.push({ at, done: doneOf(event.data) });
          }
        };
        gaps.forEach((gap, n) => {
          now += gap;
          runTimer(now);
          if (throttle.offer("t", tick(n), now)) sent.push({ at: now, done: n });
        });
        runTimer(now + TICK_INTERVAL_MS);
        expect(sent.at(-1)?.done).toBe(gaps.length - 1);
        for (let n = 1; n < sent.length; n += 1) {
          expect((sent[n]?.at ?? 0) - (sent[n - 1]?.at ?? 0)).toBeGreaterThanOrEqual(TICK_INTERVAL_MS);
          expect(sent[n]?.done).toBeGreaterThan(sent[n - 1]?.done ?? -1);
        }
        expect(throttle.nextRipe()).toBeNull();
      }),
    );
  });
});

describe("preferences", () => {
  const event = { type: "system.notification", level: "info", priority: "normal", roles: null, topic: null } as const;
  const wish = { min_level: "info", min_priority: "low", muted_types: [] } as const;

  const muted = { ...wish, muted_types: ["system.notification" as const] };

  it("[I8] no role and no priority opens a topic that was not asked for", () => {
    const forCourse = { ...event, roles: [], topic: "course:algorithms", priority: "high" as const };
    const listener = { role: "admin" as const, preferences: { ...wish, muted_types: [] } };
    expect(passes(forCourse, { ...listener, topics: [] })).toBe(false);
    expect(passes(forCourse, { ...listener, topics: ["course:algebra"] })).toBe(false);
    expect(passes(forCourse, { ...listener, role: "learner", topics: ["course:algorithms"] })).toBe(true);
  });

  it("[I8] no preference and no priority opens events for other roles", () => {
    const forAdmins = { ...event, roles: ["admin" as const], priority: "high" as const };
    expect(passes(forAdmins, { role: "learner", preferences: { ...wish, muted_types: [] }, topics: [] })).toBe(false);
    expect(passes(forAdmins, { role: "admin", preferences: muted, topics: [] })).toBe(true);
    expect(passes(event, { role: "learner", preferences: muted, topics: [] })).toBe(false);
  });
});
