import { expect, test } from "vitest";
import source from "../../../samples/algorithms/course.json" with { type: "json" };
import { courseDocumentSchema, splitDocument } from "../../../src/courses/document.ts";
import { DAY_MS } from "../../../src/platform/instants.ts";
import { compile } from "../../../src/unlock/compile.ts";
import { evaluate, openIds } from "../../../src/unlock/evaluate.ts";
import { type Fact, mergeFact, NO_FACT } from "../../../src/unlock/facts.ts";
import { layOut, NO_POLICY } from "../../../src/unlock/learner.ts";

const ENROLLED = Date.parse("2026-11-02T08:00:00Z");
/** Far fewer days than the 14 that open graphs by waiting, so graphs must open by work. */
const DAYS = 5;
/** More rounds a day than the longest chain of chapters. */
const ROUNDS = 40;

const { outline } = splitDocument(courseDocumentSchema.parse(source));
const program = compile(outline);

/** Works through the course for some days; returns what was ever open, in the order in which it opened. */
function work(days: number, options: { fails?: ReadonlySet<string> } = {}): string[] {
  const facts = new Map<string, Fact>();
  const opened = new Set<string>();
  const look = (now: number) => {
    const learner = layOut(program, { enrolled_at: ENROLLED, facts, opened, policy: NO_POLICY });
    for (const id of openIds(program, evaluate(program, learner, now))) opened.add(id);
  };
  const note = (id: string, at: number, completed: boolean) => {
    const score = completed ? 100 : 0;
    facts.set(id, mergeFact(facts.get(id) ?? NO_FACT, { at, completed, score }));
  };
  // Problems without an answer key wait for a service; this learner has none, so they are only ever attempted.
  const unjudged = new Set(outline.problems.flatMap((problem) => (problem.answer === null ? [problem.id] : [])));
  for (let day = 0; day < days; day += 1) {
    const now = ENROLLED + day * DAY_MS;
    for (let round = 0; round < ROUNDS; round += 1) {
      look(now);
      for (const id of opened) note(id, now, false);
      look(now);
      for (const id of opened) if (!unjudged.has(id) && !options.fails?.has(id)) note(id, now, true);
    }
  }
  return [...opened];
}

test("a learner who works through the sample course opens everything that learners may open today, and nothing else", () => {
  const apart = ["max-flow", "reverse-word", "mentor-circle", "leap-years"].map((name) => `algorithms.${name}`);
  const meant = program.ids.filter((id) => !apart.includes(id));
  expect(work(DAYS).toSorted()).toEqual(meant.toSorted());
});

test("the tutorial item is open first, and nothing else is", () => {
  expect(work(1)[0]).toBe("algorithms.welcome");
  expect(work(1, { fails: new Set(["algorithms.welcome"]) })).toEqual(["algorithms.welcome"]);
});

test("an item with a waiting period of a day is not open on the first day", () => {
  const firstDay = work(1);
  expect(firstDay).not.toContain("algorithms.day-two");
  expect(firstDay).not.toContain("algorithms.sorting-revisited");
});

test("the second chance opens what comes next for a learner who never solves the longer trace", () => {
  const trace = "algorithms.binary-search-trace";
  expect(work(1, { fails: new Set([trace]) })).toContain("algorithms.insertion-point");
  expect(work(1, { fails: new Set([trace, "algorithms.search-second-chance"]) })).not.toContain(
    "algorithms.insertion-point",
  );
});
