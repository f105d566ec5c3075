import { describe, expect, it } from "vitest";
import { analyze } from "../../../src/unlock/analyze.ts";
import {
  chapterRows,
  compile,
  evaluate,
  explain,
  itemStates,
  type LearnerRecord,
  layOut,
  meantFor,
  type Outline,
  problemRows,
  type Rule,
  staffView,
} from "../../../src/unlock/index.ts";
import { MAX_VARIANT_ITEMS } from "../../../src/unlock/meant.ts";
import { chapter, EPOCH, learnerRecord, outline, problem } from "../../support/unlock/courses.ts";

// Items that are meant for some cohorts only.

const EVENING = ["evening"];
const forEvening = <Item extends object>(item: Item) => ({ ...item, assign_to: EVENING });
const member = (facts: Parameters<typeof learnerRecord>[0] = {}) =>
  learnerRecord(facts, { policy: { cohorts: EVENING } });
const done = { attempted_at: EPOCH, completed_at: EPOCH, best_score: 100 };

function viewOf(course: Outline, record: LearnerRecord) {
  const program = compile(course);
  const learner = layOut(program, record);
  return { program, learner, evaluation: evaluate(program, learner, EPOCH), now: EPOCH };
}

function states(course: Outline, record: LearnerRecord = learnerRecord()): Record<string, string> {
  return Object.fromEntries(Object.entries(itemStates(viewOf(course, record))).map(([id, is]) => [id.slice(5), is]));
}

