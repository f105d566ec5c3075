import { describe, expect, it } from "vitest";
import type { Imported } from "../../../../src/courses/importers/format.ts";
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

/** Backups that ask for no course total, which rules cannot ask for yet. */
const FILES = [
  "26-legacy-a",
  "26-legacy-dates",
  "35-two-gates",
  "39-date-and-pass",
  "39-with-users",
  "41-all-operators",
  "ladder-a",
  "ladder-b",
];

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
    const program = programOf(imported.document);
    const grades = await backupGrades(file);
    expect(histories).toHaveLength(60);
    for (const history of histories) {
      const states = statesOf(program, imported, {
        now: history.now * 1_000,
        ...factsOfHistory(history, imported, grades),
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
