import { describe, expect, it } from "vitest";
import type { ImportedDocument, ImportedProblem } from "../../../../src/courses/importers/document.ts";
import type { Imported, ImportedFact } from "../../../../src/courses/importers/format.ts";
import { MOODLE } from "../../../../src/courses/importers/moodle/index.ts";
import type { Program } from "../../../../src/unlock/index.ts";
import { type EngineLearner, engineStates, programOf } from "../../../support/courses/engine.ts";
import {
  backupExpectation,
  backupGrades,
  factsOfHistory,
  modulesOf,
} from "../../../support/courses/moodle-histories.ts";
import { courseJson, hasCourses, importedFile } from "../../../support/courses/sources.ts";

const FILES = [
  "26-legacy-a",
  "26-legacy-b",
  "26-legacy-dates",
  "35-gated-30",
  "35-two-gates",
  "39-date-and-pass",
  "39-with-users",
  "41-all-operators",
  "ladder-a",
  "ladder-b",
];

/**
 * The document without the completion settings of items that a history grades. The histories are made at random, and a grade
 * and a state of one item often contradict what Moodle makes of the grade: there what is told stands, as it does in a Moodle
 * whose teacher has overridden it.
 */
function asTold(document: ImportedDocument, facts: readonly ImportedFact[]): ImportedDocument {
  const graded = new Set(facts.flatMap(({ item, score }) => (score === undefined ? [] : [item])));
  const own = <Item extends ImportedProblem>({ completion, ...item }: Item) =>
    completion === undefined || graded.has(item.id) ? item : { ...item, completion };
  const chapters = document.chapters.map((chapter) => ({
    ...own(chapter),
    problems: (chapter.problems ?? []).map(own),
  }));
  return graded.size === 0 ? document : { ...document, chapters, problems: document.problems.map(own) };
}

/** A course total that is known as such: it is made of a single score, on an item that nobody scores or asks for. */
function asTotal(program: Program, total: number | null, now: number): ImportedFact[] {
  const item = program.ids.find(
    (_, index) => index >= program.chapterCount && program.completion?.asked[index] == null,
  );
  if (total === null || item === undefined) return [];
  return [{ user: "history", item, at: new Date(now).toISOString(), score: { points: total, min: 0, max: 100 } }];
}

/** The states of the activities, in Moodle's words. */
function statesOf(program: Program, imported: Imported, learner: EngineLearner): Map<number, string> {
  const states = engineStates(program, learner);
  return new Map(
    modulesOf(imported).map(({ module, item }) => {
      const state = states.get(item.id) ?? "absent";
      return [module, state === "locked" ? "greyed" : state];
    }),
  );
}

describe.skipIf(!hasCourses)("[I12] a backup through the engine", () => {
  it.each(FILES)("%s: every history gives the states that Moodle gives", async (file) => {
    const { histories, order_on_course_page } = backupExpectation.parse(courseJson(`moodle/${file}.EXPECTED.json`));
    const imported = await importedFile(MOODLE, `moodle/${file}.mbz`);
    const grades = await backupGrades(file);
    expect(histories).toHaveLength(60);
    for (const history of histories) {
      const now = history.now * 1_000;
      const { facts, total, ...learner } = factsOfHistory(history, imported, grades);
      const program = programOf(asTold(imported.document, facts));
      const states = statesOf(program, imported, {
        now,
        facts: [...facts, ...asTotal(program, total, now)],
        ...learner,
      });
      expect(states).toEqual(new Map(order_on_course_page.map((module) => [module, history.expected.get(module)])));
    }
  });

  it.each(["ladder-a", "ladder-b", "39-with-users"])(
    "%s: its own learners have the states that their rows give",
    async (file) => {
      const {
        learners_in_file: learners = [],
        learners_in_file_at: at = 0,
        order_on_course_page,
      } = backupExpectation.parse(courseJson(`moodle/${file}.EXPECTED.json`));
      const imported = await importedFile(MOODLE, `moodle/${file}.mbz`);
      const program = programOf(imported.document);
      const facts = Map.groupBy(imported.people?.facts ?? [], ({ user }) => user);
      const people = new Map((imported.people?.learners ?? []).map((learner) => [learner.user, learner]));
      let opened = 0;
      for (const { username, expected } of learners) {
        const { cohorts = [], profile = {} } = people.get(username) ?? {};
        const states = statesOf(program, imported, {
          now: at * 1_000,
          facts: facts.get(username) ?? [],
          cohorts,
          profile,
        });
        expect(states).toEqual(new Map(order_on_course_page.map((module) => [module, expected.get(module)])));
        opened += [...states.values()].filter((state) => state === "open").length;
      }
      // What a running Moodle counts for the same fifty.
      if (file === "ladder-a") expect(opened).toBe(1_271);
    },
  );
});
