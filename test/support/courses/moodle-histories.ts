import { z } from "zod";
import type { Imported, ImportedFact } from "../../../src/courses/importers/format.ts";
import { BackupReader } from "../../../src/courses/importers/moodle/read.ts";
import { suppliedBy } from "./sources.ts";

const stateSchema = z.record(z.string(), z.array(z.number())).transform((states) => {
  const of = new Map<number, string>();
  for (const [state, modules] of Object.entries(states)) for (const module of modules) of.set(module, state);
  return of;
});
const historySchema = z.object({
  now: z.number(),
  completion: z.record(z.string(), z.number()),
  grades: z.record(z.string(), z.number()),
  groups: z.array(z.number()),
  profile: z.record(z.string(), z.string()),
  expected: stateSchema,
});

/** What stands beside a backup: what is in it, and the states of each activity after each history. */
export const backupExpectation = z.object({
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
  histories: z.array(historySchema),
  learners_in_file_at: z.number().optional(),
  learners_in_file: z.array(z.object({ username: z.string(), expected: stateSchema })).optional(),
});

const STATES = ["incomplete", "complete", "passed", "failed"] as const;

interface Placed {
  module: number;
  item: Imported["document"]["problems"][number];
}

/** The items that are activities, by the number of the module they were. */
export function modulesOf({ document, report }: Imported): Placed[] {
  const all = [...document.chapters.flatMap((chapter) => chapter.problems ?? []), ...document.problems];
  const items = new Map(all.map((item) => [item.id, item]));
  return report.items.flatMap(({ source, id }) => {
    const module = /^activities\/[a-z0-9_]+_(\d+)\/module\.xml$/.exec(source)?.[1];
    const item = items.get(id);
    return module === undefined || item === undefined ? [] : [{ module: Number(module), item }];
  });
}

type Grades = ReadonlyMap<number, { module: number | null; min: number; max: number }>;

/** The range of each grade item of a backup, and the activity it is of. */
export async function backupGrades(file: string): Promise<Grades> {
  const reader = new BackupReader();
  const supply = await suppliedBy(`moodle/${file}.mbz`);
  const read = await supply((path) => reader.open(path));
  if (!read.ok) throw new Error(`${file} was refused`);
  const { gradeItems } = reader.finish();
  return new Map([...gradeItems.values()].map(({ id, module, min, max }) => [id, { module, min, max }]));
}

/** What a history says, as facts about items. `total` is the share of the course total, percent; null is none. */
export function factsOfHistory(
  { now, completion, grades, groups, profile }: z.infer<typeof historySchema>,
  imported: Imported,
  ranges: Grades,
): { facts: ImportedFact[]; cohorts: string[]; profile: Record<string, string>; total: number | null } {
  const idOf = new Map(modulesOf(imported).map(({ module, item }) => [module, item.id]));
  const common = { user: "history", at: new Date(now * 1_000).toISOString() };
  const facts: ImportedFact[] = Object.entries(completion).map(([module, state]) => ({
    ...common,
    item: idOf.get(Number(module)) ?? "",
    state: STATES[state] ?? "incomplete",
  }));
  let total: number | null = null;
  for (const [id, points] of Object.entries(grades)) {
    const range = ranges.get(Number(id));
    if (range === undefined) continue;
    const { module, min, max } = range;
    const own = module === null ? `${imported.document.slug}.grade-${id}` : (idOf.get(module) ?? "");
    facts.push({ ...common, item: own, score: { points, min, max } });
    if (module === null) total = (100 * (points - min)) / (max - min);
  }
  const fields = Object.entries(profile).map(([field, value]) => [
    field.replace(/^sf:/, "").replace(/^cf:/, "profile_field_"),
    value,
  ]);
  return { facts, cohorts: groups.map((group) => `group-${group}`), profile: Object.fromEntries(fields), total };
}
