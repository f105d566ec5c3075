// Over 350 lines: the errors and warnings of publishing are one list, in the order of the page for authors.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { courseDocumentSchema, documentPaths, splitDocument } from "../../../src/courses/document.ts";
import { findDeadEnds } from "../../../src/unlock/analysis/dead-ends.ts";
import { unreachableItems } from "../../../src/unlock/analysis/reach.ts";
import { tableOf } from "../../../src/unlock/analysis/table.ts";
import { CAN, judgeRule } from "../../../src/unlock/analysis/truths.ts";
import { analyze } from "../../../src/unlock/analyze.ts";
import {
  compile,
  evaluate,
  evaluateNode,
  FALSE,
  type Fact,
  IGNORED,
  type ItemStatus,
  layOut,
  mergeFact,
  NO_FACT,
  NO_POLICY,
  NONE,
  type Outline,
  type Rule,
  scopeOf,
  TRUE,
} from "../../../src/unlock/index.ts";
import { cases, chapter, FOREIGN, outline, problem } from "../../support/unlock/courses.ts";
import { cpuMs } from "../../support/unlock/cpu.ts";
import { keepOpen } from "../../support/unlock/explained.ts";

interface Item {
  id: string;
  title: string;
  rule?: Rule;
  status?: ItemStatus;
  problems?: Item[];
  answer?: unknown;
}

/** An item `c.<name>`; its problems, if any, stand in it. */
const item = (name: string, rule?: Rule, more: Partial<Item> = {}): Item => ({
  id: `c.${name}`,
  title: name,
  ...(rule === undefined ? {} : { rule }),
  ...more,
});
const done = (name: string): Rule => ({ completed: `c.${name}` });
const never: Rule = { any: [] };

function check(chapters: Item[], problems: Item[] = [], options: Record<string, unknown> = {}) {
  const document = courseDocumentSchema.parse({ slug: "c", title: "Course", options, chapters, problems });
  return analyze(splitDocument(document).outline, documentPaths(document));
}

function checkOutline(course: Outline, now: number | null = null) {
  const paths = new Map([...course.chapters, ...course.problems].map((each) => [each.id, each.id]));
  return analyze(course, paths, now);
}

const short = (list: { path: string; rule: string }[]) => list.map(({ path, rule }) => `${path} ${rule}`);

