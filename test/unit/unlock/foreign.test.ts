// Over 350 lines: each case is one course of another platform with what that platform answers.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, toInstant } from "../../../src/platform/instants.ts";
import { tableOf } from "../../../src/unlock/analysis/table.ts";
import { CAN, judgeRule } from "../../../src/unlock/analysis/truths.ts";
import { analyze } from "../../../src/unlock/analyze.ts";
import {
  type CompletionState,
  chapterRows,
  compile,
  evaluate,
  evaluateNode,
  FALSE,
  IGNORED,
  itemStates,
  type LearnerRecord,
  layOut,
  NONE,
  type Outline,
  type OutlineItem,
  problemRows,
  type Rule,
  ruleSchema,
  scopeOf,
  staffView,
  TRUE,
  withTitles,
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
import { explainAll, explainOne, keepOpen, obey } from "../../support/unlock/explained.ts";
import { oracle } from "../../support/unlock/oracle.ts";

// What courses of other platforms say: ranges of scores, sets of cohorts, profiles, what is missing, what hides.

const MOODLE = { platform: "moodle", release: "4.5.6" } as const;
const scored = (score: number) => learnerRecord({ a: { attempted_at: EPOCH, best_score: score } });

/** How item x stands, with this rule: open, locked or hidden. */
function stateOf(rule: Rule, record: LearnerRecord = learnerRecord(), source?: Outline["source"]): string {
  const course = outline([], [problem("x", null, rule), problem("a"), problem("b")]);
  return standing(source === undefined ? course : { ...course, source }, record).x ?? "";
}

/** How each item stands, by its short name. */
function standing(course: Outline, record: LearnerRecord = learnerRecord()): Record<string, string> {
  const program = compile(course);
  const { open, visible } = evaluate(program, layOut(program, record), EPOCH);
  const word = (item: number) => (visible[item] !== 1 ? "hidden" : open[item] === 1 ? "open" : "locked");
  return Object.fromEntries(program.ids.map((id, item) => [id.slice("demo.".length), word(item)]));
}

describe("scores between bounds", () => {
  it("include the lower bound and exclude the upper one; without a score no bound holds, and the negation does", () => {
    const range: Rule = { score: { item: "demo.a", min: 40, below: 60 } };
    const states = [39.9, 40, 59.9, 60].map((score) => stateOf(range, scored(score)));
    expect(states).toEqual(["locked", "open", "open", "locked"]);
    const low: Rule = { score: { item: "demo.a", below: 60 } };
    expect([stateOf(low), stateOf({ not: low }), stateOf(low, scored(0))]).toEqual(["locked", "open", "open"]);
    const any: Rule = { score: { item: "demo.a" } };
    expect([stateOf(any), stateOf({ not: any }), stateOf(any, scored(0))]).toEqual(["locked", "open", "open"]);
  });

  it("leave no gap between `min` and `below` of the same number, and none from Moodle where no tolerance is given", () => {
    for (const score of [70 - 1e-9, 70, 70 + 1e-9]) {
      for (const source of [undefined, MOODLE]) {
        const states = [{ min: 70 }, { below: 70 }].map((bound) =>
          stateOf({ score: { item: "demo.a", ...bound } }, scored(score), source),
        );
        expect(states.sort()).toEqual(["locked", "open"]);
      }
    }
    // 8.7 of 30 is a little less than 29 %.
    const nearly: Rule = { score: { item: "demo.a", min: 29 } };
    expect([stateOf(nearly, scored((8.7 / 30) * 100)), stateOf(nearly, scored((8.7 / 30) * 100), MOODLE)]).toEqual([
      "open",
      "locked",
    ]);
  });

  it("accept an excuse for a score that is high enough, never for one that is low enough", () => {
    const excused = learnerRecord({}, { policy: { overrides: [override("a", "excuse")] } });
    expect(stateOf({ score: { item: "demo.a" } }, excused)).toBe("open");
    expect(stateOf({ score: { item: "demo.a", below: 50 } }, excused)).toBe("locked");
  });

  it("use the mean of several items, in which an item without a score counts as 0", () => {
    const rule: Rule = { average: { of: ["demo.a", "demo.b"], min: 60 } };
    const of = (a: number | null, b: number | null) => learnerRecord({ a: { best_score: a }, b: { best_score: b } });
    const states = [of(null, null), of(100, null), of(100, 19.9), of(100, 20)].map((record) => stateOf(rule, record));
    expect(states).toEqual(["locked", "locked", "locked", "open"]);
    expect(
      [of(null, null), of(60, null)].map((record) => stateOf({ average: { of: ["demo.a"], below: 61 } }, record)),
    ).toEqual(["locked", "open"]);
    const course = outline([], [problem("x", null, rule), problem("a"), problem("b")]);
    const { reasons, to_unlock, sentence } = explainOne(course, of(100, null), EPOCH, "demo.x");
    expect(reasons).toEqual([{ code: "average_too_low", required: 60, actual: 50, items: ["demo.a", "demo.b"] }]);
    expect(to_unlock).toEqual([{ action: "score", item: "demo.b", min_score: 20 }]);
    expect(sentence).toEqual({
      en: "Bring the average of the listed items to 60.",
      zh: "使所列内容的平均分达到 60 分。",
    });
  });

  it("are explained in both languages: what is required, what the learner has, what to do", () => {
    const of = (rule: Rule, record = learnerRecord()) =>
      explainOne(outline([], [problem("x", null, rule), problem("a")]), record, EPOCH, "demo.x");
    const low = of({ score: { item: "demo.a", below: 50 } });
    expect(low.reasons).toEqual([{ code: "not_scored", item: "demo.a", required: 50, actual: null }]);
    expect(low.to_unlock).toEqual([{ action: "score", item: "demo.a", min_score: 0, below_score: 50 }]);
    expect(low.sentence).toEqual({ en: "Score below 50 on “Problem a”.", zh: "在《题目a》中的得分低于 50 分。" });
    expect(low.conditions[0]?.text).toEqual({ en: "a score below 50 on “Problem a”", zh: "《题目a》的成绩低于 50 分" });
    const any = of({ score: { item: "demo.a" } });
    expect(any.sentence).toEqual({ en: "Get a score on “Problem a”.", zh: "在《题目a》中取得成绩。" });
    const high = of({ score: { item: "demo.a", min: 20, below: 50 } }, scored(60));
    expect(high.reasons).toEqual([{ code: "score_too_high", item: "demo.a", required: 50, actual: 60 }]);
    expect([high.to_unlock, high.sentence.en]).toEqual([
      null,
      "It is only for those who scored below 50 on “Problem a”.",
    ]);
    // Too good for a range is what its denial asks for.
    const denied = of({ not: { score: { item: "demo.a", below: 50 } } }, scored(40));
    expect(denied.to_unlock).toEqual([{ action: "score", item: "demo.a", min_score: 50 }]);
  });
});

describe("completion states and points", () => {
  const fact = (rest: object) => learnerRecord({ a: { attempted_at: EPOCH, ...rest } });
  const done = fact({ completed_at: EPOCH });
  const passed = fact({ completed_at: EPOCH, outcome: "passed", outcome_at: EPOCH });
  const failed = fact({ outcome: "failed", outcome_at: EPOCH });
  const records = [learnerRecord(), done, passed, failed];
  const opens = (is: CompletionState[], source?: Outline["source"]) =>
    records.map((record) => stateOf({ state: { item: "demo.a", is } }, record, source) === "open");

  it("ask for one of several states; an item not begun is incomplete, and a completed one is not passed", () => {
    expect(opens(["incomplete"])).toEqual([true, false, false, false]);
    expect(opens(["complete"])).toEqual([false, true, false, false]);
    expect(opens(["complete", "passed"])).toEqual([false, true, true, false]);
    expect(opens(["failed"])).toEqual([false, false, false, true]);
  });

  it("treat a failed item as the release of Moodle treats it", () => {
    const moodle = (release: string) => ({ platform: "moodle" as const, release });
    for (const release of ["4.5", "4.5.6 (Build: 20250811)", "5.0", "unknown"]) {
      expect(opens(["complete", "passed"], moodle(release)), release).toEqual([false, true, true, false]);
      expect(opens(["incomplete"], moodle(release)), release).toEqual([true, false, false, true]);
    }
    for (const release of ["4.4.1", "3.11", "2.6"]) {
      expect(opens(["complete", "passed"], moodle(release)), release).toEqual([false, true, true, true]);
      expect(opens(["incomplete"], moodle(release)), release).toEqual([true, false, false, false]);
    }
  });

  it("ask whether the learner opened the item, which every attempt does, or submitted something", () => {
    const viewed: Rule = { viewed: "demo.a" };
    const submitted: Rule = { submitted: "demo.a" };
    const seen = learnerRecord({ a: { viewed_at: EPOCH } });
    expect([learnerRecord(), seen, fact({})].map((record) => stateOf(viewed, record))).toEqual([
      "locked",
      "open",
      "open",
    ]);
    expect([seen, fact({}), fact({ submitted_at: EPOCH })].map((record) => stateOf(submitted, record))).toEqual([
      "locked",
      "locked",
      "open",
    ]);
    const of = (rule: Rule) =>
      explainOne(outline([], [problem("x", null, rule), problem("a")]), learnerRecord(), EPOCH, "demo.x");
    expect(of(viewed)).toMatchObject({
      reasons: [{ code: "not_viewed", item: "demo.a" }],
      to_unlock: [{ action: "view", item: "demo.a" }],
      sentence: { en: "Open “Problem a”.", zh: "打开《题目a》。" },
    });
    expect(of({ all: [submitted, viewed] })).toMatchObject({
      to_unlock: [{ action: "submit", item: "demo.a" }],
      sentence: { en: "Submit something for “Problem a” and open “Problem a”." },
    });
  });

  it("compare points as they are; an excused item is complete", () => {
    const points = (number: number) => fact({ best_score: number * 10, points: number, points_min: 0, points_max: 10 });
    const rule: Rule = { points: { item: "demo.a", min: 5, below: 8 } };
    expect([4.9, 5, 7.9, 8].map((number) => stateOf(rule, points(number)))).toEqual([
      "locked",
      "open",
      "open",
      "locked",
    ]);
    expect(stateOf(rule, fact({ best_score: 60 }))).toBe("locked");
    const excused = learnerRecord({}, { policy: { overrides: [override("a", "excuse")] } });
    expect(stateOf({ state: { item: "demo.a", is: ["passed"] } }, excused)).toBe("open");
    expect(stateOf({ state: { item: "demo.a", is: ["incomplete"] } }, excused)).toBe("locked");
  });

  it("say what is left to do, or that nothing is", () => {
    const of = (rule: Rule, record = learnerRecord()) =>
      explainOne(outline([], [problem("x", null, rule), problem("a")]), record, EPOCH, "demo.x");
    const pass = of({ state: { item: "demo.a", is: ["passed"] } }, failed);
    expect(pass.reasons).toEqual([{ code: "not_passed", item: "demo.a", required: "passed", actual: "failed" }]);
    expect(pass.to_unlock).toEqual([{ action: "pass", item: "demo.a" }]);
    expect(pass.sentence).toEqual({ en: "Pass “Problem a”.", zh: "通过《题目a》。" });
    expect(pass.conditions[0]?.text).toEqual({ en: "“Problem a” is passed", zh: "《题目a》已通过" });
    const complete = of({ state: { item: "demo.a", is: ["complete", "passed"] } });
    expect(complete.to_unlock).toEqual([{ action: "complete", item: "demo.a" }]);
    const remedy = of({ state: { item: "demo.a", is: ["failed"] } }, passed);
    expect([remedy.reasons[0]?.code, remedy.to_unlock]).toEqual(["excluded", null]);
    const points = of({ points: { item: "demo.a", min: 5 } });
    expect(points.to_unlock).toEqual([{ action: "score", item: "demo.a", min_points: 5 }]);
    expect(points.sentence).toEqual({
      en: "Get at least 5 points on “Problem a”.",
      zh: "在《题目a》中取得至少 5 点。",
    });
  });
});

describe("conditions about the learner", () => {
  const profile = (fields: Record<string, string>) => learnerRecord({}, { policy: { profile: fields } });
  const cohorts = (...names: string[]) => learnerRecord({}, { policy: { cohorts: names } });

  it("compare a field of the profile as Moodle does", () => {
    const ops = ["contains", "does_not_contain", "is_equal_to", "starts_with", "ends_with"] as const;
    const holds = (text: string, value: string) =>
      ops.filter((op) => stateOf({ profile: { field: "city", op, value } }, profile({ city: text })) === "open");
    expect(holds("Oslo", "Oslo")).toEqual(["contains", "is_equal_to", "starts_with", "ends_with"]);
    expect(holds("Oslo", "oslo")).toEqual(["does_not_contain"]);
    expect(holds("Oslo", "slo")).toEqual(["contains", "ends_with"]);
    // The empty text begins everything and ends nothing; "0" is as good as empty.
    expect(holds("Oslo", "")).toEqual(["contains", "does_not_contain", "starts_with"]);
    expect(holds("10", "0")).toEqual(["contains", "does_not_contain", "ends_with"]);
    const empty = (record: LearnerRecord) => stateOf({ profile: { field: "city", op: "is_empty" } }, record);
    expect([profile({}), profile({ city: "" }), profile({ city: "0" }), profile({ city: "x" })].map(empty)).toEqual([
      "open",
      "open",
      "open",
      "locked",
    ]);
  });

  it("ask for one of several cohorts, or for any cohort", () => {
    const one: Rule = { cohort: { any_of: ["a", "b"] } };
    const any: Rule = { cohort: { any: true } };
    const states = [cohorts(), cohorts("c"), cohorts("c", "b")].map((record) => [
      stateOf(one, record),
      stateOf(any, record),
    ]);
    expect(states).toEqual([
      ["locked", "locked"],
      ["locked", "open"],
      ["open", "open"],
    ]);
    expect(stateOf({ not: any })).toBe("open");
  });

  it("say for which learners the item is", () => {
    const of = (rule: Rule) => explainOne(outline([], [problem("x", null, rule)]), learnerRecord(), EPOCH, "demo.x");
    const set = of({ cohort: { any_of: ["red", "blue"] } });
    expect(set.reasons).toEqual([{ code: "not_in_cohort", required: "red, blue" }]);
    expect(set.sentence).toEqual({
      en: "It is only for the cohort “red” or “blue”.",
      zh: "仅对“red”或“blue”小组开放。",
    });
    const field = of({ profile: { field: "city", op: "starts_with", value: "Os" } });
    expect(field.reasons).toEqual([{ code: "profile_differs", required: "city" }]);
    expect(field.sentence).toEqual({
      en: "It is only for those whose city begins with “Os”.",
      zh: "仅对city以“Os”开头的学员开放。",
    });
    expect(of({ cohort: { any: true } }).sentence.en).toBe("It is only for those who are in a cohort.");
    expect(of({ missing: { what: "item", name: "Q" } })).toMatchObject({
      reasons: [{ code: "missing" }],
      to_unlock: null,
      sentence: { en: "It asks for something that the course does not have.", zh: "它要求的内容在课程中不存在。" },
    });
  });
});

describe("a condition on something that the course does not have", () => {
  it("never holds; its negation holds, except for an item", () => {
    const gone = (what: "item" | "grade" | "cohort"): Rule => ({ missing: { what, name: "it" } });
    for (const what of ["item", "grade", "cohort"] as const) {
      expect(stateOf(gone(what))).toBe("locked");
      expect(stateOf({ not: gone(what) })).toBe(what === "item" ? "locked" : "open");
      expect(stateOf({ not: { not: gone(what) } })).toBe("locked");
    }
    // "Not all of these": what is missing makes it hold no more than it would by itself.
    expect(stateOf({ not: { all: [{ completed: "demo.a" }, gone("item")] } })).toBe("open");
    expect(stateOf({ not: { any: [{ completed: "demo.a" }, gone("item")] } })).toBe("locked");
  });
});

describe("a condition that hides", () => {
  const a: Rule = { completed: "demo.a" };
  const b: Rule = { completed: "demo.b" };
  const done = (...names: string[]) =>
    learnerRecord(Object.fromEntries(names.map((name) => [name, { completed_at: EPOCH }])));

  it("hides the item exactly where its failure keeps the item closed", () => {
    const both: Rule = { all: [a, { hide: b }] };
    expect([done(), done("a"), done("b"), done("a", "b")].map((record) => stateOf(both, record))).toEqual([
      "hidden",
      "hidden",
      "locked",
      "open",
    ]);
    const either: Rule = { any: [a, { hide: b }] };
    expect([done(), done("a"), done("b")].map((record) => stateOf(either, record))).toEqual(["hidden", "open", "open"]);
    expect(stateOf({ hide: { any: [a, b] } })).toBe("hidden");
    expect(stateOf({ all: [{ hide: a }, b] }, done("a"))).toBe("locked");
    // Denied, its failing is what is wanted.
    expect(stateOf({ not: { hide: a } }, done("a"))).toBe("locked");
    expect(stateOf({ not: { not: { hide: a } } })).toBe("hidden");
    expect(stateOf({ at_least: { count: 2, of: [a, b, { hide: { cohort: "x" } }] } }, done("a"))).toBe("hidden");
  });

  it("hides a chapter with its problems, but never an open item", () => {
    const course = outline([chapter("c", { hide: a })], [problem("p", "c"), problem("a")]);
    expect(standing(course)).toEqual({ c: "hidden", p: "hidden", a: "open" });
    expect(standing(course, done("a"))).toEqual({ c: "open", p: "open", a: "open" });
    const unlocked = learnerRecord({}, { policy: { overrides: [override("p", "unlock")] } });
    expect(standing(course, unlocked)).toEqual({ c: "hidden", p: "open", a: "open" });
    expect(standing(course, learnerRecord({}, { opened: new Set(["demo.c", "demo.p"]) })).p).toBe("open");
  });

  it("from Moodle, hides the activities of a locked section; those of a hidden section are in no list", () => {
    const course = { ...outline([chapter("c", a)], [problem("p", "c"), problem("a")]), source: MOODLE };
    expect(standing(course)).toEqual({ c: "locked", p: "hidden", a: "open" });
    const hidden = { ...outline([{ ...chapter("c"), visibility: "hidden" }], [problem("p", "c")]), source: MOODLE };
    const program = compile(hidden);
    const learner = layOut(program, learnerRecord());
    const view = { program, learner, evaluation: evaluate(program, learner, EPOCH), now: EPOCH };
    expect(standing(hidden)).toEqual({ c: "hidden", p: "open" });
    expect([chapterRows(view, "en"), problemRows(view, "en"), itemStates(view)]).toEqual([[], [], {}]);
    expect(standing({ ...hidden, source: { ...MOODLE, platform: "canvas" } })).toEqual({ c: "hidden", p: "hidden" });
  });

  it("leaves hidden and unlisted items out of lists and counts; staff see them in lists", () => {
    const item = (name: string, visibility: "hidden" | "unlisted", rule: Rule | null = null) => ({
      ...problem(name, "c", rule),
      visibility,
    });
    const course = outline(
      [chapter("c")],
      [
        item("h", "hidden"),
        item("u", "unlisted"),
        item("l", "unlisted", a),
        problem("x", "c", { hide: a }),
        problem("a", "c"),
      ],
    );
    expect(standing(course)).toEqual({ c: "open", h: "hidden", u: "open", l: "hidden", x: "hidden", a: "open" });
    const program = compile(course);
    const learner = layOut(program, learnerRecord());
    const view = { program, learner, evaluation: evaluate(program, learner, EPOCH), now: EPOCH };
    expect(problemRows(view, "en").map(({ id, order }) => [id, order])).toEqual([["demo.a", 1]]);
    expect(chapterRows(view, "en")[0]).toMatchObject({ problems_total: 1 });
    expect(itemStates(view)).toEqual({ "demo.c": "unlocked", "demo.a": "unlocked" });
    expect(problemRows(staffView(program, learner, EPOCH), "en")).toHaveLength(5);
  });

  it("leaves items hidden by the author out of a chapter's progress, in rules and in checks", () => {
    const inside = [{ ...problem("h", "c"), visibility: "hidden" as const }, problem("a", "c")];
    const course = outline(
      [chapter("c")],
      [...inside, problem("x", null, { progress: { of: "demo.c", min_percent: 100 } })],
    );
    expect(standing(course, done("a")).x).toBe("open");
    const { errors } = analyze(course, new Map(), null);
    expect(errors).toEqual([]);
    expect(explainOne(course, learnerRecord(), EPOCH, "demo.x").reasons[0]?.remaining).toBe(1);
  });

  it("makes the item `another item` in the reasons and steps of other items", () => {
    const course = outline([], [problem("x", null, b), problem("b", null, { hide: a }), problem("a")]);
    const { reasons, to_unlock, do_next, sentence } = explainOne(course, learnerRecord(), EPOCH, "demo.x");
    expect(reasons).toEqual([{ code: "not_completed", required: "completed", actual: "not started" }]);
    expect(to_unlock).toEqual([{ action: "complete", item: "demo.a" }, { action: "complete" }]);
    expect(do_next).toEqual([{ action: "complete", item: "demo.a" }]);
    expect(sentence.en).toBe("Complete another item.");
  });
});

describe("windows for work", () => {
  const day = (days: number) => toInstant(EPOCH + days * DAY_MS);
  const withWindow = (window: Pick<OutlineItem, "opens" | "due" | "closes">) =>
    outline([], [problem("x", null, { completed: "demo.a" }), { ...problem("a"), ...window }]);
  const why = (course: Outline, record = learnerRecord()) => explainOne(course, record, EPOCH, "demo.x");

  it("leave the item open, and the plan says by when work is accepted", () => {
    const later = withWindow({ opens: day(2), closes: day(4) });
    expect(standing(later)).toEqual({ x: "locked", a: "open" });
    const { to_unlock, do_next } = why(later);
    expect(to_unlock).toEqual([
      { action: "wait", until: day(2) },
      { action: "complete", item: "demo.a" },
    ]);
    expect(do_next).toEqual([{ action: "wait", until: day(2) }]);
    const over = why(withWindow({ closes: day(0) }));
    expect([over.to_unlock, over.sentence.en]).toEqual([null, "You cannot complete “Problem a”."]);
    const more = learnerRecord({}, { policy: { overrides: [override("a", "extend", { extend_to: EPOCH + DAY_MS })] } });
    expect(why(withWindow({ closes: day(0) }), more).to_unlock).toEqual([{ action: "complete", item: "demo.a" }]);
  });

  it("lock the item before they open in a course from Canvas, and in no other", () => {
    const course = withWindow({ opens: day(2) });
    expect(standing(course).a).toBe("open");
    expect(standing({ ...course, source: { ...MOODLE, platform: "canvas" } }).a).toBe("locked");
  });

  it("are in rows, with the learner's extension, if the item has one", () => {
    const program = compile(withWindow({ opens: day(-1), due: day(1), closes: day(2) }));
    const record = learnerRecord(
      {},
      { policy: { overrides: [override("a", "extend", { extend_to: EPOCH + 3 * DAY_MS })] } },
    );
    const learner = layOut(program, record);
    const view = { program, learner, evaluation: evaluate(program, learner, EPOCH), now: EPOCH };
    expect(problemRows(view, "en").map(({ window }) => window)).toEqual([
      undefined,
      { opens: day(-1), due: day(3), closes: day(3) },
    ]);
  });
});

describe("an explanation", { timeout: 60_000 }, () => {
  it("has a reason and a sentence for a locked item, names nothing hidden, and has a plan that opens it", () => {
    const seen = { locked: 0, plans: 0, hidden: 0 };
    fc.assert(
      fc.property(cases(FOREIGN, { chapters: 3, problems: 9 }), ({ course, record: start, now }) => {
        const program = compile(course);
        const record = keepOpen(program, start, now);
        const verdicts = oracle(course, record, now);
        const hidden = [...course.chapters, ...course.problems].filter(({ id }) => verdicts.get(id)?.visible !== true);
        const names = hidden.flatMap(({ id, title }) => [`"${id}"`, `“${title.en}”`, `《${title.zh}》`]);
        seen.hidden += hidden.length;
        for (const { id, explanation } of explainAll(course, record, now)) {
          const { is_locked, reasons, sentence, to_unlock } = explanation;
          expect(is_locked, id).toBe(verdicts.get(id)?.open !== true);
          const text = JSON.stringify([withTitles(program, explanation, "en"), withTitles(program, explanation, "zh")]);
          expect(names.filter((name) => text.includes(name))).toEqual([]);
          if (!is_locked) continue;
          seen.locked += 1;
          expect(reasons).not.toEqual([]);
          expect(sentence.en).toMatch(/^\(*[A-Z].*\.$/);
          expect(sentence.zh).toMatch(/[\u4e00-\u9fff].*。$/);
          if (to_unlock === null || to_unlock.some((step) => step.action !== "wait" && step.item === undefined))
            continue;
          const then = obey(course, record, to_unlock, now);
          expect(oracle(course, then.record, then.now).get(id)?.open, id).toBe(true);
          seen.plans += 1;
        }
      }),
      { seed: 15, numRuns: 300 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
  });
});

describe("the checks at publishing", { timeout: 60_000 }, () => {
  const check = (course: Outline) => {
    const paths = new Map([...course.chapters, ...course.problems].map(({ id }) => [id, id]));
    const { errors, warnings } = analyze(course, paths);
    const rules = (list: typeof errors) => list.map(({ rule, path }) => `${rule} ${path}`);
    return { errors: rules(errors), warnings: rules(warnings) };
  };
  const one = (rule: Rule, more: Partial<Outline> = {}) => ({
    ...outline([], [problem("x", null, rule), problem("a"), { ...problem("h"), visibility: "hidden" as const }]),
    ...more,
  });

  it("refuse an item that can never open, and only warn of it in an imported course", () => {
    const never: Rule[] = [
      { score: { item: "demo.a", min: 50, below: 50 } },
      { all: [{ score: { item: "demo.a", min: 70 } }, { score: { item: "demo.a", below: 60 } }] },
      { missing: { what: "item", name: "Quiz" } },
      { completed: "demo.x" },
    ];
    for (const rule of never) {
      expect(check(one(rule)).errors, JSON.stringify(rule)).not.toEqual([]);
      const imported = check(one(rule, { source: MOODLE }));
      expect(imported.errors).toEqual([]);
      expect(imported.warnings.join()).toMatch(/unreachable/);
    }
    expect(check(one({ completed: "demo.gone" }, { source: MOODLE })).errors).toEqual([
      "dangling demo.x.rule.completed",
    ]);
  });

  it("refuse a window that closes before it opens", () => {
    const window = { opens: "2026-09-02T00:00:00Z", closes: "2026-09-01T00:00:00Z" };
    expect(check(outline([], [{ ...problem("x"), ...window }])).errors).toEqual(["unsatisfiable demo.x.closes"]);
  });

  it("warn of something missing, of a condition that hides nothing, and of one that no learner can meet", () => {
    const { errors, warnings } = check(
      one({
        any: [
          { missing: { what: "grade", name: "Q" } },
          { not: { hide: { completed: "demo.a" } } },
          { completed: "demo.h" },
        ],
      }),
    );
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      "hidden_prerequisite demo.x.rule.any[2].completed",
      "missing_reference demo.x.rule.any[0].missing",
      "hides_nothing demo.x.rule.any[1].not.hide",
    ]);
    expect(
      check(one({ any: [{ score: { item: "demo.a", min: 50 } }, { score: { item: "demo.a", below: 50 } }] })),
    ).toEqual({
      errors: [],
      warnings: [],
    });
  });

  it("never say that a rule is impossible or certain if the engine finds a counterexample", () => {
    fc.assert(
      fc.property(cases(FOREIGN), ({ course: whole, record, now }) => {
        fc.pre(now >= record.enrolled_at);
        // Without what stands beside the rule that the author wrote.
        const without = <Item extends OutlineItem>({ opens: _, ...rest }: Item) => rest;
        const { starts: _, ...options } = whole.options;
        const problems = whole.problems.map(without);
        const course = { ...whole, options, chapters: whole.chapters.map(without), problems };
        const learner = layOut(compile(course), { ...record, policy: { ...record.policy, overrides: [] } });
        const { program } = learner;
        const scope = scopeOf(program, learner, now);
        const table = tableOf(course, new Map());
        for (const entry of table.entries) {
          if (entry.item.rule === null || (program.statuses[entry.index] === "draft" && entry.status !== "draft"))
            continue;
          const canBe = new Map<Rule, number>();
          judgeRule(table, entry, canBe);
          const root = program.roots[entry.index] ?? NONE;
          const truth = root === NONE ? IGNORED : evaluateNode(scope, root, entry.index);
          const bit = { [FALSE]: CAN.FALSE, [TRUE]: CAN.TRUE, [IGNORED]: CAN.IGNORED }[truth];
          expect((canBe.get(entry.item.rule) ?? 0) & bit, JSON.stringify(entry.item.rule)).not.toBe(0);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("name the part of a rule that is malformed", () => {
    const paths = (rule: unknown) => ruleSchema.safeParse(rule).error?.issues.map(({ path }) => path.join(".")) ?? [];
    expect(paths({ cohort: { any_of: ["Red"] } })).toEqual(["cohort.any_of.0"]);
    expect(paths({ cohort: "Red" })).toEqual(["cohort"]);
    expect(paths({ profile: { field: "city", op: "is_empty", value: "x" } })).toEqual(["profile.value"]);
    expect(paths({ profile: { field: "city", op: "contains" } })).toEqual(["profile.value"]);
    expect(paths({ hide: { score: { item: "demo.a", below: 101 } } })).toEqual(["hide.score.below"]);
    expect(paths({ missing: { what: "thing", name: "x" } })).toEqual(["missing.what"]);
  });
});
