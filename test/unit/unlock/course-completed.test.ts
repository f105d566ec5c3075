import { describe, expect, it } from "vitest";
import { analyze } from "../../../src/unlock/analyze.ts";
import { compile, courseDoneAt, evaluate, layOut, type Rule, scopeOf } from "../../../src/unlock/index.ts";
import { chapter, EPOCH, learnerRecord, outline, override, problem } from "../../support/unlock/courses.ts";
import { explainOne, obey } from "../../support/unlock/explained.ts";

// A rule that asks whether another course is completed.

const rule: Rule = { course_completed: "basics" };
const course = outline([], [problem("x", null, rule), problem("y", null, { not: rule }), problem("a")]);
const completed = learnerRecord({}, { policy: { courses: { basics: EPOCH } } });

describe("a course that has to be completed", () => {
  it("opens the items that ask for it when its completion is reported, and locks the items that deny it", () => {
    const program = compile(course);
    const open = (record = learnerRecord()) => [...evaluate(program, layOut(program, record), EPOCH).open];
    expect([open(), open(completed)]).toEqual([
      [0, 1, 1],
      [1, 0, 1],
    ]);
    expect(open(learnerRecord({}, { policy: { courses: { other: EPOCH } } }))).toEqual([0, 1, 1]);
  });

  it("has a reason and a step of its own, in both languages", () => {
    const { reasons, to_unlock, do_next, sentence, conditions } = explainOne(course, learnerRecord(), EPOCH, "demo.x");
    expect(reasons).toEqual([{ code: "course_not_completed", required: "basics" }]);
    const step = { action: "complete_course", course: "basics" };
    expect([to_unlock, do_next]).toEqual([[step], [step]]);
    expect(sentence).toEqual({ en: "Complete the course “basics”.", zh: "完成课程“basics”。" });
    expect(conditions[0]?.text).toEqual({ en: "the course “basics” is completed", zh: "已完成课程“basics”" });
    const denied = explainOne(course, completed, EPOCH, "demo.y");
    expect([denied.reasons, denied.to_unlock]).toEqual([[{ code: "excluded" }], null]);
    expect(denied.conditions[0]?.text).toEqual({
      en: "the course “basics” is not completed",
      zh: "未完成课程“basics”",
    });
  });

  it("is in a plan together with steps in the course itself, the shorter way first", () => {
    const both = outline([], [problem("x", null, { all: [rule, { completed: "demo.a" }] }), problem("a")]);
    const { to_unlock } = explainOne(both, learnerRecord(), EPOCH, "demo.x");
    expect(to_unlock).toHaveLength(2);
    const then = obey(both, learnerRecord(), to_unlock ?? [], EPOCH);
    const program = compile(both);
    expect(evaluate(program, layOut(program, then.record), then.now).open[0]).toBe(1);
    const either = outline(
      [],
      [
        problem("x", null, { any: [rule, { all: [{ completed: "demo.a" }, { completed: "demo.b" }] }] }),
        problem("a"),
        problem("b"),
      ],
    );
    expect(explainOne(either, learnerRecord(), EPOCH, "demo.x").to_unlock).toEqual([
      { action: "complete_course", course: "basics" },
    ]);
  });

  it("is checked at publishing: a contradiction and too many courses are refused; a course that asks for itself gives a warning", () => {
    const check = (...rules: Rule[]) => {
      const problems = rules.map((one, place) => problem(`p${place}`, null, one));
      const { errors, warnings } = analyze(outline([], problems), new Map());
      return [...errors, ...warnings].map(({ rule: broken }) => broken);
    };
    expect(check(rule)).toEqual([]);
    expect(check({ all: [rule, { not: rule }] })).toContain("unsatisfiable");
    expect(check({ course_completed: "demo" })).toEqual(["self_reference"]);
    const many = Array.from({ length: 51 }, (_, number): Rule => ({ course_completed: `course-${number}` }));
    expect([check(...many), check(...many.slice(1))]).toEqual([["too_big"], []]);
  });
});

describe("a course", () => {
  const asking = outline(
    [chapter("c"), { ...chapter("h"), visibility: "hidden" }, chapter("old", null, "deprecated")],
    [problem("in", "c"), problem("out"), problem("draft", null, null, "draft")],
  );
  const doneAt = (names: Record<string, number>, policy = {}) => {
    const program = compile(asking);
    const facts = Object.fromEntries(
      Object.entries(names).map(([name, at]) => [name, { attempted_at: at, completed_at: at }]),
    );
    return courseDoneAt(scopeOf(program, layOut(program, learnerRecord(facts, { policy })), EPOCH + 10));
  };

  it("is complete with its chapters and the items outside of chapters, as far as the learner must do them", () => {
    expect(doneAt({})).toBeNaN();
    expect(doneAt({ c: EPOCH })).toBeNaN();
    expect(doneAt({ c: EPOCH + 2, out: EPOCH + 1 })).toBe(EPOCH + 2);
    expect(doneAt({ c: EPOCH + 2 }, { overrides: [override("out", "excuse", { created_at: EPOCH + 5 })] })).toBe(
      EPOCH + 5,
    );
    const program = compile(outline([], []));
    expect(courseDoneAt(scopeOf(program, layOut(program, learnerRecord()), EPOCH))).toBeNaN();
  });
});