describe("[I9] what cannot be published is named with its place", () => {
  it.each<[string, ReturnType<typeof check>, string[]]>([
    ["a chapter id used twice", check([item("a"), item("a")]), ["chapters[1].id duplicate_id"]],
    [
      "an id used by a chapter and by problems",
      check([item("a", undefined, { problems: [item("p"), item("a")] })], [item("q"), item("p")]),
      ["chapters[0].problems[1].id duplicate_id", "problems[1].id duplicate_id"],
    ],
    [
      "an id of another course",
      check([
        { id: "d.a", title: "a" },
        { id: "cc.b", title: "b" },
      ]),
      ["chapters[0].id foreign_id", "chapters[1].id foreign_id"],
    ],
    [
      "items that do not exist, in every kind of leaf",
      check([
        item("a", {
          all: [
            done("x"),
            { attempted: "c.x" },
            { score: { item: "c.x", min: 5 } },
            { after: { item: "c.x", days: 1 } },
            { progress: { of: "c.x", min_percent: 5 } },
            { progress: { of: ["c.b", "c.x"], min_percent: 5 } },
            { at_least: { count: 1, of: [{ not: done("y") }] } },
          ],
        }),
        item("b"),
      ]),
      [
        "chapters[0].rule.all[0].completed dangling",
        "chapters[0].rule.all[1].attempted dangling",
        "chapters[0].rule.all[2].score.item dangling",
        "chapters[0].rule.all[3].after.item dangling",
        "chapters[0].rule.all[4].progress.of dangling",
        "chapters[0].rule.all[5].progress.of[1] dangling",
        "chapters[0].rule.all[6].at_least.of[0].not.completed dangling",
      ],
    ],
    [
      "progress of a problem",
      check([], [item("p"), item("q", { progress: { of: "c.p", min_percent: 50 } })]),
      ["problems[1].rule.progress.of dangling"],
    ],
    ["a tutorial that does not exist", check([item("a")], [], { tutorial: "c.x" }), ["options.tutorial dangling"]],
    [
      "an item that waits for itself",
      check([item("a", { any: [done("a"), done("b")] }), item("b")]),
      ["chapters[0].rule.any[0].completed self_reference"],
    ],
    [
      "a problem that waits for progress in its own chapter",
      check([item("a", undefined, { problems: [item("p", { progress: { of: "c.a", min_percent: 50 } }), item("q")] })]),
      ["chapters[0].problems[0].rule.progress.of self_reference"],
    ],
    [
      "a chapter that waits for its own problem",
      check([item("a", done("p"), { problems: [item("p")] })]),
      ["chapters[0].rule.completed cycle"],
    ],
    [
      "a chapter that waits for progress in itself",
      check([item("a", { progress: { of: "c.a", min_percent: 1 } }, { problems: [item("p")] })]),
      ["chapters[0].rule.progress.of cycle"],
    ],
    [
      "a cycle through not",
      check([item("a", { not: done("b") }), item("b", { not: { all: [done("a")] } })]),
      ["chapters[0].rule.not.completed cycle"],
    ],
    [
      "a cycle through any, though another way leads in",
      check([item("a", { any: [done("b"), { cohort: "x" }] }), item("b", done("a"))]),
      ["chapters[0].rule.any[0].completed cycle"],
    ],
    [
      "a cycle against the order of a sequential course",
      check([item("a", done("c")), item("b"), item("c")], [], { sequential: true }),
      ["chapters[0].rule.completed cycle"],
    ],
    [
      "a tutorial that waits for something",
      check([item("a"), item("t", done("a"))], [], { tutorial: "c.t" }),
      ["chapters[1].rule.completed cycle"],
    ],
    [
      "a tutorial in a chapter that waits for it",
      check([item("a", undefined, { problems: [item("t")] })], [], { tutorial: "c.t" }),
      ["options.tutorial cycle"],
    ],
    [
      "two cycles, each once",
      check([item("a", done("b")), item("b", done("a")), item("c", done("d")), item("d", { attempted: "c.c" })]),
      ["chapters[0].rule.completed cycle", "chapters[2].rule.completed cycle"],
    ],
    [
      "a cycle through a deprecated item",
      check([item("a", done("b")), item("b", done("a"), { status: "deprecated" })]),
      ["chapters[0].rule.completed cycle"],
    ],
    [
      "more than there are",
      check([item("a", { at_least: { count: 2, of: [{ cohort: "x" }] } })]),
      ["chapters[0].rule.at_least.count unsatisfiable"],
    ],
    ["one of none", check([item("a", { all: [never] })]), ["chapters[0].rule.all[0].any unsatisfiable"]],
    [
      "closing at the instant of opening, time zones respected",
      check([item("a", { all: [{ from: "2027-01-01T02:00:00+02:00" }, { until: "2027-01-01T00:00:00Z" }] })]),
      ["chapters[0].rule.all unsatisfiable"],
    ],
    [
      "dates that miss each other across nested groups and a not",
      check([
        item("a", { all: [{ all: [{ from: "2027-02-01T00:00:00Z" }] }, { not: { from: "2027-01-01T00:00:00Z" } }] }),
      ]),
      ["chapters[0].rule.all unsatisfiable"],
    ],
    [
      "a problem that opens after its chapter closed",
      check([
        item(
          "a",
          { until: "2027-01-01T00:00:00Z" },
          { problems: [item("p", { from: "2027-01-01T00:00:00Z" }), item("q")] },
        ),
      ]),
      ["chapters[0].problems[0].rule unsatisfiable"],
    ],
    [
      "the denial of what always holds",
      check([
        item("a", { not: { all: [] } }),
        item("b", { any: [{ not: { after_enrollment: { days: 0 } } }, done("a")] }),
      ]),
      ["chapters[0].rule.not unsatisfiable", "chapters[1].rule.any[0].not unsatisfiable"],
    ],
    [
      "the denial of a tautology",
      check([item("a", { not: { any: [done("b"), { not: done("b") }] } }), item("b")]),
      ["chapters[0].rule.not unsatisfiable"],
    ],
    [
      "a contradiction",
      check([item("a", { all: [done("b"), { not: { any: [done("b"), { cohort: "x" }] } }] }), item("b")]),
      ["chapters[0].rule.all unsatisfiable"],
    ],
    [
      "two contradictions",
      check([
        item("a", {
          all: [
            { score: { item: "c.b", min: 70 } },
            { not: { score: { item: "c.b", min: 60 } } },
            { after: { item: "c.b", days: 1 } },
            { not: done("b") },
          ],
        }),
        item("b"),
      ]),
      ["chapters[0].rule.all unsatisfiable", "chapters[0].rule.all unsatisfiable"],
    ],
    [
      "what follows from an item nobody can open, but not from a way around it",
      check([
        item("a", never),
        item("b", { all: [done("a"), done("e")] }),
        item("c", { attempted: "c.b" }),
        item("d", { any: [done("c"), done("e")] }),
        item("e"),
        item("f", { at_least: { count: 2, of: [done("a"), done("d"), done("e")] } }),
        item("g", { at_least: { count: 2, of: [done("a"), done("b"), done("e")] } }),
        item("h", { not: done("a") }),
      ]),
      [
        "chapters[0].rule.any unsatisfiable",
        "chapters[1].rule unreachable",
        "chapters[2].rule unreachable",
        "chapters[6].rule unreachable",
      ],
    ],
    [
      "what stands in or comes after a chapter nobody can open",
      check([item("a", never, { problems: [item("p")] }), item("b")], [item("q")], { sequential: true }),
      ["chapters[0].rule.any unsatisfiable", "chapters[1] unreachable", "chapters[0].problems[0] unreachable"],
    ],
    [
      "more progress than can be made",
      check(
        [item("a", undefined, { problems: [item("p", never), item("q"), item("r", undefined, { status: "draft" })] })],
        [
          item("s", { progress: { of: "c.a", min_percent: 51 } }),
          item("t", { progress: { of: "c.a", min_percent: 50 } }),
          item("u", { progress: { of: ["c.p", "c.q"], min_percent: 51 } }),
          item("v", { progress: { of: ["c.p", "c.q"], min_percent: 50 } }),
        ],
      ),
      [
        "chapters[0].problems[0].rule.any unsatisfiable",
        "problems[0].rule unreachable",
        "problems[2].rule unreachable",
      ],
    ],
    [
      "what waits for a cycle",
      check([item("a", done("b")), item("b", done("a")), item("c", done("b"))]),
      ["chapters[0].rule.completed cycle", "chapters[2].rule unreachable"],
    ],
    [
      "a draft tutorial",
      check([item("t", undefined, { status: "draft" }), item("a")], [], { tutorial: "c.t" }),
      ["options.tutorial unreachable"],
    ],
    [
      "a tutorial nobody can open, once and not for every item",
      check([item("t", never), item("a"), item("b")], [], { tutorial: "c.t" }),
      ["chapters[0].rule.any unsatisfiable", "options.tutorial unreachable"],
    ],
    [
      "answer patterns RE2 does not know, or that cost too much",
      check(
        [],
        ["(a", "(?=a)b", "a{1,1000}", "a+"].map((pattern, i) =>
          item(`p${i}`, undefined, { answer: { kind: "regex", pattern } }),
        ),
      ),
      [0, 1, 2].map((i) => `problems[${i}].answer.pattern invalid_pattern`),
    ],
  ])("%s", (_, { errors }, expected) => {
    expect(short(errors)).toEqual(expected);
  });

  it("lists every error of a document at once", () => {
    const { errors } = check(
      [item("a", done("x")), item("a", never), { id: "z.b", title: "b" }],
      [item("p", done("q")), item("q", done("p"))],
      { tutorial: "c.nowhere" },
    );
    expect(short(errors)).toEqual([
      "chapters[0].rule.completed dangling",
      "chapters[1].id duplicate_id",
      "chapters[1].rule.any unsatisfiable",
      "chapters[2].id foreign_id",
      "options.tutorial dangling",
      "problems[0].rule.completed cycle",
    ]);
  });

  it("refuses invalid numbers and rules nested too deeply, also if the schema had let them through", () => {
    let deep: Rule = { cohort: "x" };
    for (let i = 0; i < 20_000; i += 1) deep = { not: deep };
    const course = outline(
      [chapter("a", deep)],
      [{ ...problem("p"), answer: { kind: "numeric", value: Number.NaN, tolerance: 0 } }],
    );
    const { errors } = checkOutline(course);
    expect(errors.map((error) => error.rule)).toEqual(["too_deep", "not_finite"]);
  });
});

