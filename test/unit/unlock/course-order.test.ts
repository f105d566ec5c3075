import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyze } from "../../../src/unlock/analyze.ts";
import {
  compile,
  evaluate,
  explain,
  type LearnerRecord,
  layOut,
  type Outline,
  type Rule,
  reevaluate,
  setFact,
} from "../../../src/unlock/index.ts";
import {
  cases,
  chapter,
  EPOCH,
  FOREIGN,
  learnerRecord,
  outline,
  override,
  problem,
} from "../../support/unlock/courses.ts";
import { oracle } from "../../support/unlock/oracle.ts";

// Conditions on the course as a whole: its total, and the item before.

const done = { attempted_at: EPOCH, completed_at: EPOCH };
const scored = (best_score: number) => ({ attempted_at: EPOCH, best_score });

function isOpen(course: Outline, record: LearnerRecord, name = "x"): boolean {
  const program = compile(course);
  return evaluate(program, layOut(program, record), EPOCH).open[program.indexOf.get(`demo.${name}`) ?? -1] === 1;
}

function explained(course: Outline, record: LearnerRecord) {
  const program = compile(course);
  const learner = layOut(program, record);
  return explain(program, learner, evaluate(program, learner, EPOCH), program.indexOf.get("demo.x") ?? -1, EPOCH);
}

const warnings = (course: Outline) => {
  const paths = course.problems.map(({ id }, place): [string, string] => [id, `problems[${place}]`]);
  const { errors, warnings: found } = analyze(course, new Map(paths));
  return [...errors, ...found].map(({ path, rule }) => `${path} ${rule}`);
};

describe("the course total", () => {
  const course = (rule: Rule) => outline([], [problem("a"), problem("b"), problem("x", null, rule)]);
  const half = course({ total: { min: 50 } });

  it("is the percentage of all points with a score; an item without points counts as 100", () => {
    expect(isOpen(half, learnerRecord({ a: scored(49.9) }))).toBe(false);
    expect(isOpen(half, learnerRecord({ a: scored(50) }))).toBe(true);
    // 4 of 5 and 30 of 100 are 34 of 105.
    const few = { ...scored(80), points: 4, points_min: 0, points_max: 5 };
    expect(isOpen(half, learnerRecord({ a: few, b: scored(30) }))).toBe(false);
    expect(isOpen(half, learnerRecord({ a: { ...few, points_max: 200 }, b: scored(30) }))).toBe(true);
    // The item's own score counts, too.
    expect(isOpen(half, learnerRecord({ a: scored(30), x: scored(100) }))).toBe(true);
  });

  it("without any score fails every bound, and its negation holds", () => {
    const rules: Rule[] = [{ total: { min: 0 } }, { total: { below: 50 } }, { total: {} }];
    for (const rule of rules) {
      expect(isOpen(course(rule), learnerRecord())).toBe(false);
      expect(isOpen(course({ not: rule }), learnerRecord())).toBe(true);
    }
    expect(isOpen(course({ total: { below: 50 } }), learnerRecord({ a: scored(50) }))).toBe(false);
    expect(isOpen(course({ total: { below: 50 } }), learnerRecord({ a: scored(49) }))).toBe(true);
  });

  it("[I2] changes with each problem, step by step as in a full evaluation", () => {
    const program = compile(half);
    const learner = layOut(program, learnerRecord());
    const evaluation = evaluate(program, learner, EPOCH);
    const x = program.indexOf.get("demo.x") ?? -1;
    const told = [
      { item: "demo.a", fact: { ...done, ...scored(60) }, opened: [x], closed: [] },
      { item: "demo.b", fact: { ...done, ...scored(10) }, opened: [], closed: [x] },
    ];
    for (const { item, fact, ...expected } of told) {
      const changes = setFact(program, learner, item, fact);
      expect(reevaluate(program, learner, evaluation, changes, EPOCH)).toEqual(expected);
    }
  });

  it("is explained in both languages, and names the fewest full scores that reach it", () => {
    const { reasons, sentence, to_unlock } = explained(half, learnerRecord({ a: scored(20) }));
    expect(reasons).toEqual([{ code: "total_too_low", required: 50, actual: 20 }]);
    expect(to_unlock).toHaveLength(1);
    expect(to_unlock?.[0]).toMatchObject({ action: "score", min_score: 100 });
    expect(sentence).toEqual({ en: "Bring your total of the course to 50 %.", zh: "使课程总评达到 50%。" });
    const high = explained(course({ total: { below: 50 } }), learnerRecord({ a: scored(90) }));
    expect(high.reasons).toEqual([{ code: "total_too_high", required: 50, actual: 90 }]);
    expect(high.conditions[0]?.text.en).toBe("a total of the course below 50 %");
  });

  it("with an empty range is refused", () => {
    expect(warnings(course({ total: { min: 50, below: 50 } }))).toContain("problems[2].rule.total unsatisfiable");
  });
});