describe("an item that is meant for some cohorts", () => {
  const asks = (rule: Rule, record?: LearnerRecord) =>
    states(outline([], [forEvening(problem("a")), problem("b"), problem("x", null, rule)]), record).x;

  it("is seen only by learners of these cohorts, also if others began it or have it unlocked", () => {
    const course = outline([], [forEvening(problem("a")), problem("b")]);
    expect(states(course, member())).toEqual({ a: "unlocked", b: "unlocked" });
    expect(states(course)).toEqual({ b: "unlocked" });
    const unlocked = [
      { item: "demo.a", kind: "unlock" as const, created_at: EPOCH, expires_at: null, extend_to: null },
    ];
    const begun = learnerRecord({ a: done }, { opened: new Set(["demo.a"]), policy: { overrides: unlocked } });
    expect(states(course, begun)).toEqual({ b: "unlocked" });
    const practising = learnerRecord({}, { policy: { practice_mode: true } });
    expect(states(course, practising)).toEqual({ b: "unlocked" });
  });

  it.each<[string, Rule]>([
    ["completed", { completed: "demo.a" }],
    ["score", { score: { item: "demo.a", min: 50 } }],
    ["state", { state: { item: "demo.a", is: ["passed"] } }],
    ["after", { after: { item: "demo.a", days: 3 } }],
    ["progress", { progress: { of: ["demo.a"], min_percent: 100 } }],
    ["average", { average: { of: ["demo.a"], min: 50 } }],
    ["not", { not: { not: { attempted: "demo.a" } } }],
    ["at_least", { at_least: { count: 2, of: [{ completed: "demo.a" }, { viewed: "demo.a" }] } }],
  ])("is asked of them alone by `%s`", (_, rule) => {
    expect(asks(rule)).toBe("unlocked");
    expect(asks(rule, member())).toBe("locked");
    // Beside something else, that is asked of everybody.
    expect(asks({ all: [rule, { completed: "demo.b" }] })).toBe("locked");
    expect(asks({ any: [rule, { completed: "demo.b" }] })).toBe("locked");
  });

  it("counts in no percentage or mean of other learners", () => {
    const half: Rule = { progress: { of: ["demo.a", "demo.b"], min_percent: 100 } };
    expect(asks(half, learnerRecord({ b: done }))).toBe("unlocked");
    expect(asks(half, member({ b: done }))).toBe("locked");
    const mean: Rule = { average: { of: ["demo.a", "demo.b"], min: 80 } };
    expect(asks(mean, learnerRecord({ b: done }))).toBe("unlocked");
    expect(asks(mean, member({ b: done }))).toBe("locked");
    // What others did with it while it was meant for them does not count either.
    expect(asks(half, learnerRecord({ a: done }))).toBe("locked");
  });

  it("if it is a chapter, hides its problems from others too, and does not block them in a sequence or as a tutorial item", () => {
    const course = outline(
      [chapter("c1"), forEvening(chapter("c2")), chapter("c3")],
      [problem("p", "c2"), problem("q", "c3", { completed: "demo.p" })],
      { sequential: true },
    );
    expect(states(course, learnerRecord({ c1: done }))).toEqual({ c1: "completed", c3: "unlocked", q: "unlocked" });
    expect(states(course, member({ c1: done }))).toMatchObject({ c2: "unlocked", c3: "locked", q: "locked" });
    expect(states(course)).toMatchObject({ c3: "locked" });
    const gated = outline([], [forEvening(problem("a")), problem("b")], { tutorial: "demo.a" });
    expect(states(gated)).toEqual({ b: "unlocked" });
    expect(states(gated, member())).toMatchObject({ b: "locked" });
  });

  it("is named to others in no row, reason, condition or step; staff see it", () => {
    const rule: Rule = {
      all: [{ completed: "demo.secret" }, { progress: { of: "demo.c", min_percent: 100 } }, { completed: "demo.b" }],
    };
    const course = outline(
      [chapter("c")],
      [forEvening(problem("secret", "c")), problem("b", "c"), problem("x", null, rule)],
    );
    const view = viewOf(course, learnerRecord());
    const [row] = chapterRows(view, "en");
    expect(row).toMatchObject({ problems_total: 1 });
    const { program, learner, evaluation } = view;
    const x = program.indexOf.get("demo.x") ?? -1;
    const explained = explain(program, learner, evaluation, x, EPOCH);
    expect(explained.to_unlock).toEqual([{ action: "complete", item: "demo.b" }]);
    expect(explained.reasons).toMatchObject([{ code: "progress_too_low", remaining: 1 }, { code: "not_completed" }]);
    const told = JSON.stringify([explained, problemRows(view, "en"), chapterRows(view, "zh"), states(course)]);
    expect(told).not.toMatch(/secret|another item|evening/i);
    expect(problemRows(view, "en").at(-1)?.prerequisite_progress).toEqual({ met: 0, total: 2, percent: 0 });
    const staff = problemRows(staffView(program, learner, EPOCH), "en");
    expect(staff.map(({ id }) => id)).toEqual(["demo.secret", "demo.b", "demo.x"]);
    expect(staff.at(-1)?.prerequisite_progress.total).toBe(3);
  });

  it("needs no second program if all items are meant for the learner, and one program for all other learners", () => {
    const program = compile(outline([], [forEvening(problem("a")), problem("b")]));
    expect(meantFor(program, EVENING)).toBe(program);
    expect(meantFor(program, ["spring-2027"])).toBe(meantFor(program, []));
    const plain = compile(outline([], [problem("a")]));
    expect(meantFor(plain, [])).toBe(plain);
  });

  it("makes nothing impossible that asks only its own cohorts for it", () => {
    const never: Rule = { all: [{ from: "2027-01-01T00:00:00Z" }, { until: "2026-01-01T00:00:00Z" }] };
    const errorsOf = (target: ReturnType<typeof problem>) =>
      analyze(
        outline([], [target, problem("x", null, { completed: "demo.a" })]),
        new Map([
          ["demo.a", "problems[0]"],
          ["demo.x", "problems[1]"],
        ]),
      ).errors.map(({ path, rule }) => `${path} ${rule}`);
    expect(errorsOf(problem("a", null, never))).toEqual([
      "problems[0].rule.all unsatisfiable",
      "problems[1].rule unreachable",
    ]);
    expect(errorsOf(forEvening(problem("a", null, never)))).toEqual(["problems[0].rule.all unsatisfiable"]);
  });
});

it("[I11] programs are kept for a limited number of items; the ones used longest ago are dropped first", () => {
  const problems = Array.from({ length: 2_000 }, (_, n) => ({ ...problem(`p${n}`), assign_to: [`c${n % 40}`] }));
  const program = compile(outline([], problems));
  const of = (n: number) => meantFor(program, [`c${n}`]);
  const first = of(0);
  expect(of(0)).toBe(first);
  const others = Array.from({ length: MAX_VARIANT_ITEMS / 2_000 }, (_, n) => of(n + 1));
  expect(of(others.length)).toBe(others.at(-1));
  expect(of(0)).not.toBe(first);
  expect(of(1)).not.toBe(others[0]);
});