describe("messages", () => {
  it("show the whole circle, from a rule on, and name dependencies that are in no rule", () => {
    const { errors } = check(
      [item("a", undefined, { problems: [item("p")] }), item("b", { progress: { of: "c.a", min_percent: 9 } })],
      [],
      { tutorial: "c.b" },
    );
    expect(errors).toHaveLength(1);
    expect(errors[0]?.path).toBe("chapters[1].rule.progress.of");
    expect(errors[0]?.message).toContain("c.b -> c.p -> c.b");
    expect(errors[0]?.message).toContain("c.b waits for the problems of c.a");
    expect(errors[0]?.message).toContain("c.p waits for the tutorial c.b");
  });

  it("say that an item is in a chapter or comes after another item", () => {
    const { errors } = check([item("a", done("p")), item("b", undefined, { problems: [item("p")] })], [], {
      sequential: true,
    });
    expect(errors[0]?.message).toContain("c.a -> c.p -> c.b -> c.a");
    expect(errors[0]?.message).toContain("c.p is in c.b");
    expect(errors[0]?.message).toContain("c.b follows c.a in sequential mode");
  });

  it("tell a problem with the name of a chapter from the chapter, and name what blocks it", () => {
    const dangling = check([], [item("p"), item("q", { progress: { of: "c.p", min_percent: 50 } })]).errors;
    expect(dangling[0]?.message).toContain("c.p is a problem");
    const unreachable = check([item("a", never), item("b", done("a"))]).errors;
    expect(unreachable[1]?.message).toContain("it needs c.a which can never be opened");
  });
});

describe("a document without errors", () => {
  it.each<[string, ReturnType<typeof check>]>([
    ["an empty course", check([])],
    [
      "a diamond",
      check([item("a"), item("b", done("a")), item("c", done("a")), item("d", { all: [done("b"), done("c")] })]),
    ],
    [
      "a chapter that waits for its problems where they do not follow it",
      check([item("a", done("p"), { problems: [item("p")] })], [], { problems_follow_chapter: false }),
    ],
    [
      "a tutorial that opens on a date",
      check([item("t", { from: "2027-01-01T00:00:00Z" }), item("a", done("t"))], [], { tutorial: "c.t" }),
    ],
    [
      "opening exactly when the chapter does, and closing later",
      check([
        item(
          "a",
          { from: "2027-01-01T00:00:00Z" },
          {
            problems: [item("p", { all: [{ from: "2027-01-01T00:00:00Z" }, { until: "2027-01-01T00:00:00.001Z" }] })],
          },
        ),
      ]),
    ],
    [
      "dates that would clash if the problem followed its chapter",
      check(
        [item("a", { until: "2027-01-01T00:00:00Z" }, { problems: [item("p", { from: "2028-01-01T00:00:00Z" })] })],
        [],
        { problems_follow_chapter: false },
      ),
    ],
    [
      "two windows",
      check([
        item("a", {
          any: [
            { all: [{ from: "2027-01-01T00:00:00Z" }, { until: "2027-02-01T00:00:00Z" }] },
            { all: [{ from: "2028-01-01T00:00:00Z" }, { until: "2028-02-01T00:00:00Z" }] },
          ],
        }),
      ]),
    ],
    [
      "one and not another of the same kind",
      check([item("a"), item("b"), item("c", { all: [done("a"), { not: done("b") }] })]),
    ],
    [
      "a score between two",
      check(
        [item("b", { all: [{ score: { item: "c.a", min: 50 } }, { not: { score: { item: "c.a", min: 60 } } }] })],
        [item("a")],
      ),
    ],
  ])("%s", (_, result) => {
    expect(result).toEqual({ errors: [], warnings: [] });
  });
});

