import { describe, expect, it } from "vitest";

import { type ImportedFact, importCourse } from "../../../../src/courses/importers/format.ts";
import { MOODLE } from "../../../../src/courses/importers/moodle/index.ts";
import { importReportSchema } from "../../../../src/courses/importers/report.ts";
import { type Known, outcomeOf } from "../../../support/courses/imported-rules.ts";
import {
  backupExpectation,
  backupGrades,
  factsOfHistory,
  modulesOf,
} from "../../../support/courses/moodle-histories.ts";
import { courseJson, hasCourses, importedFile, suppliedBy } from "../../../support/courses/sources.ts";

const FILES = [
  "26-legacy-a",
  "26-legacy-b",
  "26-legacy-dates",
  "35-gated-30",
  "35-two-gates",
  "39-date-and-pass",
  "39-with-users",
  "41-all-operators",
  "41-no-activities",
  "ladder-a",
  "ladder-b",
];

function statesOf(modules: ReturnType<typeof modulesOf>, known: Known): Map<number, string> {
  return new Map(
    modules.map(({ module, item }) => {
      const outcome = outcomeOf(item.rule, known);
      if (item.visibility === "hidden" || outcome === "hidden") return [module, "hidden"] as const;
      if (item.visibility === "unlisted") return [module, outcome === "open" ? "open_unlisted" : "hidden"] as const;
      return [module, outcome === "open" ? "open" : "greyed"] as const;
    }),
  );
}

describe.skipIf(!hasCourses)("real backups", () => {
  it.each(FILES)("%s: every unlock rule, kind and completion setting in the file is in the report", async (file) => {
    const expected = backupExpectation.parse(courseJson(`moodle/${file}.EXPECTED.json`));
    const imported = await importedFile(MOODLE, `moodle/${file}.mbz`);
    const { report, document } = imported;
    const { summary } = expected;
    expect(importReportSchema.parse(report)).toEqual(report);
    expect(report.release).toBe(summary.release);
    expect(report.content.elements).toEqual(summary.activities_by_kind);
    expect(document.chapters).toHaveLength(summary.sections);
    expect(modulesOf(imported).map(({ module }) => module)).toEqual(expected.order_on_course_page);
    expect(report.gates).toHaveLength(summary.gates);
    const gated = report.gates.map(({ source }) => Number(/_(\d+)\//.exec(source)?.[1]));
    expect(gated.toSorted()).toEqual(expected.gates.map(({ item }) => item).toSorted());
    const tracked = (summary.completion_modes["1"] ?? 0) + (summary.completion_modes["2"] ?? 0);
    expect(report.completion).toHaveLength(tracked);
    const absent = summary.activities_listed_in_moodle_backup_xml - summary.activities;
    expect(
      report.content.notes.filter(({ path, rule }) => rule === "missing_activity" && path.startsWith("activities/")),
    ).toHaveLength(absent);
  });

  it.each(FILES)("%s: every history gives the states that Moodle gives", async (file) => {
    const { histories, order_on_course_page } = backupExpectation.parse(courseJson(`moodle/${file}.EXPECTED.json`));
    const imported = await importedFile(MOODLE, `moodle/${file}.mbz`);
    const modules = modulesOf(imported);
    const grades = await backupGrades(file);
    for (const history of histories) {
      const { facts, cohorts, profile, total } = factsOfHistory(history, imported, grades);
      const known = { ...knownOf(facts, history.now * 1_000, cohorts, profile), total };
      const { expected } = history;
      expect(statesOf(modules, known)).toEqual(
        new Map(order_on_course_page.map((module) => [module, expected.get(module)])),
      );
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
      const modules = modulesOf(imported);
      expect(imported.people?.learners.map(({ user }) => user).toSorted()).toEqual(
        learners.map(({ username }) => username).toSorted(),
      );
      const facts = Map.groupBy(imported.people?.facts ?? [], ({ user }) => user);
      for (const { username, expected } of learners) {
        const learner = imported.people?.learners.find(({ user }) => user === username);
        const known = knownOf(facts.get(username) ?? [], at * 1_000, learner?.cohorts ?? [], learner?.profile ?? {});
        expect(statesOf(modules, known)).toEqual(
          new Map(order_on_course_page.map((module) => [module, expected.get(module)])),
        );
      }
    },
  );
});

describe.skipIf(!hasCourses)("people of a backup", () => {
  it("may be left out, and the course stays the same", async () => {
    const read = async (people: boolean) => {
      const result = await importCourse(MOODLE, await suppliedBy("moodle/ladder-b.mbz"), { people });
      if (!result.ok) throw new Error(JSON.stringify(result.refusal));
      return result.value;
    };
    const [whole, without] = [await read(true), await read(false)];
    expect(whole.people?.learners).toHaveLength(12);
    expect(without.people).toBeNull();
    expect(without.document).toEqual(whole.document);
  });
});

function knownOf(
  facts: readonly ImportedFact[],
  now: number,
  cohorts: readonly string[],
  profile: Record<string, string>,
): Known {
  const states = new Map(facts.flatMap(({ item, state }) => (state === undefined ? [] : [[item, state] as const])));
  const scores = new Map(facts.flatMap(({ item, score }) => (score === undefined ? [] : [[item, score] as const])));
  return { now, states, scores, cohorts: new Set(cohorts), profile: new Map(Object.entries(profile)) };
}
