// Over 350 lines: the rule language, an operator after the other.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, toInstant } from "../../../src/platform/instants.ts";
import {
  compile,
  type Evaluation,
  evaluate,
  type LearnerRecord,
  layOut,
  NO_POLICY,
  type Outline,
  type Rule,
  stateOf,
} from "../../../src/unlock/index.ts";
import {
  at,
  cases,
  chapter,
  EPOCH,
  FOREIGN,
  instants,
  LAST_STEP,
  learnerRecord,
  outline,
  override,
  problem,
} from "../../support/unlock/courses.ts";
import { oracle } from "../../support/unlock/oracle.ts";

const NOBODY = learnerRecord();
const DONE = { attempted_at: EPOCH, completed_at: EPOCH, best_score: null };
const STARTED = { attempted_at: EPOCH };

function openOf(course: Outline, record: LearnerRecord, now = EPOCH): string[] {
  const program = compile(course);
  const { open, visible } = evaluate(program, layOut(program, record), now);
  return program.ids.filter((_, item) => open[item] === 1 && visible[item] === 1).map((id) => id.slice("demo.".length));
}

/** Whether an item with this rule is open; the course also has problems a, b, c and a deprecated and a draft one. */
function isOpen(rule: Rule, record: LearnerRecord = NOBODY, now = EPOCH): boolean {
  const others = [problem("a"), problem("b"), problem("c")];
  const odd = [problem("old", null, null, "deprecated"), problem("draft", null, null, "draft")];
  return openOf(outline([], [problem("x", null, rule), ...others, ...odd]), record, now).includes("x");
}

function same(one: Evaluation, other: Evaluation): boolean {
  return (["open", "visible", "earned"] as const).every((field) =>
    one[field].every((value, item) => value === other[field][item]),
  );
}

