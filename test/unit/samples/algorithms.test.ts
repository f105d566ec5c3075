import { describe, expect, test } from "vitest";
import source from "../../../samples/algorithms/course.json" with { type: "json" };
import {
  type CourseDocument,
  courseDocumentSchema,
  documentPaths,
  splitDocument,
} from "../../../src/courses/document.ts";
import { analyze } from "../../../src/unlock/analyze.ts";
import { partsOf, REQUIREMENT_OPERATORS, type Requirement } from "../../../src/unlock/completion/requirement.ts";
import { OPERATORS, type Rule } from "../../../src/unlock/rules.ts";

const HAN = /\p{Script=Han}/u;
/** A chapter shorter than this, in characters, would be a stub and not a lesson. Chinese says the same in fewer. */
const MIN_CHAPTER_EN = 600;
const MIN_CHAPTER_ZH = 250;

/** Written by importers, for what other platforms say; and what takes another course. */
const FOREIGN: readonly string[] = [
  "state",
  "points",
  "average",
  "viewed",
  "submitted",
  "profile",
  "missing",
  "hide",
  "course_completed",
];

const course: CourseDocument = courseDocumentSchema.parse(source);
const problems = [...course.chapters.flatMap((chapter) => chapter.problems), ...course.problems];
const items = [...course.chapters, ...problems];

/** The rule and every rule inside it. */
function nodesOf(rule: Rule | null): Rule[] {
  if (rule === null) return [];
  if ("all" in rule) return [rule, ...rule.all.flatMap(nodesOf)];
  if ("any" in rule) return [rule, ...rule.any.flatMap(nodesOf)];
  if ("at_least" in rule) return [rule, ...rule.at_least.of.flatMap(nodesOf)];
  if ("not" in rule) return [rule, ...nodesOf(rule.not)];
  return [rule];
}

/** Ids a single node names; a chapter whose progress counts stands for its problems. */
function namedBy(node: Rule): string[] {
  if ("completed" in node) return [node.completed];
  if ("attempted" in node) return [node.attempted];
  if ("score" in node) return [node.score.item];
  if ("after" in node) return [node.after.item];
  if (!("progress" in node)) return [];
  const { of } = node.progress;
  if (typeof of !== "string") return of;
  return course.chapters.find((chapter) => chapter.id === of)?.problems.map((problem) => problem.id) ?? [of];
}

/** What each item waits for: its rule, its chapter, the tutorial. */
function dependencies(document: CourseDocument): Map<string, string[]> {
  const { tutorial } = document.options;
  const edges = new Map<string, string[]>();
  const add = (item: { id: string; rule: Rule | null }, chapter: string | null) => {
    const gates = [chapter, item.id === tutorial ? null : tutorial].filter((id) => id !== null);
    edges.set(item.id, [...nodesOf(item.rule).flatMap(namedBy), ...gates]);
  };
  for (const chapter of document.chapters) {
    add(chapter, null);
    for (const problem of chapter.problems) add(problem, chapter.id);
  }
  for (const problem of document.problems) add(problem, null);
  return edges;
}

/** Some cycle as a path that ends where it began, or null. Depth-first; an id met while still open closes a cycle. */
function findCycle(edges: Map<string, string[]>): string[] | null {
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (id: string): string[] | null => {
    if (finished.has(id)) return null;
    const start = path.indexOf(id);
    if (start >= 0) return [...path.slice(start), id];
    path.push(id);
    for (const next of edges.get(id) ?? []) {
      const cycle = visit(next);
      if (cycle !== null) return cycle;
    }
    path.pop();
    finished.add(id);
    return null;
  };
  for (const id of edges.keys()) {
    const cycle = visit(id);
    if (cycle !== null) return cycle;
  }
  return null;
}

