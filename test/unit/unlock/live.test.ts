import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compile,
  evaluate,
  type Fact,
  latestOf,
  layOut,
  mergeFact,
  type News,
  NO_FACT,
  type Outline,
  type Rule,
  reevaluate,
  setFact,
} from "../../../src/unlock/index.ts";
import { EPOCH, learnerRecord, outline, problem } from "../../support/unlock/courses.ts";
import { explainOne } from "../../support/unlock/explained.ts";

// What was earned by a grade that fell: lost where an item keeps nothing, kept elsewhere.

const scored = (score: number, minute: number, live = true): News => ({
  at: EPOCH + minute * 60_000,
  completed: false,
  score,
  live,
});
const fact = (...news: News[]): Fact => news.reduce(mergeFact, NO_FACT);

function course(rule: Rule, keeps: boolean | undefined, rest: Partial<Outline> = {}): Outline {
  const x = { ...problem("x", null, rule), ...(keeps === undefined ? {} : { keeps }) };
  return { ...outline([], [problem("a"), x], { sticky: false }), ...rest };
}

function isOpen(of: Outline, a: Fact): boolean {
  const program = compile(of);
  return evaluate(program, layOut(program, learnerRecord({ a })), EPOCH).open[1] === 1;
}

describe("a grade that fell", () => {
  const fell = fact(scored(80, 1), scored(40, 2));

  it.each<[string, Rule]>([
    ["score", { score: { item: "demo.a", min: 60 } }],
    ["a range", { score: { item: "demo.a", min: 60, below: 90 } }],
    ["average", { average: { of: ["demo.a"], min: 60 } }],
    ["total", { total: { min: 60 } }],
  ])("does not count any more for `%s` of an item that keeps nothing, and counts elsewhere", (_, rule) => {
    expect(isOpen(course(rule, false), fact(scored(80, 1)))).toBe(true);
    expect(isOpen(course(rule, false), fell)).toBe(false);
    expect(isOpen(course(rule, true), fell)).toBe(true);
    expect(isOpen(course(rule, undefined), fell)).toBe(true);
    expect(isOpen(course({ not: rule }, false), fell)).toBe(true);
  });

  it("follows the platform if the item says nothing: it is lost from Moodle and Open edX, and kept from Canvas and Exercism", () => {
    const rule: Rule = { score: { item: "demo.a", min: 60 } };
    const from = (platform: "moodle" | "open_edx" | "canvas" | "exercism") =>
      isOpen(course(rule, undefined, { source: { platform, release: "1" } }), fell);
    expect([from("moodle"), from("open_edx"), from("canvas"), from("exercism")]).toEqual([false, false, true, true]);
  });

  it("counts in points by the points of the latest attempt", () => {
    const told = (points: number, minute: number) => ({
      ...scored(points * 5, minute),
      points: { points, min: 0, max: 20 },
    });
    const rule: Rule = { points: { item: "demo.a", min: 12 } };
    expect(isOpen(course(rule, false), fact(told(15, 1)))).toBe(true);
    expect(isOpen(course(rule, false), fact(told(15, 1), told(4, 2)))).toBe(false);
    expect(isOpen(course(rule, false), fact(told(15, 1), scored(90, 2)))).toBe(false);
  });

  it("undoes a completion that rests on it", () => {
    const a = { ...problem("a"), completion: { score: { min: 60 } }, keeps: false };
    const rule: Rule = { completed: "demo.a" };
    const live = { ...outline([], [a, problem("x", null, rule)], { sticky: false }) };
    expect(isOpen(live, fact(scored(80, 1)))).toBe(true);
    expect(isOpen(live, fell)).toBe(false);
    const kept = { ...live, problems: live.problems.map(({ keeps: _keeps, ...item }) => item) };
    expect(isOpen(kept, fell)).toBe(true);
  });

  it("is explained by what counts now, and a plan raises it again", () => {
    const { reasons, to_unlock } = explainOne(
      course({ score: { item: "demo.a", min: 60 } }, false),
      learnerRecord({ a: fell }),
      EPOCH,
      "demo.x",
    );
    expect(reasons).toMatchObject([{ code: "score_too_low", required: 60, actual: 40, remaining: 20 }]);
    expect(to_unlock).toEqual([{ action: "score", item: "demo.a", min_score: 60 }]);
  });

  it("[I2] closes by one fact what it closes in a full evaluation", () => {
    const program = compile(course({ score: { item: "demo.a", min: 60 } }, false));
    const learner = layOut(program, learnerRecord({ a: fact(scored(80, 1)) }));
    const evaluation = evaluate(program, learner, EPOCH);
    const changes = setFact(program, learner, "demo.a", fell);
    expect(reevaluate(program, learner, evaluation, changes, EPOCH)).toEqual({ opened: [], closed: [1] });
  });
});

describe("the latest score", () => {
  it("[I5] is the same in whatever order and however often scores are reported; the better one of two at one instant counts", () => {
    const news = fc.record({ minute: fc.nat({ max: 3 }), score: fc.constantFrom(0, 40, 80), points: fc.boolean() });
    fc.assert(
      fc.property(fc.array(news, { minLength: 1, maxLength: 6 }), fc.nat(), (all, seed) => {
        const told = all.map(({ minute, score, points }) => ({
          ...scored(score, minute),
          ...(points ? { points: { points: score, min: 0, max: 100 } } : {}),
        }));
        const mixed = told.toSorted(
          (a, b) => ((a.at * 7 + (a.score ?? 0) + seed) % 5) - ((b.at * 7 + (b.score ?? 0) + seed) % 5),
        );
        expect(fact(...mixed, ...mixed)).toEqual(fact(...told));
        const last = Math.max(...told.map(({ at }) => at));
        const best = Math.max(...told.filter(({ at }) => at === last).map(({ score }) => score ?? 0));
        expect(latestOf(fact(...told))).toMatchObject({ at: last, score: best });
      }),
    );
  });

  it("is stored only if a rule rests on it, and only beside the best score", () => {
    expect(fact(scored(80, 1, false), scored(40, 2, false))).not.toHaveProperty("latest");
    expect(latestOf(fact(scored(80, 1, false), scored(40, 2)))).toMatchObject({ score: 40 });
    expect(latestOf(fact(scored(80, 3, false), scored(40, 2)))).toMatchObject({ score: 80 });
    const graded = (keeps: boolean) => [...compile(course({ score: { item: "demo.a", min: 60 } }, keeps)).graded];
    expect([graded(false), graded(true)]).toEqual([
      [1, 0],
      [0, 0],
    ]);
  });
});