describe("the previous item", () => {
  const before: Rule = { previous: { is: ["complete", "passed"] } };

  it("is the last one before it in course order, without drafts, deprecated items and items meant for others", () => {
    const course = outline(
      [chapter("c1"), chapter("c2")],
      [
        problem("a", "c1"),
        problem("draft", "c1", null, "draft"),
        { ...problem("theirs", "c1"), assign_to: ["evening"] },
        problem("x", "c2", before),
      ],
    );
    expect(isOpen(course, learnerRecord())).toBe(false);
    expect(isOpen(course, learnerRecord({ a: done }))).toBe(true);
    const member = learnerRecord({ a: done }, { policy: { cohorts: ["evening"] } });
    expect(isOpen(course, member)).toBe(false);
    expect(explained(course, learnerRecord()).to_unlock).toEqual([{ action: "complete", item: "demo.a" }]);
    expect(explained(course, member).to_unlock).toEqual([{ action: "complete", item: "demo.theirs" }]);
  });

  it("is the last one with a completion requirement if any item has one", () => {
    const tracked = { ...problem("a"), completion: { mark: true } as const };
    const course = outline([], [tracked, problem("b"), problem("x", null, before)]);
    expect(isOpen(course, learnerRecord({ a: { ...done, marked_at: EPOCH } }))).toBe(true);
    expect(isOpen(course, learnerRecord({ b: done }))).toBe(false);
  });

  it("that does not exist fails, also if negated, and gives a warning", () => {
    for (const rule of [before, { not: before }, { previous: { is: ["incomplete" as const] } }]) {
      const course = outline([], [problem("x", null, rule)]);
      expect(isOpen(course, learnerRecord())).toBe(false);
      expect(warnings(course).some((one) => one.endsWith("previous missing_reference"))).toBe(true);
    }
  });

  it("makes a circle if it waits for an item that comes after it", () => {
    const course = outline([], [problem("a", null, { completed: "demo.x" }), problem("x", null, before)]);
    expect(warnings(course)).toContain("problems[0].rule.completed cycle");
  });

  it("[I2] agrees with a second, independent reading of the course order", () => {
    const shaped = cases(FOREIGN).map(({ course, record, now }) => ({
      course: {
        ...course,
        problems: course.problems.map((one, place) => (place % 3 === 0 ? { ...one, rule: before } : one)),
      },
      record: { ...record, policy: { ...record.policy, overrides: [override("p01", "excuse")] } },
      now,
    }));
    fc.assert(
      fc.property(shaped, ({ course, record, now }) => {
        const program = compile(course);
        // A circle is refused when it is published. In Canvas the locks of its chapters rest on each other.
        fc.pre(program.relocks === null || program.order.length > 0);
        const { open, visible } = evaluate(program, layOut(program, record), now);
        for (const [id, verdict] of oracle(course, record, now)) {
          const item = program.indexOf.get(id) ?? -1;
          expect([open[item] === 1, visible[item] === 1], id).toEqual([verdict.open, verdict.visible]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