describe("[fault 24] dead ends", () => {
  const from = (year: number): Rule => ({ from: `${year}-01-01T00:00:00Z` });
  const until = (year: number): Rule => ({ until: `${year}-01-01T00:00:00Z` });
  const c = (name: string): Rule => ({ completed: `demo.${name}` });
  const t = (name: string): Rule => ({ attempted: `demo.${name}` });
  const s = (name: string): Rule => ({ score: { item: `demo.${name}`, min: 70 } });
  const progress = (of: string | string[], min_percent: number): Rule => ({ progress: { of, min_percent } });
  const waited = (name: string, days: number): Rule => ({ after: { item: `demo.${name}`, days } });
  const cohort = (name: string): Rule => ({ cohort: name });
  const [a, b] = [problem("a"), problem("b")];
  const x = (rule: Rule) => problem("x", null, rule);
  const NOW = Date.UTC(2026, 0, 1);

  it.each<[string, Outline, string[], string[]]>([
    [
      "a score demanded of a chapter",
      outline([chapter("one")], [x(s("one"))]),
      ["demo.x.rule.score.item unreachable"],
      [],
    ],
    [
      "a score demanded of a chapter, or something else",
      outline([chapter("one")], [a, x({ any: [s("one"), c("a")] })]),
      [],
      ["demo.x.rule.any[0].score.item dead_end"],
    ],
    [
      "no score on a chapter",
      outline([chapter("one")], [a, x({ all: [{ not: s("one") }, c("a")] })]),
      [],
      ["demo.x.rule.all[0].not.score.item always_open"],
    ],
    [
      "an end before the beginning of a prerequisite",
      outline([], [problem("a", null, from(2030)), problem("b", null, c("a")), x({ all: [t("b"), until(2029)] })]),
      ["demo.x.rule unreachable"],
      [],
    ],
    [
      "an end before the beginning of a chapter's prerequisite",
      outline([chapter("one", c("a"))], [problem("a", null, from(2030)), problem("x", "one", until(2029))]),
      ["demo.x.rule unreachable"],
      [],
    ],
    [
      "an end before a waiting period is over",
      outline([], [problem("a", null, from(2029)), x({ all: [waited("a", 3650), until(2031)] })]),
      ["demo.x.rule unreachable"],
      [],
    ],
    [
      "an end before enough can be done",
      outline([], [a, problem("b", null, from(2030)), x({ all: [progress(["demo.a", "demo.b"], 100), until(2029)] })]),
      ["demo.x.rule unreachable"],
      [],
    ],
    [
      "an end before one of two beginnings",
      outline([], [a, problem("b", null, from(2030)), x({ all: [progress(["demo.a", "demo.b"], 50), until(2029)] })]),
      [],
      [],
    ],
    [
      "an end before the tutorial begins",
      outline([], [problem("a", null, from(2030)), x(until(2029))], { tutorial: "demo.a" }),
      ["demo.x.rule unreachable"],
      [],
    ],
    [
      "an end before the chapter before it begins",
      outline([chapter("one", from(2030)), chapter("x", until(2029))], [], { sequential: true }),
      ["demo.x.rule unreachable"],
      [],
    ],
    [
      "a tutorial that has closed",
      outline([], [problem("a", null, until(2025)), b], { tutorial: "demo.a" }),
      [],
      ["demo.a.rule closed", "options.tutorial closed"],
    ],
    ["a date that has passed", outline([], [x(until(2025)), a]), [], ["demo.x.rule closed"]],
    [
      "a prerequisite that has closed",
      outline([], [problem("a", null, until(2025)), x(c("a"))]),
      [],
      ["demo.a.rule closed", "demo.x.rule closed"],
    ],
    [
      "a delay after enrollment beyond an end",
      outline([], [x({ all: [{ after_enrollment: { days: 3650 } }, until(2027)] })]),
      [],
      ["demo.x.rule closed"],
    ],
    [
      "done and not begun",
      outline([], [b, x({ all: [c("b"), { not: t("b") }] })]),
      ["demo.x.rule.all unsatisfiable"],
      [],
    ],
    [
      "a score and not begun",
      outline([], [b, x({ all: [s("b"), { not: t("b") }] })]),
      ["demo.x.rule.all unsatisfiable"],
      [],
    ],
    [
      "waited and not begun",
      outline([], [b, x({ all: [waited("b", 1), { not: t("b") }] })]),
      ["demo.x.rule.all unsatisfiable"],
      [],
    ],
    [
      "done and not begun, through a prerequisite",
      outline([], [a, problem("b", null, c("a")), x({ all: [t("b"), { not: t("a") }] })]),
      ["demo.x.rule unreachable"],
      [],
    ],
    [
      "done and not done, through progress",
      outline(
        [chapter("one")],
        [problem("p", "one"), problem("q", "one"), x({ all: [progress("demo.one", 100), { not: c("q") }] })],
      ),
      ["demo.x.rule unreachable"],
      [],
    ],
    [
      "done and not done, through one of two ways",
      outline([], [a, b, x({ all: [{ any: [c("a"), c("b")] }, { not: t("a") }] })]),
      [],
      [],
    ],
    [
      "done and not done, through both ways",
      outline([], [a, problem("b", null, c("a")), x({ all: [{ any: [c("a"), s("b")] }, { not: t("a") }] })]),
      ["demo.x.rule unreachable"],
      [],
    ],
    [
      "more than there are different ones",
      outline([], [a, x({ at_least: { count: 2, of: [c("a"), c("a")] } })]),
      ["demo.x.rule.at_least.count unsatisfiable"],
      ["demo.x.rule.at_least.of[1] named_twice"],
    ],
    [
      "progress over what can never be done",
      outline([], [problem("a", null, { all: [from(2030), until(2029)] }), b, x(progress(["demo.a", "demo.b"], 100))]),
      ["demo.a.rule.all unsatisfiable", "demo.x.rule unreachable"],
      [],
    ],
    [
      "two of three, as authors write it",
      outline(
        [chapter("one")],
        [a, problem("y", null, s("one")), b, x(progress(["demo.a", "demo.b", "demo.y"], 66.67))],
      ),
      ["demo.y.rule.score.item unreachable"],
      [],
    ],
    [
      "items named twice",
      outline([], [a, b, x(progress(["demo.a", "demo.b", "demo.a"], 60))]),
      [],
      ["demo.x.rule.progress.of[2] named_twice"],
    ],
    [
      "conditions written twice",
      outline([], [a, b, x({ at_least: { count: 2, of: [c("a"), c("b"), c("a")] } })]),
      [],
      ["demo.x.rule.at_least.of[2] named_twice"],
    ],
    [
      "a cohort excluded by what is needed",
      outline([], [problem("a", null, { not: cohort("red") }), x({ all: [c("a"), cohort("red")] })]),
      [],
      ["demo.x.rule cohort_conflict"],
    ],
    [
      "a cohort of what is needed",
      outline([], [problem("a", null, cohort("blue")), x({ all: [c("a"), cohort("red")] })]),
      [],
      ["demo.x.rule cohort_conflict"],
    ],
    [
      "a first chapter that has closed, in a course in order",
      outline([chapter("one", until(2025)), chapter("two"), chapter("three", c("p"))], [problem("p", "two")], {
        sequential: true,
      }),
      [],
      ["demo.one.rule closed", "demo.three.rule closed"],
    ],
    [
      "a first chapter for one cohort, in a course in order",
      outline([chapter("one", cohort("red")), chapter("two"), chapter("three")], [problem("p", "one")], {
        sequential: true,
      }),
      [],
      ["demo.one.rule cohort_only"],
    ],
    [
      "a first chapter for either of two cohorts, in a course in order",
      outline([chapter("one", { any: [cohort("red"), cohort("blue")] }), chapter("two")], [], { sequential: true }),
      [],
      ["demo.one.rule cohort_only"],
    ],
    [
      "a first chapter for all but one cohort, in a course in order",
      outline([chapter("one", { not: cohort("red") }), chapter("two")], [], { sequential: true }),
      [],
      ["demo.one.rule cohort_only"],
    ],
    [
      "a tutorial for one cohort",
      outline([], [problem("a", null, cohort("red")), b], { tutorial: "demo.a" }),
      [],
      ["demo.a.rule cohort_only"],
    ],
    [
      "a first chapter for a cohort or for whoever did something",
      outline([chapter("one", { any: [cohort("red"), c("a")] }), chapter("two")], [a], { sequential: true }),
      [],
      [],
    ],
    [
      "chapters of one cohort, in a course in order",
      outline([chapter("one", cohort("red")), chapter("two", cohort("red"))], [problem("p", "one")], {
        sequential: true,
      }),
      [],
      [],
    ],
    ["two cohorts asked for at once", outline([], [x({ all: [cohort("blue"), cohort("red")] })]), [], []],
  ])("%s", (_, course, errors, warnings) => {
    const found = checkOutline(course, NOW);
    expect([short(found.errors), short(found.warnings)]).toEqual([errors, warnings]);
  });

  /** The same in order, and the first chapter has closed just before. */
  const withFirstClosed = (course: Outline, now: number): Outline => ({
    ...course,
    options: { ...course.options, sequential: true },
    chapters: course.chapters.map((one, place) =>
      place === 0 ? { ...one, rule: { until: new Date(now - 1).toISOString() } } : one,
    ),
  });

  it("name the times, and the parts of the rule", () => {
    const course = outline([], [problem("a", null, from(2030)), x({ all: [c("a"), until(2029)] })]);
    expect(checkOutline(course).errors[0]?.message).toBe(
      "Nobody can ever open demo.x: demo.x.rule.all[1] ends on 2029-01-01T00:00:00.000Z, and demo.x.rule.all[0] cannot be before 2030-01-01T00:00:00.000Z.",
    );
  });

  it("name the number of items behind one that is closed to all or to some, and the first of these items", () => {
    const chapters = ["two", "three", "four", "five", "six"].map((name) => chapter(name));
    const of = (rule: Rule) =>
      checkOutline(
        outline([chapter("one", rule), ...chapters], [problem("p", "one"), problem("q", "two")], { sequential: true }),
        NOW,
      ).warnings.map(({ message }) => message);
    expect(of(until(2025))).toEqual([
      "A learner who starts on 2026-01-01 or later can never open demo.one. It closed on 2025-01-01T00:00:00.000Z. 7 more come after it and can never be opened either: demo.two, demo.three, demo.four, demo.five, demo.six and 2 more.",
    ]);
    expect(of(cohort("red"))).toEqual([
      'Only learners in "red" can open demo.one. 6 more come after it and wait for it, so that they are closed to the same learners: demo.two, demo.three, demo.four, demo.five, demo.six and 1 more.',
    ]);
    expect(of({ not: cohort("red") })[0]).toMatch(/^Learners in "red" cannot open demo\.one\. 6 more come after it/);
  });

  const SMALL_COURSE = { chapters: 3, problems: 6 };
  it("are not reported for an item that somebody can open, whatever they do and whenever", { timeout: 60_000 }, () => {
    let claimed = 0;
    let followers = 0;
    const moves = fc.array(fc.tuple(fc.nat({ max: 999 }), fc.nat({ max: 5 })), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(
        fc.oneof(cases(undefined, SMALL_COURSE), cases(FOREIGN, SMALL_COURSE)),
        fc.boolean(),
        moves,
        ({ course: anyCourse, record, now }, startsNow, steps) => {
          const course = steps.length % 4 === 0 ? anyCourse : withFirstClosed(anyCourse, now);
          const { errors, warnings } = checkOutline(course, now);
          const places = [
            ...errors.filter(({ rule }) => rule === "unreachable"),
            ...(startsNow ? warnings.filter(({ rule }) => rule === "closed") : []),
          ];
          const program = compile(course);
          const paths = new Map(program.ids.map((id) => [id, id]));
          const { behind } = findDeadEnds(tableOf(course, paths), [...program.order], startsNow ? now : null);
          const after = new Set([...behind.values()].flat().map((item) => program.ids[item]));
          followers += after.size;
          const isClaimed = (id: string) =>
            after.has(id) || places.some(({ path }) => path === id || path.startsWith(`${id}.`));
          let at = startsNow ? now : Math.min(record.enrolled_at, now);
          const policy = { ...NO_POLICY, cohorts: record.policy.cohorts };
          let living = {
            enrolled_at: at,
            facts: new Map<string, Fact>(),
            opened: new Set<string>() as ReadonlySet<string>,
            policy,
          };
          claimed += program.ids.filter(isClaimed).length;
          for (const [pick, kind] of steps) {
            living = { ...living, ...keepOpen(program, living, at), facts: living.facts, policy };
            const { open, visible, validUntil } = evaluate(program, layOut(program, living), at);
            const opened = program.ids.filter((_, item) => open[item] === 1 && visible[item] === 1);
            expect(
              opened.filter((id) => program.statuses[program.indexOf.get(id) ?? 0] !== "deprecated" && isClaimed(id)),
            ).toEqual([]);
            const id = opened[pick % Math.max(opened.length, 1)];
            if (kind === 0 && Number.isFinite(validUntil)) at = validUntil;
            else if (id !== undefined) {
              const isChapter = (program.indexOf.get(id) ?? 0) < program.chapterCount;
              const score = isChapter || kind < 3 ? null : 100;
              living.facts.set(
                id,
                mergeFact(living.facts.get(id) ?? NO_FACT, { at, completed: isChapter || kind > 1, score }),
              );
            }
          }
        },
      ),
      { numRuns: 1_000 },
    );
    expect(claimed).toBeGreaterThan(100);
    expect(followers).toBeGreaterThan(100);
  });
});