describe("the sample course", () => {
  test("has the promised size and options", () => {
    expect(course.slug).toBe("algorithms");
    expect(course.chapters).toHaveLength(14);
    expect(problems).toHaveLength(55);
    expect(course.options).toEqual({
      sequential: false,
      tutorial: "algorithms.welcome",
      sticky: true,
      problems_follow_chapter: true,
      open_enrollment: true,
      certificate: { for: "item", item: "algorithms.complexity" },
    });
    expect(problems.filter((problem) => problem.answer === null)).toHaveLength(4);
    for (const status of ["draft", "beta", "deprecated"]) {
      expect(items.filter((item) => item.status === status).map((item) => item.id)).toHaveLength(1);
    }
  });

  test("uses every operator, and progress both of a chapter and of a list", () => {
    const nodes = items.flatMap((item) => nodesOf(item.rule));
    expect(new Set(nodes.flatMap((node) => Object.keys(node)))).toEqual(
      new Set(OPERATORS.filter((operator) => !FOREIGN.includes(operator))),
    );
    const forms = nodes.flatMap((node) => ("progress" in node ? [typeof node.progress.of] : []));
    expect(new Set(forms)).toEqual(new Set(["string", "object"]));
  });

  test("says everything in English and in Chinese", () => {
    expect(course.title.en).toBeDefined();
    expect(course.title.zh).toMatch(HAN);
    for (const item of items) {
      for (const text of [item.title, item.content]) {
        expect(text?.en, item.id).toBeDefined();
        expect(text?.en, item.id).not.toMatch(HAN);
        expect(text?.zh, item.id).toMatch(HAN);
      }
    }
    for (const chapter of course.chapters) {
      expect(chapter.content?.en?.length, chapter.id).toBeGreaterThan(MIN_CHAPTER_EN);
      expect(chapter.content?.zh?.length, chapter.id).toBeGreaterThan(MIN_CHAPTER_ZH);
    }
  });

  test("shows the same code and the same numbers in both languages", () => {
    for (const { id, content } of items) {
      expect(codeIn(content?.zh ?? ""), id).toEqual(codeIn(content?.en ?? ""));
    }
  });

  test("has unique ids, all of this course, and names only its own items", () => {
    const ids = items.map((item) => item.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^algorithms\./);
    for (const [id, named] of dependencies(course)) {
      for (const other of named) expect(ids, `${id} names ${other}`).toContain(other);
    }
  });

  test("has no circle, also with chapters and the tutorial item", () => {
    expect(findCycle(dependencies(course))).toBeNull();
  });

  test("can be published without an error and without a warning", () => {
    expect(analyze(splitDocument(course).outline, documentPaths(course))).toEqual({ errors: [], warnings: [] });
  });

  test("would be refused if a chapter waited for its own problems", () => {
    const broken = structuredClone(course);
    const [welcome] = broken.chapters;
    if (welcome === undefined) throw new Error("the course has no chapters");
    welcome.rule = { progress: { of: welcome.id, min_percent: 50 } };
    expect(findCycle(dependencies(broken))).not.toBeNull();
  });
});

/** Fenced code without its comments: what must not differ between translations. */
function codeIn(markdown: string): string[] {
  return [...markdown.matchAll(/```python\n([\s\S]*?)```/g)].map((match) => (match[1] ?? "").replaceAll(/\s*#.*/g, ""));
}

test("the sample course has once each of: an item for a cohort, a progress that is lost with a grade, a window for work", () => {
  const shown = (field: "assign_to" | "keeps" | "opens" | "due" | "closes") =>
    items.filter((item) => item[field] !== undefined).map(({ id }) => id);
  expect(shown("assign_to")).toEqual(["algorithms.mentor-circle"]);
  expect(shown("keeps")).toEqual(["algorithms.two-sum-code"]);
  for (const field of ["opens", "closes"] as const) expect(shown(field)).toEqual(["algorithms.capstone"]);
  expect(shown("due").toSorted()).toEqual([
    "algorithms.arrays",
    "algorithms.capstone",
    "algorithms.complexity",
    "algorithms.hello",
    "algorithms.off-by-one",
    "algorithms.review",
    "algorithms.welcome",
  ]);
});

test("the sample course shows every way in which an item becomes complete", () => {
  const shown = new Set<string>();
  const walk = (requirement: Requirement): void => {
    for (const operator of Object.keys(requirement)) shown.add(operator);
    for (const { part } of partsOf(requirement) ?? []) walk(part);
    if ("children" in requirement) for (const way of Object.keys(requirement.children)) shown.add(way);
  };
  for (const { completion } of items) if (completion !== undefined) walk(completion);
  expect([...shown].sort()).toEqual([...REQUIREMENT_OPERATORS, "count", "percent", "weights"].sort());
});
