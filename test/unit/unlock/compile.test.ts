import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile, evaluate, layOut, type Outline, type OutlineProblem, type Rule } from "../../../src/unlock/index.ts";
import {
  at,
  cases,
  chapter,
  deeds,
  EPOCH,
  idsOf,
  learnerRecord,
  outline,
  outlines,
  problem,
  withDeed,
} from "../../support/unlock/courses.ts";

/** Ids a rule names, its chapters' problems included. */
function namedIn(course: Outline, rule: Rule): string[] {
  if ("all" in rule) return rule.all.flatMap((child) => namedIn(course, child));
  if ("any" in rule) return rule.any.flatMap((child) => namedIn(course, child));
  if ("at_least" in rule) return rule.at_least.of.flatMap((child) => namedIn(course, child));
  if ("not" in rule) return namedIn(course, rule.not);
  if ("completed" in rule) return [rule.completed];
  if ("attempted" in rule) return [rule.attempted];
  if ("score" in rule) return [rule.score.item];
  if ("after" in rule) return [rule.after.item];
  if (!("progress" in rule)) return [];
  const { of } = rule.progress;
  if (typeof of !== "string") return of;
  return course.problems.filter((entry) => entry.chapter === of).map(({ id }) => id);
}

/** What must come before each item: what its rule names (drafts apart), its chapter, the chapter before, the tutorial. */
function dependencies(course: Outline): Map<string, Set<string>> {
  const all: OutlineProblem[] = [
    ...course.chapters.map((entry) => ({ ...problem("none"), ...entry, chapter: null })),
    ...course.problems,
  ];
  const statuses = (id: string | null): string[] => {
    const entry = all.find((one) => one.id === id);
    return entry === undefined ? [] : [entry.status, ...statuses(entry.chapter)];
  };
  const isDraft = (id: string) => statuses(id).includes("draft");
  const demanded = course.chapters.filter((one) => one.status !== "draft" && one.status !== "deprecated");
  const result = new Map<string, Set<string>>();
  for (const entry of [...course.chapters, ...course.problems]) {
    const needs = new Set((entry.rule === null ? [] : namedIn(course, entry.rule)).filter((id) => !isDraft(id)));
    const home = course.problems.find(({ id }) => id === entry.id)?.chapter ?? null;
    if (home !== null && course.options.problems_follow_chapter) needs.add(home);
    const place = course.chapters.findIndex(({ id }) => id === entry.id);
    if (course.options.sequential && place > 0) {
      const before = demanded.filter((one) => course.chapters.indexOf(one) < place).at(-1);
      if (before !== undefined) needs.add(before.id);
    }
    const { tutorial } = course.options;
    const gates = !statuses(tutorial).some((status) => status === "draft" || status === "deprecated");
    if (tutorial !== null && tutorial !== entry.id && gates) needs.add(tutorial);
    result.set(entry.id, needs);
  }
  return result;
}

function hasCycle(needs: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const left = new Map([...needs].map(([id, set]) => [id, new Set(set)]));
  for (let removed = true; removed; ) {
    removed = false;
    for (const [id, set] of left) {
      if ([...set].some((other) => left.has(other))) continue;
      left.delete(id);
      removed = true;
    }
  }
  return left.size > 0;
}