describe("evaluate", () => {
  it("[I2] agrees with the naive evaluator on random courses, histories, policies and instants", {
    timeout: 60_000,
  }, () => {
    const any = fc.oneof({ weight: 7, arbitrary: cases() }, { weight: 6, arbitrary: cases(FOREIGN) });
    fc.assert(
      fc.property(any, ({ course, record, now }) => {
        const program = compile(course);
        const { open, visible, earned } = evaluate(program, layOut(program, record), now);
        const actual = program.ids.map((id, item) => [
          id,
          { visible: visible[item] === 1, open: open[item] === 1, earned: earned[item] === 1 },
        ]);
        expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(oracle(course, record, now)));
      }),
      { numRuns: 1_300 },
    );
  });

  it("closes an item at its end that was open only because nobody had to do a deprecated item", () => {
    const problem = {
      title: { en: "P" },
      status: "active" as const,
      rule: null,
      chapter: null,
      difficulty: 1,
      answer: null,
    };
    const course = {
      course: "c",
      title: { en: "C" },
      options: {
        sequential: false,
        tutorial: null,
        sticky: true,
        problems_follow_chapter: true,
        open_enrollment: true,
      },
      chapters: [],
      problems: [
        { ...problem, id: "c.old", status: "deprecated" as const },
        {
          ...problem,
          id: "c.it",
          rule: { not: { at_least: { count: 0, of: [{ after: { item: "c.old", days: 1 } }] } } },
        },
      ],
    };
    const record = {
      enrolled_at: 0,
      facts: new Map([["c.old", { attempted_at: 0, completed_at: 0, best_score: null }]]),
      opened: new Set(["c.it"]),
      policy: NO_POLICY,
    };
    const program = compile(course);
    const openAt = (now: number) => evaluate(program, layOut(program, record), now).open[1];
    expect([openAt(DAY_MS - 1), openAt(DAY_MS)]).toEqual([1, 0]);
  });

  it("is valid until the instant that it names: before that, time alone changes nothing", () => {
    fc.assert(
      fc.property(cases(), instants, ({ course, record, now }, other) => {
        const program = compile(course);
        const learner = layOut(program, record);
        const first = evaluate(program, learner, now);
        expect(first.validUntil).toBeGreaterThan(now);
        const grid = Array.from({ length: LAST_STEP + 15 }, (_, step) => [at(step) - 1, at(step), at(step) + 1]).flat();
        const later = [...grid, other, first.validUntil - 1].filter((t) => t > now && t < first.validUntil);
        const broken = later.filter((t) => Number.isFinite(t) && !same(first, evaluate(program, learner, t)));
        expect(broken).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("is valid without end when neither the course nor the policy names an instant", () => {
    fc.assert(
      fc.property(cases({ dates: false, drips: false }), ({ course, record, now }) => {
        const program = compile(course);
        const timeless = { ...record, policy: { ...record.policy, overrides: [] } };
        expect(evaluate(program, layOut(program, timeless), now).validUntil).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 50 },
    );
  });
});

describe("leaves", () => {
  const day = (days: number) => EPOCH + days * DAY_MS;

  it("opens `from` at its instant and closes `until` at its instant", () => {
    const from = { from: toInstant(EPOCH) };
    const until = { until: toInstant(EPOCH) };
    expect([-1, 0, 1].map((ms) => isOpen(from, NOBODY, EPOCH + ms))).toEqual([false, true, true]);
    expect([-1, 0, 1].map((ms) => isOpen(until, NOBODY, EPOCH + ms))).toEqual([true, false, false]);
  });

  it("reads instants with offsets", () => {
    expect(isOpen({ from: "2026-09-01T08:00:00+08:00" }, NOBODY, EPOCH)).toBe(true);
    expect(isOpen({ from: "2026-09-01T08:00:00+08:00" }, NOBODY, EPOCH - 1)).toBe(false);
  });

  it("counts waiting periods in days of 24 hours, inclusive, with fractions", () => {
    const enrolled = learnerRecord({ a: { attempted_at: EPOCH, completed_at: day(1) } });
    expect([-1, 0].map((ms) => isOpen({ after_enrollment: { days: 2.5 } }, enrolled, day(2.5) + ms))).toEqual([
      false,
      true,
    ]);
    const after: Rule = { after: { item: "demo.a", days: 2 } };
    expect([-1, 0].map((ms) => isOpen(after, enrolled, day(3) + ms))).toEqual([false, true]);
    expect(isOpen(after, NOBODY, day(1000))).toBe(false);
    expect(isOpen({ after: { item: "demo.a", days: 0 } }, NOBODY, day(1000))).toBe(false);
  });

  it("compares best scores and percentages, inclusive of the bound", () => {
    const scored = (best: number) => learnerRecord({ a: { attempted_at: EPOCH, best_score: best } });
    const rule: Rule = { score: { item: "demo.a", min: 70 } };
    expect([69.99, 70, 70.01].map((best) => isOpen(rule, scored(best)))).toEqual([false, true, true]);
    expect(isOpen({ score: { item: "demo.a", min: 0 } }, NOBODY)).toBe(false);
    const two = learnerRecord({ a: DONE, b: DONE });
    const percent = (min_percent: number): Rule => ({ progress: { of: ["demo.a", "demo.b", "demo.c"], min_percent } });
    expect([66, 66.67, 66.68, 67].map((min) => isOpen(percent(min), two))).toEqual([true, true, false, false]);
  });

  it("counts the problems of a chapter for `progress` without drafts, and an empty list as complete", () => {
    const course = outline(
      [chapter("one"), chapter("empty"), chapter("last", { progress: { of: "demo.one", min_percent: 100 } })],
      [problem("a", "one"), problem("b", "one", null, "draft"), problem("c", "one", null, "deprecated")],
    );
    expect(openOf(course, NOBODY)).not.toContain("last");
    expect(openOf(course, learnerRecord({ a: DONE }))).toContain("last");
    expect(openOf(course, learnerRecord({ a: STARTED, c: DONE }))).not.toContain("last");
    expect(isOpen({ progress: { of: [], min_percent: 100 } })).toBe(true);
  });

  it("opens an item for its cohort only", () => {
    expect(isOpen({ cohort: "evening" })).toBe(false);
    expect(isOpen({ cohort: "evening" }, learnerRecord({}, { policy: { cohorts: ["evening"] } }))).toBe(true);
  });
});

describe("groups", () => {
  const a: Rule = { completed: "demo.a" };
  const draft: Rule = { completed: "demo.draft" };
  const old: Rule = { completed: "demo.old" };
  const didA = learnerRecord({ a: DONE });
  const didOld = learnerRecord({ old: DONE });

  it("treats empty groups as logic does", () => {
    expect(isOpen({ all: [] })).toBe(true);
    expect(isOpen({ any: [] })).toBe(false);
    expect(isOpen({ at_least: { count: 0, of: [] } })).toBe(true);
    expect(isOpen({ at_least: { count: 0, of: [a] } })).toBe(true);
    expect(isOpen({ not: { any: [] } })).toBe(true);
  });

  it("ignores drafts in every group", () => {
    expect(isOpen(draft)).toBe(true);
    expect(isOpen({ not: draft })).toBe(true);
    expect(isOpen({ any: [draft] })).toBe(true);
    expect(isOpen({ any: [draft, a] })).toBe(false);
    expect(isOpen({ all: [draft, a] }, didA)).toBe(true);
    expect(isOpen({ any: [{ all: [draft] }, a] })).toBe(false);
    expect(isOpen({ at_least: { count: 2, of: [draft, a] } }, didA)).toBe(true);
    expect(isOpen({ at_least: { count: 2, of: [draft, a] } })).toBe(false);
    expect(isOpen({ progress: { of: ["demo.draft"], min_percent: 100 } })).toBe(true);
  });

  it("counts deprecated items for those who have done them, and requires them of nobody", () => {
    expect(isOpen(old)).toBe(true);
    expect(isOpen({ not: old })).toBe(true);
    expect(isOpen({ not: old }, didOld)).toBe(false);
    expect(isOpen({ any: [old, a] })).toBe(false);
    expect(isOpen({ any: [old, a] }, didOld)).toBe(true);
    expect(isOpen({ at_least: { count: 2, of: [old, a] } }, didA)).toBe(true);
    expect(isOpen({ at_least: { count: 1, of: [old, a] } }, didOld)).toBe(true);
    expect(isOpen({ progress: { of: ["demo.old", "demo.a", "demo.b"], min_percent: 50 } }, didOld)).toBe(false);
    expect(isOpen({ progress: { of: ["demo.old", "demo.a"], min_percent: 50 } }, didOld)).toBe(true);
  });
});

describe("gates", () => {
  const course = (tutorialStatus: "active" | "draft" | "deprecated") =>
    outline([chapter("one")], [problem("x", "one"), problem("intro", null, null, tutorialStatus)], {
      tutorial: "demo.intro",
    });

  it("opens only the tutorial item until it is completed or excused; items that are kept open wait too", () => {
    const kept = { opened: new Set(["demo.x", "demo.one"]) };
    expect(openOf(course("active"), learnerRecord({}, kept))).toEqual(["intro"]);
    expect(openOf(course("active"), learnerRecord({ intro: DONE }, kept))).toEqual(["one", "x", "intro"]);
    const excused = { policy: { overrides: [override("intro", "excuse")] } };
    expect(openOf(course("active"), learnerRecord({}, excused))).toEqual(["one", "x", "intro"]);
  });

  it("ignores a tutorial item that is a draft, and requires a deprecated one of nobody", () => {
    expect(openOf(course("draft"), NOBODY)).toEqual(["one", "x"]);
    expect(openOf(course("deprecated"), NOBODY)).toEqual(["one", "x"]);
  });

  it("skips drafts and deprecated chapters in a sequence", () => {
    const chapters = [
      chapter("one"),
      chapter("two", null, "draft"),
      chapter("three", null, "deprecated"),
      chapter("four"),
      chapter("five"),
    ];
    const sequence = outline(chapters, [], { sequential: true });
    expect(openOf(sequence, NOBODY)).toEqual(["one"]);
    expect(openOf(sequence, learnerRecord({ one: DONE }))).toEqual(["one", "four"]);
  });

  it("locks problems with their chapter, unless the course says otherwise", () => {
    const chapters = [chapter("one", { completed: "demo.a" })];
    const problems = [problem("x", "one"), problem("a")];
    expect(openOf(outline(chapters, problems), NOBODY)).toEqual(["a"]);
    expect(openOf(outline(chapters, problems, { problems_follow_chapter: false }), NOBODY)).toEqual(["x", "a"]);
  });

  it("hides drafts, and hides deprecated items from learners who never started them", () => {
    const hidden = outline(
      [chapter("one", null, "draft"), chapter("two", null, "deprecated")],
      [problem("a", "one"), problem("b", "two"), problem("c", "two")],
    );
    expect(openOf(hidden, learnerRecord({ a: DONE }))).toEqual([]);
    expect(openOf(hidden, learnerRecord({ a: DONE, b: STARTED }))).toEqual(["two", "b", "c"]);
  });
});

describe("an item that is kept open", () => {
  const kept = (name: string) => ({ opened: new Set([`demo.${name}`]) });

  it("stays open when its rule does not hold any more, and closes at the time of an `until`", () => {
    const until: Rule = { until: toInstant(at(2)) };
    const rules: Rule[] = [
      { completed: "demo.a" },
      { all: [until, { completed: "demo.a" }] },
      { any: [until, { completed: "demo.a" }] },
      { at_least: { count: 2, of: [until, { all: [until] }, { completed: "demo.a" }] } },
    ];
    const record = learnerRecord({}, kept("x"));
    expect(rules.map((rule) => isOpen(rule, record, at(1)))).toEqual([true, true, true, true]);
    expect(rules.map((rule) => isOpen(rule, record, at(2)))).toEqual([true, false, false, false]);
  });

  it("[fault 28] an extension moves the end, in whatever form the rule has it, and never the beginning", () => {
    const span = (step: number) => (at(step) - at(0)) / DAY_MS;
    const ended: Rule[] = [
      { until: toInstant(at(2)) },
      { not: { from: toInstant(at(2)) } },
      { not: { not: { until: toInstant(at(2)) } } },
      { not: { after_enrollment: { days: span(2) } } },
      { not: { after: { item: "demo.a", days: span(2) } } },
      { not: { any: [{ from: toInstant(at(2)) }, { cohort: "red" }] } },
    ];
    const begun: Rule[] = [
      { from: toInstant(at(2)) },
      { not: { until: toInstant(at(2)) } },
      { after_enrollment: { days: span(2) } },
      { after: { item: "demo.a", days: span(2) } },
    ];
    const facts = { a: { attempted_at: at(0), completed_at: at(0) } };
    const overrides = [override("x", "extend", { extend_to: at(4) })];
    const openAt = (rule: Rule, record: LearnerRecord) => [1, 2, 3, 4].map((step) => isOpen(rule, record, at(step)));
    for (const rule of ended) {
      for (const more of [{}, kept("x")]) {
        expect(openAt(rule, learnerRecord(facts, more))).toEqual([true, false, false, false]);
        const extended = learnerRecord(facts, { ...more, policy: { overrides } });
        expect(openAt(rule, extended)).toEqual([true, true, true, false]);
      }
    }
    for (const rule of begun) {
      const extended = learnerRecord(facts, { policy: { overrides } });
      expect(openAt(rule, extended)).toEqual([false, true, true, true]);
    }
  });

  describe("[fault 21] an end always closes the item, in whatever form the rule has it", () => {
    const from = (step: number): Rule => ({ from: toInstant(at(step)) });
    const until = (step: number): Rule => ({ until: toInstant(at(step)) });
    const cohort = (name: string): Rule => ({ cohort: name });
    const seasons: Rule = {
      any: [{ all: [cohort("spring"), until(2)] }, { all: [cohort("autumn"), until(6)] }],
    };
    const done = (name: string, step: number) => ({ [name]: { attempted_at: at(step), completed_at: at(step) } });
    const completed = (name: string): Rule => ({ completed: `demo.${name}` });
    const of = (facts: Parameters<typeof learnerRecord>[0], ...cohorts: string[]) =>
      learnerRecord(facts, { ...kept("x"), policy: { cohorts } });
    const both: Rule = { any: [{ all: [completed("a"), until(2)] }, { all: [completed("b"), until(6)] }] };
    const windows: Rule = { any: [until(2), { all: [from(4), until(6)] }] };

    it.each<[string, Rule, LearnerRecord, string]>([
      // Open or closed at steps 1, 2, 3 ... 7.
      ["an end of the learner's cohort", seasons, of({}, "spring"), "O......"],
      ["an end of another cohort", seasons, of({}, "autumn"), "OOOOO.."],
      ["the later end of two cohorts", seasons, of({}, "spring", "autumn"), "OOOOO.."],
      ["the last end of all, for whom no cohort has", seasons, of({}), "OOOOO.."],
      ["not from", { not: from(3) }, of({}), "OO....."],
      ["not (all from and ...)", { not: { all: [from(3), completed("a")] } }, of(done("a", 0)), "OO....."],
      ["what was learned later ends nothing", { not: { all: [from(3), completed("a")] } }, of(done("a", 5)), "OOOOOOO"],
      ["not after enrollment", { not: { after_enrollment: { days: 2 } } }, of({}), "OOO...."],
      ["not after", { not: { after: { item: "demo.a", days: 1 } } }, of(done("a", 1)), "OO....."],
      ["not after, never done", { not: { after: { item: "demo.a", days: 1 } } }, of({}), "OOOOOOO"],
      ["not not until", { not: { not: until(3) } }, of({}), "OO....."],
      [
        "at least",
        { at_least: { count: 2, of: [until(3), completed("a"), completed("b")] } },
        of(done("a", 0)),
        "OO.....",
      ],
      [
        "at least, with more learned",
        { at_least: { count: 1, of: [until(3), completed("a")] } },
        of(done("a", 0)),
        "OOOOOOO",
      ],
      ["the end of what was learned", both, of(done("a", 0)), "O......"],
      ["the end of what else was learned", both, of({ ...done("a", 0), ...done("b", 1) }), "OOOOO.."],
      [
        "the end of what was learned, learned later",
        { all: [until(3), { not: completed("a") }] },
        of(done("a", 1)),
        "OO.....",
      ],
      ["what opens again", windows, of({}), "O..OO.."],
      ["no end: another cohort", cohort("spring"), of({}), "OOOOOOO"],
      ["no end: not yet begun", { all: [from(5), completed("a")] }, of({}), "OOOOOOO"],
    ])("%s", (_, rule, record, expected) => {
      const letters = [1, 2, 3, 4, 5, 6, 7].map((step) => (isOpen(rule, record, at(step)) ? "O" : "."));
      expect(letters.join("")).toBe(expected);
      // The same through a chapter; and the next boundary is never missed.
      const course = outline([chapter("one", rule)], [problem("x", "one"), problem("a"), problem("b")]);
      const { policy, facts, opened } = record;
      const withinChapter = { ...record, opened: new Set([...opened, "demo.one"]), policy, facts };
      const throughChapter = [1, 2, 3, 4, 5, 6, 7].map((step) =>
        openOf(course, withinChapter, at(step)).includes("x") ? "O" : ".",
      );
      expect(throughChapter.join("")).toBe(expected);
    });
  });

  it("closes with the end date of its chapter", () => {
    const course = outline([chapter("one", { until: toInstant(at(2)) })], [problem("x", "one")]);
    expect(openOf(course, learnerRecord({}, kept("x")), at(1))).toEqual(["one", "x"]);
    expect(openOf(course, learnerRecord({}, kept("x")), at(2))).toEqual([]);
  });
});

describe("overrides", () => {
  const course = outline(
    [chapter("one", { completed: "demo.a" })],
    [problem("x", "one"), problem("y", "one", { until: toInstant(at(2)) }), problem("a")],
  );
  const under = (...overrides: ReturnType<typeof override>[]) => learnerRecord({}, { policy: { overrides } });
  const practice = (...overrides: ReturnType<typeof override>[]) =>
    learnerRecord({}, { policy: { practice_mode: true, overrides } });

  it("apply in this order: lock, unlock, a locked chapter, practice mode, the rules", () => {
    expect(openOf(course, under(override("x", "unlock")))).toEqual(["x", "a"]);
    expect(openOf(course, under(override("x", "unlock"), override("x", "lock")))).toEqual(["a"]);
    expect(openOf(course, under(override("one", "unlock")))).toEqual(["one", "x", "y", "a"]);
    expect(openOf(course, practice(override("one", "lock"), override("x", "unlock")))).toEqual(["x", "a"]);
    expect(openOf(course, practice())).toEqual(["one", "x", "y", "a"]);
    expect(openOf(course, practice(override("a", "lock")))).toEqual(["one", "x", "y"]);
  });

  it("end at the instant at which they expire", () => {
    const record = under(override("x", "unlock", { expires_at: at(1) }));
    expect(openOf(course, record, at(1) - 1)).toContain("x");
    expect(openOf(course, record, at(1))).not.toContain("x");
    const program = compile(course);
    expect(evaluate(program, layOut(program, record), EPOCH).validUntil).toBe(at(1));
  });

  it("of the kind `excuse` count as completed, attempted, scored and progressed, but do not complete the item itself", () => {
    const record = under(override("a", "excuse"));
    expect(openOf(course, record)).toEqual(["one", "x", "y", "a"]);
    const leaves: Rule[] = [
      { attempted: "demo.a" },
      { score: { item: "demo.a", min: 100 } },
      { progress: { of: ["demo.a"], min_percent: 100 } },
      { after: { item: "demo.a", days: 1 } },
    ];
    expect(leaves.map((rule) => isOpen(rule, record, EPOCH + DAY_MS))).toEqual([true, true, true, true]);
    expect(isOpen({ after: { item: "demo.a", days: 1 } }, record, EPOCH + DAY_MS - 1)).toBe(false);
    const program = compile(course);
    const learner = layOut(program, record);
    const item = program.indexOf.get("demo.a") ?? 0;
    expect(stateOf(learner, evaluate(program, learner, EPOCH), item)).toBe("unlocked");
  });

  it("of the kind `extend` move the end in the item's own rule to a later time, never to an earlier one", () => {
    const extended = (step: number) =>
      under(override("one", "unlock"), override("y", "extend", { extend_to: at(step) }));
    expect(openOf(course, extended(4), at(4) - 1)).toContain("y");
    expect(openOf(course, extended(4), at(4))).not.toContain("y");
    expect(openOf(course, extended(1), at(1))).toContain("y");
    const program = compile(course);
    expect(evaluate(program, layOut(program, extended(4)), at(3)).validUntil).toBe(at(4));
  });

  it("of several excuses use the earliest, and of several extensions the latest, in whatever order they come", () => {
    const excuses = [override("a", "excuse", { created_at: at(4) }), override("a", "excuse", { created_at: at(0) })];
    const extensions = [2, 6].map((step) => override("y", "extend", { extend_to: at(step) }));
    const drip: Rule = { after: { item: "demo.a", days: 1 } };
    for (const order of [(list: typeof excuses) => list, (list: typeof excuses) => list.toReversed()]) {
      expect(isOpen(drip, under(...order(excuses)), at(2))).toBe(true);
      expect(openOf(course, under(override("one", "unlock"), ...order(extensions)), at(5))).toContain("y");
    }
  });
});