describe("drafts, deprecated items and rules that always hold", () => {
  it.each<[string, ReturnType<typeof check>, string[]]>([
    [
      "a leaf on a draft is dropped from its group",
      check([item("a", undefined, { status: "draft" }), item("b"), item("c", { all: [done("a"), done("b")] })]),
      ["chapters[2].rule.all[0].completed ignored_prerequisite"],
    ],
    [
      "a rule of nothing but drafts keeps nobody out",
      check(
        [item("a", undefined, { problems: [item("p")], status: "draft" })],
        [item("q", { any: [{ not: done("p") }, done("a")] })],
      ),
      [
        "problems[0].rule.any[0].not.completed ignored_prerequisite",
        "problems[0].rule.any[1].completed ignored_prerequisite",
        "problems[0].rule always_open",
      ],
    ],
    [
      "the count is lowered to what remains",
      check([
        item("a", undefined, { status: "draft" }),
        item("b"),
        item("c", { at_least: { count: 2, of: [done("a"), done("b")] } }),
      ]),
      ["chapters[2].rule.at_least.of[0].completed ignored_prerequisite"],
    ],
    [
      "a deprecated item is demanded of nobody",
      check([item("a", undefined, { status: "deprecated" }), item("b", done("a"))]),
      ["chapters[1].rule.completed ignored_prerequisite", "chapters[1].rule always_open"],
    ],
    [
      "denying a deprecated item still keeps out those who have it",
      check([item("a", undefined, { status: "deprecated" }), item("b", { not: done("a") })]),
      ["chapters[1].rule.not.completed ignored_prerequisite"],
    ],
    ["nobody reads the rules of a draft", check([item("a", { all: [] }, { status: "draft" })]), []],
    [
      "vacuous rules",
      check(
        [item("a", { all: [] }), item("b", { at_least: { count: 0, of: [done("a")] } })],
        [
          item("p", { after_enrollment: { days: 0 } }),
          item("q", { progress: { of: ["c.p"], min_percent: 0 } }),
          item("r", { any: [{ cohort: "x" }, { all: [] }] }),
          item("s", { any: [{ from: "2027-01-01T00:00:00Z" }, { until: "2027-01-01T00:00:00Z" }] }),
          item("t", { progress: { of: [], min_percent: 50 } }),
          item("u", { all: [{ progress: { of: "c.a", min_percent: 50 } }, done("p")] }),
        ],
      ),
      [
        "chapters[0].rule always_open",
        "chapters[1].rule always_open",
        "problems[0].rule always_open",
        "problems[1].rule always_open",
        "problems[2].rule always_open",
        "problems[3].rule always_open",
        "problems[4].rule always_open",
        "problems[5].rule.all[0].progress.of always_open",
      ],
    ],
    [
      "a minimum score of zero needs an attempt",
      check([item("b", { score: { item: "c.a", min: 0 } })], [item("a")]),
      [],
    ],
  ])("%s", (_, { errors, warnings }, expected) => {
    expect(errors).toEqual([]);
    expect(short(warnings)).toEqual(expected);
  });
});