describe("compile", () => {
  it("orders every item after its dependencies, and finds no order exactly when there is a circle", () => {
    const orders = { some: 0, none: 0 };
    fc.assert(
      fc.property(outlines(), (course) => {
        const { order, ids } = compile(course);
        const needs = dependencies(course);
        if (hasCycle(needs)) {
          orders.none += 1;
          expect(order).toHaveLength(0);
          return;
        }
        orders.some += 1;
        expect([...order].sort((a, b) => a - b)).toEqual([...ids.keys()]);
        const places = new Map([...order].map((item, place) => [ids[item], place]));
        for (const [id, set] of needs) {
          for (const other of set) expect(places.get(other)).toBeLessThan(places.get(id) ?? -1);
        }
      }),
      { numRuns: 150, seed: 7 },
    );
    expect(orders.some).toBeGreaterThan(15);
    expect(orders.none).toBeGreaterThan(15);
  });

  it("finds circles through every operator, through an item itself and through its chapter", () => {
    const b = "demo.b";
    const leaves: Rule[] = [
      { completed: b },
      { attempted: b },
      { score: { item: b, min: 1 } },
      { after: { item: b, days: 1 } },
      { progress: { of: [b], min_percent: 1 } },
      { progress: { of: "demo.home", min_percent: 1 } },
      { not: { completed: b } },
      { at_least: { count: 1, of: [{ any: [{ all: [{ completed: b }] }] }] } },
    ];
    for (const rule of leaves) {
      const round = outline(
        [chapter("home")],
        [problem("a", null, rule), problem("b", "home", { completed: "demo.a" })],
      );
      expect(compile(round).order, JSON.stringify(rule)).toHaveLength(0);
    }
    expect(compile(outline([], [problem("a", null, { completed: "demo.a" })])).order).toHaveLength(0);
    const inside = outline([chapter("home", { completed: "demo.b" })], [problem("b", "home")]);
    expect(compile(inside).order).toHaveLength(0);
    expect(compile({ ...inside, options: { ...inside.options, problems_follow_chapter: false } }).order).toHaveLength(
      2,
    );
  });

  it("does not take two ways to one item for a circle", () => {
    const on = (...names: string[]): Rule => ({ all: names.map((name) => ({ completed: `demo.${name}` })) });
    const diamond = [
      problem("d", null, on("b", "c")),
      problem("c", null, on("a")),
      problem("b", null, on("a")),
      problem("a"),
    ];
    const { order, ids } = compile(outline([], diamond));
    expect(order).toHaveLength(4);
    expect(ids[order[0] ?? 0]).toBe("demo.a");
    expect(ids[order[3] ?? 0]).toBe("demo.d");
  });

  it("names as dependents all items that new facts about an item can open, lock, show or hide", () => {
    fc.assert(
      fc.property(cases(), deeds(4), ({ course, record, now }, done) => {
        const program = compile(course);
        for (const deed of done) {
          const item = deed.pick % program.size;
          const before = evaluate(program, layOut(program, record), now);
          const after = evaluate(program, layOut(program, withDeed(record, program.ids, deed)), now);
          const named = new Set(program.dependents[item]);
          expect(named.has(item)).toBe(true);
          const affected = [...program.ids.keys()].filter(
            (other) => before.open[other] !== after.open[other] || before.visible[other] !== after.visible[other],
          );
          // A deprecated chapter comes into sight with anything that is started in it.
          const home = program.chapterOf[item] ?? -1;
          const isBeside = (other: number) => [item, home].includes(program.comesWith[other] ?? -1);
          const isNamed = (other: number) => named.has(other) || named.has(program.gate[other] ?? -1);
          for (const other of affected) expect(isNamed(other) || isBeside(other)).toBe(true);
        }
      }),
      { numRuns: 120 },
    );
  });

  it("[I7] locks items whose rule names an item that does not exist", () => {
    const gone = "demo.gone";
    const leaves: Rule[] = [
      { completed: gone },
      { attempted: gone },
      { score: { item: gone, min: 0 } },
      { after: { item: gone, days: 0 } },
      { progress: { of: [gone], min_percent: 1 } },
      { progress: { of: gone, min_percent: 1 } },
      { progress: { of: "demo.y", min_percent: 1 } },
      { any: [{ completed: gone }] },
      { at_least: { count: 1, of: [{ completed: gone }, { attempted: gone }] } },
    ];
    for (const rule of leaves) {
      const program = compile(outline([], [problem("x", null, rule), problem("y")]));
      const learner = layOut(program, learnerRecord({ y: { attempted_at: EPOCH, completed_at: EPOCH } }));
      expect([...evaluate(program, learner, at(1000)).open], JSON.stringify(rule)).toEqual([0, 1]);
    }
  });

  it("numbers chapters first and then problems, in course order", () => {
    fc.assert(
      fc.property(outlines(), (course) => {
        const { ids, chapterCount, size, indexOf } = compile(course);
        expect(ids).toEqual(idsOf(course));
        expect([chapterCount, size]).toEqual([course.chapters.length, course.chapters.length + course.problems.length]);
        expect(ids.map((id) => indexOf.get(id))).toEqual([...ids.keys()]);
      }),
      { numRuns: 30 },
    );
  });
});
