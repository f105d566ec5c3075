import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EdgeEntry, edgeEntry, edgeKey, mayShow } from "../../../src/enrollment/edge/entry.ts";
import { EdgeMemory } from "../../../src/enrollment/edge/memory.ts";
import type { ReadRequest, SnapshotInfo } from "../../../src/mirror/contract.ts";

const INSTANT = "2026-01-01T00:00:00.000Z";
const snapshot = (over: Partial<SnapshotInfo> = {}): SnapshotInfo => ({
  version: 1,
  source: "snapshot",
  computed_at: INSTANT,
  progress_seq: 0,
  policy_seq: 0,
  course_version: 1,
  engine: 1,
  valid_until: null,
  ...over,
});
const entry = (asOf: number, bytes = 1_000, over: Partial<SnapshotInfo> = {}): EdgeEntry => ({
  asOf,
  etag: '"e"',
  snapshot: snapshot({ source: "edge", ...over }),
  validUntil: Number.POSITIVE_INFINITY,
  content: { kind: "body", body: new Uint8Array(0) },
  bytes,
});
const request = (over: Partial<ReadRequest> = {}): ReadRequest => ({
  pointer: { version: 1, activation: 1, last_relock: 0 },
  want: { kind: "chapters", after: null, limit: 50 },
  language: "en",
  zone: null,
  min_seq: null,
  at: null,
  if_none_match: null,
  ...over,
});

describe("the memory of an isolate", () => {
  it("[I11] stays within its limits, whatever is read and written", () => {
    const deed = fc.record({
      enrollment: fc.nat(40),
      key: fc.nat(12),
      bytes: fc.integer({ min: 1, max: 4_000 }),
      isWrite: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 400 }), (deeds) => {
        const bounds = { bytes: 20_000, enrollments: 10, answers: 4, writes: 7 };
        const memory = new EdgeMemory(bounds);
        for (const [at, { enrollment, key, bytes, isWrite }] of deeds.entries()) {
          if (isWrite) memory.forget(`e${enrollment}`, at);
          else memory.set(`e${enrollment}`, `k${key}`, entry(at, bytes));
          expect(memory.size.bytes).toBeLessThanOrEqual(bounds.bytes);
          expect(memory.size.enrollments).toBeLessThanOrEqual(bounds.enrollments);
          expect(memory.size.writes).toBeLessThanOrEqual(bounds.writes);
        }
        let held = 0;
        for (let number = 0; number <= 40; number += 1) {
          const kept = Array.from({ length: 13 }, (_, key) => memory.get(`e${number}`, `k${key}`)).filter(Boolean);
          expect(kept.length).toBeLessThanOrEqual(bounds.answers);
          held += kept.reduce((sum, one) => sum + (one?.bytes ?? 0), 0);
        }
        expect(memory.size.bytes).toBe(held);
      }),
    );
  });

  it("[I3] never keeps an answer that was requested before an own write, even when it does not know which write any more", () => {
    const deed = fc.record({ enrollment: fc.nat(8), isWrite: fc.boolean(), late: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 200 }), (deeds) => {
        const memory = new EdgeMemory({ bytes: 1e6, enrollments: 5, answers: 4, writes: 2 });
        const written = new Map<string, number>();
        for (const [now, { enrollment, isWrite, late }] of deeds.entries()) {
          const id = `e${enrollment}`;
          if (isWrite) {
            memory.forget(id, now);
            written.set(id, now);
          } else memory.set(id, "k", entry(now - late));
          for (const [other, at] of written) {
            const asOf = memory.get(other, "k")?.asOf;
            if (asOf !== undefined) expect(asOf).toBeGreaterThan(at);
          }
        }
      }),
    );
  });

  it("drops answers of another version of the snapshot after an exact read has seen a new version", () => {
    const memory = new EdgeMemory();
    memory.set("e", "a", entry(3, 10, { version: 1 }));
    memory.seen("e", 1, 5);
    expect(memory.get("e", "a")?.asOf).toBe(3);
    memory.seen("e", 2, 5);
    expect([memory.get("e", "a"), memory.size.bytes]).toEqual([undefined, 0]);
    // What the location's cache holds may be from before, too; what the read itself brought is not.
    expect([memory.isAfterWrites("e", 4), memory.isAfterWrites("e", 5)]).toEqual([false, true]);
  });

  it("refuses an answer that would remove most of the others", () => {
    const memory = new EdgeMemory({ bytes: 8_000, enrollments: 5, answers: 4, writes: 2 });
    expect([memory.set("e", "k", entry(1, 1_001)), memory.set("e", "k", entry(1, 1_000))]).toEqual([false, true]);
  });
});