/** Courses of problems whose rules name only earlier problems, each by chance inside some operator. */
const operators = [
  (rules: Rule[]): Rule => ({ all: rules }),
  (rules: Rule[]): Rule => ({ any: rules }),
  (rules: Rule[]): Rule => ({ at_least: { count: 1, of: rules } }),
  (rules: Rule[]): Rule => ({ all: rules.map((rule) => ({ not: { not: rule } })) }),
];
const dag = fc
  .array(fc.record({ picks: fc.array(fc.nat(), { maxLength: 4 }), operator: fc.constantFrom(...operators) }), {
    minLength: 2,
    maxLength: 40,
  })
  .map((nodes) =>
    nodes.map(({ picks, operator }, i) => {
      const names = [...new Set(i === 0 ? [] : picks.map((pick) => pick % i))];
      const rule = names.length === 0 ? null : operator(names.map((name) => ({ completed: `demo.p${name}` })));
      return problem(`p${i}`, null, rule);
    }),
  );

describe("graphs", () => {
  it("accepts every course without a circle, and the engine finds an order for it", () => {
    fc.assert(
      fc.property(dag, fc.boolean(), (problems, isReversed) => {
        const course = outline([], isReversed ? problems.toReversed() : problems);
        expect(checkOutline(course).errors).toEqual([]);
        expect(compile(course).order).toHaveLength(problems.length);
      }),
    );
  });

  it("finds the circle that one added edge makes, and shows only edges that exist", () => {
    fc.assert(
      fc.property(dag, fc.nat(), fc.nat(), (problems, a, b) => {
        const from = 1 + (a % (problems.length - 1));
        const to = b % from;
        const link = (rule: Rule | null, target: number): Rule => ({
          all: [...(rule === null ? [] : [rule]), { completed: `demo.p${target}` }],
        });
        // A way from `from` to `to`, and the edge back.
        const closed = problems.map((each, i) => ({
          ...each,
          rule: i === from ? link(each.rule, to) : i === to ? link(each.rule, from) : each.rule,
        }));
        const cycles = checkOutline(outline([], closed)).errors.filter((error) => error.rule === "cycle");
        expect(cycles).toHaveLength(1);
        const names = /: (.*)\.$/.exec(cycles[0]?.message ?? "")?.[1]?.split(" -> ") ?? [];
        expect(names.length).toBeGreaterThan(2);
        expect(names.at(-1)).toBe(names[0]);
        names.slice(1).forEach((name, i) => {
          const rule = closed.find((each) => each.id === names[i])?.rule;
          expect(JSON.stringify(rule)).toContain(`"completed":"${name}"`);
        });
      }),
    );
  });

  it("reads a chain of 5,000 items without recursion, accepts it, and finds the circle when its ends are joined", () => {
    const size = 5_000;
    const chain = Array.from({ length: size }, (_, i) =>
      problem(`p${i}`, null, i + 1 < size ? { completed: `demo.p${i + 1}` } : null),
    );
    expect(checkOutline(outline([], chain))).toEqual({ errors: [], warnings: [] });
    const ring = [...chain.slice(0, -1), problem(`p${size - 1}`, null, { completed: "demo.p0" })];
    const { errors } = checkOutline(outline([], ring));
    expect(errors.map((error) => error.rule)).toEqual(["cycle"]);
    expect(errors[0]?.message).toMatch(/demo\.p0 -> demo\.p1 -> .*\(4951 more\).* -> demo\.p4999 -> demo\.p0\.$/);
  });

  it("takes linear time where every problem asks for the progress of one large chapter", () => {
    const half = 2_500;
    const rule: Rule = { progress: { of: "demo.big", min_percent: 50 } };
    const course = outline(
      [chapter("big")],
      [
        ...Array.from({ length: half }, (_, i) => problem(`in${i}`, "big")),
        ...Array.from({ length: half - 1 }, (_, i) => problem(`out${i}`, null, rule)),
      ],
    );
    const took = cpuMs(() => expect(checkOutline(course)).toEqual({ errors: [], warnings: [] }));
    // Six million edges, were they listed one by one.
    expect(took).toBeLessThan(1_000);
  });
});

