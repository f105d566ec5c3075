import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Imported, type ImportedFact, importCourse } from "../../../../src/courses/importers/format.ts";
import { MOODLE } from "../../../../src/courses/importers/moodle/index.ts";
import { BackupReader } from "../../../../src/courses/importers/moodle/read.ts";
import { importReportSchema } from "../../../../src/courses/importers/report.ts";
import { type Known, outcomeOf } from "../../../support/courses/imported-rules.ts";
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

const stateSchema = z.record(z.string(), z.array(z.number())).transform((states) => {
  const of = new Map<number, string>();
  for (const [state, modules] of Object.entries(states)) for (const module of modules) of.set(module, state);
  return of;
});
const expectedSchema = z.object({
  summary: z.object({
    release: z.string(),
    activities: z.number(),
    activities_listed_in_moodle_backup_xml: z.number(),
    activities_by_kind: z.record(z.string(), z.number()),
    sections: z.number(),
    gates: z.number(),
    completion_modes: z.record(z.string(), z.number()),
  }),
  order_on_course_page: z.array(z.number()),
  gates: z.array(z.object({ item: z.number(), on: z.string() })),
  histories: z.array(
    z.object({
      now: z.number(),
      completion: z.record(z.string(), z.number()),
      grades: z.record(z.string(), z.number()),
      groups: z.array(z.number()),
      profile: z.record(z.string(), z.string()),
      expected: stateSchema,
    }),
  ),
  learners_in_file_at: z.number().optional(),
  learners_in_file: z.array(z.object({ username: z.string(), expected: stateSchema })).optional(),
});

const STATES = ["incomplete", "complete", "passed", "failed"] as const;

interface Placed {
  module: number;
  item: Imported["document"]["problems"][number];
}

/** The items that are activities, by the number of the module they were. */
function modulesOf({ document, report }: Imported): Placed[] {
  const items = new Map(
    [...document.chapters.flatMap((chapter) => chapter.problems ?? []), ...document.problems].map((item) => [
      item.id,
      item,
    ]),
  );
  return report.items.flatMap(({ source, id }) => {
    const module = /^activities\/[a-z0-9_]+_(\d+)\/module\.xml$/.exec(source)?.[1];
    const item = items.get(id);
    return module === undefined || item === undefined ? [] : [{ module: Number(module), item }];
  });
}

function statesOf(modules: readonly Placed[], known: Known): Map<number, string> {
  return new Map(
    modules.map(({ module, item }) => {
      const outcome = outcomeOf(item.rule, known);
      if (item.visibility === "hidden" || outcome === "hidden") return [module, "hidden"] as const;
      if (item.visibility === "unlisted") return [module, outcome === "open" ? "open_unlisted" : "hidden"] as const;
      return [module, outcome === "open" ? "open" : "greyed"] as const;
    }),
  );
}

/** The range and the item of each grade item, as the file has them. */
async function gradesOf(file: string): Promise<Map<number, { module: number | null; min: number; max: number }>> {
  const reader = new BackupReader();
  const supply = await suppliedBy(`moodle/${file}.mbz`);
  const read = await supply(
    (path) => reader.wants(path),
    (one) => reader.take(one),
  );
  if (!read.ok) throw new Error("refused");
  return new Map(
    [...reader.finish().gradeItems.values()].map(({ id, module, min, max }) => [id, { module, min, max }]),
  );
}

describe.skipIf(!hasCourses)("real backups", () => {
  it.each(FILES)("%s: every gate, kind and completion setting in the file is in the report", async (file) => {
    const expected = expectedSchema.parse(courseJson(`moodle/${file}.EXPECTED.json`));
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
    const { histories, order_on_course_page } = expectedSchema.parse(courseJson(`moodle/${file}.EXPECTED.json`));
    const imported = await importedFile(MOODLE, `moodle/${file}.mbz`);
    const modules = modulesOf(imported);
    const items = await gradesOf(file);
    const idOf = new Map(modules.map(({ module, item }) => [module, item.id]));
    for (const { now, completion, grades, groups, profile, expected } of histories) {
      const states = new Map(
        Object.entries(completion).map(([module, state]) => [
          idOf.get(Number(module)) ?? "",
          STATES[state] ?? "incomplete",
        ]),
      );
      const scores = new Map<string, { points: number; min: number; max: number }>();
      let total: number | null = null;
      for (const [id, points] of Object.entries(grades)) {
        const item = items.get(Number(id));
        if (item === undefined) continue;
        const score = { points, min: item.min, max: item.max };
        if (item.module !== null) scores.set(idOf.get(item.module) ?? "", score);
        scores.set(`${imported.document.slug}.grade-${id}`, score);
        if (item.module === null) total = (100 * (points - item.min)) / (item.max - item.min);
      }
      const fields = Object.entries(profile).map(
        ([field, value]) => [field.replace(/^sf:/, "").replace(/^cf:/, "profile_field_"), value] as const,
      );
      const known: Known = {
        now: now * 1_000,
        states,
        scores,
        cohorts: new Set(groups.map((group) => `group-${group}`)),
        profile: new Map(fields),
        total,
      };
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
      } = expectedSchema.parse(courseJson(`moodle/${file}.EXPECTED.json`));
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
  it("may be left out: the course is the same", async () => {
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