describe("an answer that may be shown again", () => {
  it("[I7] is never older than requested, never past a date of the course, and never from before the caller's write", () => {
    const numbers = { asOf: fc.nat(1_000), now: fc.nat(1_000), maxAgeMs: fc.nat(500) };
    const sequences = { has: fc.nat(5), minSeq: fc.option(fc.nat(5)), validUntil: fc.option(fc.nat(1_000)) };
    fc.assert(
      fc.property(fc.record({ ...numbers, ...sequences }), ({ asOf, now, maxAgeMs, has, minSeq, validUntil }) => {
        const one = { ...entry(asOf, 1, { progress_seq: has }), validUntil: validUntil ?? Number.POSITIVE_INFINITY };
        const isTrue =
          now >= asOf &&
          now - asOf <= maxAgeMs &&
          (validUntil === null || now < validUntil) &&
          (minSeq === null || has >= minSeq);
        expect(mayShow(one, { maxAgeMs, minSeq }, now)).toBe(isTrue);
      }),
    );
  });

  it("comes from the object itself, is complete, and is not known to be out of date", () => {
    const body = (of: SnapshotInfo) => new TextEncoder().encode(`{"results":[],"snapshot":${JSON.stringify(of)}}`);
    const answer = (of: SnapshotInfo) =>
      ({ unchanged: false, etag: '"e"', snapshot: of, content: { kind: "body", body: body(of) } }) as const;
    const kept = edgeEntry(answer(snapshot()), Date.parse(INSTANT));
    const text = kept?.content.kind === "body" ? new TextDecoder().decode(kept.content.body) : "";
    expect(JSON.parse(text)).toEqual({ results: [], snapshot: { ...snapshot(), source: "edge", as_of: INSTANT } });
    for (const of of [
      snapshot({ source: "realtime" }),
      snapshot({ source: "staff" }),
      snapshot({ stale_since: INSTANT }),
    ]) {
      expect(edgeEntry(answer(of), 0)).toBeNull();
    }
    expect(edgeEntry({ ...answer(snapshot()), snapshot: snapshot({ version: 2 }) }, 0)).toBeNull();
    expect(edgeEntry({ unchanged: true, etag: '"e"', snapshot: snapshot() }, 0)).toBeNull();
    const explanation = { item: "a.b", is_locked: false, conditions: [], reasons: [], to_unlock: [], do_next: [] };
    const item = {
      kind: "item",
      row: "{}",
      is_open: true,
      explanation: { ...explanation, sentence: { en: "", zh: "" } },
    };
    expect(edgeEntry({ ...answer(snapshot()), content: { ...item, kind: "item" } }, 0)).toBeNull();
  });

  it("has a name that contains every part of the request", () => {
    const pointer = { version: 1, activation: 1, last_relock: 0 };
    const keys = [
      request(),
      request({ pointer: { ...pointer, activation: 2 } }),
      request({ pointer: { ...pointer, version: 2 } }),
      request({ language: "zh" }),
      request({ zone: "Asia/Tokyo" }),
      request({ want: { kind: "chapters", after: null, limit: 51 } }),
      request({ want: { kind: "chapters", after: "1:2", limit: 50 } }),
      request({ want: { kind: "problems", chapter: null, after: null, limit: 50 } }),
      request({ want: { kind: "problems", chapter: "a.b", after: null, limit: 50 } }),
      request({ want: { kind: "states" } }),
      request({ want: { kind: "why", item: "a.b" } }),
      request({ want: { kind: "why", item: "a.c" } }),
    ].map((one) => edgeKey(one, 1));
    expect(new Set([...keys, edgeKey(request(), 2)]).size).toBe(keys.length + 1);
    expect(keys).not.toContain(null);
    expect([edgeKey(request({ pointer: null }), 1), edgeKey(request({ at: 5 }), 1)]).toEqual([null, null]);
  });
});