/** Random courses per comparison: enough to have caught every slip planted so far, in a few seconds. */
const RUNS = 2_000;
const COMPARISON_TIMEOUT_MS = 60_000;

describe("against the engine", { timeout: COMPARISON_TIMEOUT_MS }, () => {
  it("never says that a rule is impossible or certain if the engine finds a counterexample", () => {
    let certain = 0;
    fc.assert(
      fc.property(cases(), ({ course, record, now }) => {
        fc.pre(now >= record.enrolled_at); // nobody is asked about before
        const program = compile(course);
        const learner = layOut(program, { ...record, policy: { ...record.policy, overrides: [] } });
        const scope = scopeOf(program, learner, now);
        const table = tableOf(course, new Map());
        for (const entry of table.entries) {
          if (entry.item.rule === null) continue;
          const canBe = new Map<Rule, number>();
          judgeRule(table, entry, canBe);
          const root = program.roots[entry.index] ?? NONE;
          const truth = root === NONE ? IGNORED : evaluateNode(scope, root, entry.index);
          const bit = { [FALSE]: CAN.FALSE, [TRUE]: CAN.TRUE, [IGNORED]: CAN.IGNORED }[truth];
          const can = canBe.get(entry.item.rule) ?? 0;
          if (can === CAN.FALSE || can === CAN.TRUE || can === CAN.IGNORED) certain += 1;
          expect({ rule: entry.item.rule, allowed: (can & bit) !== 0 }).toEqual({
            rule: entry.item.rule,
            allowed: true,
          });
        }
      }),
      { numRuns: RUNS },
    );
    expect(certain).toBeGreaterThan(100);
  });

  it("calls unreachable exactly the items that a learner never opens who always does everything that is open", () => {
    const names = ["a", "b", "c", "p", "q", "r", "s"] as const;
    const name = fc.constantFrom(...names).map((each) => `demo.${each}`);
    const { rule } = fc.letrec<{ rule: Rule; leaf: Rule }>((tie) => ({
      leaf: fc.oneof(
        { weight: 4, arbitrary: fc.record({ completed: name }) },
        fc.record({ attempted: name }),
        fc.record({ score: fc.record({ item: name, min: fc.constant(70) }) }),
        fc.record({ after: fc.record({ item: name, days: fc.constant(1) }) }),
        fc.record({ after_enrollment: fc.record({ days: fc.constant(1) }) }),
        fc.record({
          progress: fc.record({
            of: fc.oneof(fc.constantFrom("demo.a", "demo.b", "demo.c"), fc.array(name, { maxLength: 4 })),
            min_percent: fc.constantFrom(0, 33.34, 50, 100),
          }),
        }),
      ),
      rule: fc.oneof(
        { maxDepth: 3 },
        tie("leaf"),
        fc.record({ all: fc.array(tie("rule"), { maxLength: 3 }) }),
        fc.record({ any: fc.array(tie("rule"), { maxLength: 3 }) }),
        fc
          .tuple(fc.nat({ max: 3 }), fc.array(tie("rule"), { maxLength: 3 }))
          .map(([count, of]) => ({ at_least: { count: Math.min(count, of.length), of } })),
      ),
    }));
    const statuses = fc.oneof(
      { weight: 6, arbitrary: fc.constant("active" as const) },
      fc.constantFrom("draft" as const, "deprecated" as const),
    );
    const rules = fc.array(fc.tuple(fc.option(rule, { freq: 4 }), statuses), {
      minLength: names.length,
      maxLength: names.length,
    });
    let unreachable = 0;
    fc.assert(
      fc.property(rules, fc.boolean(), fc.boolean(), (drawn, sequential, problems_follow_chapter) => {
        const of = (i: number): [Rule | null, ItemStatus] => drawn[i] ?? [null, "active"];
        const course = outline(
          [0, 1, 2].map((i) => chapter(names[i] ?? "", ...of(i))),
          [3, 4, 5, 6].map((i) => problem(names[i] ?? "", [null, "a", "b", "b"][i - 3] ?? null, ...of(i))),
          { sequential, problems_follow_chapter },
        );
        const table = tableOf(course, new Map());
        const canBe = new Map<Rule, number>();
        for (const entry of table.entries) judgeRule(table, entry, canBe);
        const claimed = unreachableItems(table, canBe, new Set());

        const program = compile(course);
        const facts = new Map<string, { attempted_at: number; completed_at: number; best_score: number | null }>();
        const later = 1e12;
        const record = { enrolled_at: 0, facts, opened: new Set<string>(), policy: NO_POLICY };
        let open: string[] = [];
        for (let before = -1; before !== facts.size; ) {
          before = facts.size;
          const result = evaluate(program, layOut(program, record), later);
          open = program.ids.filter((_, i) => result.open[i] === 1);
          for (const id of open) {
            const status = program.statuses[program.indexOf.get(id) ?? NONE];
            const isChapter = (program.indexOf.get(id) ?? 0) < program.chapterCount;
            const best_score = isChapter ? null : 100; // chapters never get one
            if (status === "active") facts.set(id, { attempted_at: 0, completed_at: 0, best_score });
          }
        }
        for (const entry of table.entries) {
          if (entry.status !== "active") continue;
          const isUnreachable = claimed.has(entry.index);
          if (isUnreachable) unreachable += 1;
          expect({ id: entry.item.id, isUnreachable }).toEqual({
            id: entry.item.id,
            isUnreachable: !open.includes(entry.item.id),
          });
        }
      }),
      { numRuns: RUNS },
    );
    expect(unreachable).toBeGreaterThan(100);
  });
});
