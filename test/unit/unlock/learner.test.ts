import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compile,
  type Fact,
  isView,
  layOut,
  mergeFact,
  NO_FACT,
  percentOf,
  sameFact,
  setFact,
} from "../../../src/unlock/index.ts";
import { EPOCH, learnerRecord, outline, override, problem } from "../../support/unlock/courses.ts";

const news = fc.record({
  at: fc.integer({ min: EPOCH, max: EPOCH + 20 }),
  completed: fc.boolean(),
  score: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
  viewed: fc.boolean(),
  submitted: fc.boolean(),
  contributed: fc.boolean(),
  how: fc.option(fc.constantFrom("told" as const, "marked" as const, "passed" as const)),
  outcome: fc.option(fc.constantFrom("passed" as const, "failed" as const)),
  points: fc.option(fc.record({ points: fc.nat({ max: 3 }), min: fc.constantFrom(-1, 0), max: fc.constantFrom(0, 3) })),
});
const facts = fc.array(news, { maxLength: 6 }).map((list) => list.reduce(mergeFact, NO_FACT));

describe("mergeFact", () => {
  it("[I5] gives the same fact in whatever order facts arrive", () => {
    fc.assert(
      fc.property(facts, fc.array(news, { maxLength: 6 }), fc.infiniteStream(fc.nat()), (old, list, keys) => {
        const shuffled = list
          .map((entry) => ({ entry, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ entry }) => entry);
        expect(shuffled.reduce(mergeFact, old)).toEqual(list.reduce(mergeFact, old));
      }),
    );
  });

  it("[I5] gives the same fact however often and late a fact is repeated", () => {
    fc.assert(
      fc.property(facts, fc.array(news, { minLength: 1, maxLength: 6 }), (old, list) => {
        const once = list.reduce(mergeFact, old);
        expect([...list, ...list].reduce(mergeFact, old)).toEqual(once);
        for (const entry of list) expect(sameFact(mergeFact(once, entry), once)).toBe(true);
      }),
    );
  });

  it("only adds: the earliest instants, the best score and the completion stay", () => {
    fc.assert(
      fc.property(facts, news, (old, entry) => {
        const merged = mergeFact(old, entry);
        const never = Number.POSITIVE_INFINITY;
        const attempted = Math.min(old.attempted_at ?? never, isView(entry) ? never : entry.at);
        expect(merged.attempted_at).toBe(attempted === never ? null : attempted);
        const completed = Math.min(old.completed_at ?? never, entry.completed ? entry.at : never);
        expect(merged.completed_at).toBe(completed === never ? null : completed);
        const best = Math.max(old.best_score ?? -1, entry.score ?? -1);
        expect(merged.best_score).toBe(best === -1 ? null : best);
      }),
    );
  });

  it("keeps the latest outcome, the better one of two at one instant, and the points of the best attempt", () => {
    const merged = (...list: Parameters<typeof mergeFact>[1][]) => list.reduce(mergeFact, NO_FACT);
    const told = (at: number, outcome: "passed" | "failed" | null, score: number | null = null) => ({
      at,
      completed: outcome === "passed",
      score,
      outcome,
    });
    expect(merged(told(1, "passed"), told(2, "failed"))).toMatchObject({ outcome: "failed", completed_at: 1 });
    expect(merged(told(2, "failed"), told(2, "passed"), told(3, null))).toMatchObject({
      outcome: "passed",
      outcome_at: 2,
    });
    const points = (score: number) => ({ ...told(1, null, score), points: { points: score / 10, min: 0, max: 10 } });
    expect(merged(points(60), points(40))).toMatchObject({ best_score: 60, points: 6, points_max: 10 });
    expect(merged(points(60), told(1, null, 90)).points).toBeUndefined();
    expect(percentOf({ points: 5, min: -10, max: 10 })).toBe(75);
    expect(percentOf({ points: 5, min: 5, max: 5 })).toBeNull();
  });

  it("does not count opening an item as an attempt, and keeps the first time of each", () => {
    const look = { at: 2, completed: false, score: null, viewed: true };
    expect(mergeFact(NO_FACT, look)).toEqual({ ...NO_FACT, viewed_at: 2 });
    expect(mergeFact(mergeFact(NO_FACT, look), { ...look, at: 1, submitted: true })).toMatchObject({
      attempted_at: 1,
      viewed_at: 1,
      submitted_at: 1,
    });
  });

  it("tells a score of 0 from no score", () => {
    expect(mergeFact(NO_FACT, { at: EPOCH, completed: false, score: 0 }).best_score).toBe(0);
    expect(mergeFact(NO_FACT, { at: EPOCH, completed: true, score: null }).best_score).toBeNull();
  });
});

describe("sameFact", () => {
  it("finds a difference in each part of a fact", () => {
    const fact: Fact = { attempted_at: 1, completed_at: 2, best_score: 3 };
    expect(sameFact(fact, { ...fact })).toBe(true);
    expect(sameFact(fact, { ...fact, attempted_at: null })).toBe(false);
    expect(sameFact(fact, { ...fact, completed_at: null })).toBe(false);
    expect(sameFact(fact, { ...fact, best_score: null })).toBe(false);
    expect(sameFact(fact, { ...fact, outcome: null, points: null })).toBe(true);
    expect(sameFact(fact, { ...fact, outcome: "failed" })).toBe(false);
    expect(sameFact({ ...fact, outcome: "failed", outcome_at: 1 }, { ...fact, outcome: "failed", outcome_at: 2 })).toBe(
      false,
    );
    expect(sameFact(fact, { ...fact, points: 0 })).toBe(false);
  });
});

describe("layOut", () => {
  const program = compile(outline([], [problem("a", null, { cohort: "evening" }), problem("b")]));

  it("leaves out items that the course version does not have", () => {
    const record = learnerRecord(
      { gone: { attempted_at: 1 }, b: { attempted_at: 2, completed_at: 3, best_score: 4 } },
      { opened: new Set(["demo.gone", "demo.b"]), policy: { overrides: [override("gone", "lock")], cohorts: ["x"] } },
    );
    const learner = layOut(program, record);
    expect([...learner.attemptedAt]).toEqual([Number.NaN, 2]);
    expect([...learner.completedAt]).toEqual([Number.NaN, 3]);
    expect([...learner.bestScore]).toEqual([Number.NaN, 4]);
    expect([...learner.kept]).toEqual([0, 1]);
    expect([...learner.cohorts]).toEqual([0]);
    expect(learner.overrides).toEqual([]);
  });

  it("writes one fact as it would write it among all facts", () => {
    const fact: Fact = { attempted_at: 5, completed_at: null, best_score: 60 };
    const learner = layOut(program, learnerRecord({ a: { attempted_at: 1, completed_at: 1, best_score: 1 } }));
    expect(setFact(program, learner, "demo.a", fact)).toEqual([{ item: 0, completedBefore: 1 }]);
    expect(learner).toEqual(layOut(program, learnerRecord({ a: fact })));
    expect(setFact(program, learner, "demo.gone", fact)).toEqual([]);
  });
});
