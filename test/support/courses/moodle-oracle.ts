import { z } from "zod";
import {
  type Availability,
  type MoodleCourse,
  type MoodleModule,
  type MoodleSection,
  releaseOf,
} from "../../../src/courses/importers/moodle/model.ts";
import { parseTree } from "../../../src/courses/importers/moodle/trees.ts";
import type { Known } from "./imported-rules.ts";
import type { TextCourse } from "./moodle-text/model.ts";
import type { Reason } from "./moodle-text/tree.ts";

// Answers of a real Moodle, as courses, learners and reasons of ours.

const names = z.record(z.string(), z.number());
const activitySchema = z.object({
  name: z.string(),
  mod: z.string(),
  section: z.number(),
  visible: z.number(),
  completion: z.number(),
  deleting: z.number(),
});
const gradeSchema = z.union([
  z.number(),
  z.looseObject({ final: z.number().nullable(), rawmin: z.number().optional(), rawmax: z.number().optional() }),
]);
export const oracleSchema = z.object({
  moodle_version: z.string(),
  ids: z.object({ cm: names, grade_item: names, group: names, grouping: names }),
  course: z.object({
    activities_in_order: z.array(activitySchema),
    grade_items: z.record(z.string(), z.object({ min: z.number(), max: z.number() })),
    groupings: z.record(z.string(), z.array(z.string())),
    profile_fields: z.record(z.string(), z.object({ default: z.string() })),
  }),
  cases: z.array(
    z.object({
      id: z.string(),
      availability: z.unknown().optional(),
      section_availability: z.unknown().optional(),
      facts: z.object({
        completion: z.record(z.string(), z.number()).default({}),
        grades: z.record(z.string(), gradeSchema).default({}),
        groups: z.array(z.string()).default([]),
        profile: z.record(z.string(), z.string()).default({}),
      }),
      now: z.number(),
      target: z.string(),
      user: z.string(),
      cm: z
        .object({ visible: z.number(), visibleoncoursepage: z.number(), groupingid: z.number() })
        .partial()
        .default({}),
      sectionset: z.object({ visible: z.number() }).partial().default({}),
      cfg: z.record(z.string(), z.unknown()).optional(),
      expected: z.object({
        state: z.string(),
        reasons: z.array(z.object({ path: z.array(z.number()), not: z.boolean() })).default([]),
      }),
    }),
  ),
});
export type Oracle = z.infer<typeof oracleSchema>;
export type Case = Oracle["cases"][number];

const STATES = ["incomplete", "complete", "passed", "failed"] as const;

/** Ids in place of the names that the cases use. */
function resolved(value: unknown, ids: Oracle["ids"]): unknown {
  const all: Record<string, number> = { ...ids.grouping, ...ids.group, ...ids.cm };
  const walk = (node: unknown, type: unknown): unknown => {
    if (Array.isArray(node)) return node.map((one) => walk(one, type));
    if (typeof node === "string" && node.startsWith("$")) {
      const name = node.slice(1);
      return type === "grade" ? (ids.grade_item[name] ?? all[name]) : all[name];
    }
    if (typeof node !== "object" || node === null) return node;
    const own = Reflect.get(node, "type");
    return Object.fromEntries(Object.entries(node).map(([key, field]) => [key, walk(field, own)]));
  };
  return walk(value, null);
}

function availabilityOf(value: unknown, ids: Oracle["ids"]): Availability | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "string") {
    const tree = resolved(value, ids);
    return { tree, rule: tree, fault: null };
  }
  const text = value.replaceAll(/"\$(\w+)"/g, (_, name: string) => String(ids.cm[name] ?? name));
  if (text === "") return null;
  try {
    return { tree: parseTree(text), rule: text, fault: null };
  } catch {
    return { tree: null, rule: text, fault: "it is no JSON" };
  }
}

/** The course of the oracle with the gates of one case. */
export function courseOf({ ids, course, moodle_version }: Oracle, one: Case): MoodleCourse {
  const numbers = [...new Set(course.activities_in_order.map(({ section }) => section))];
  const target = course.activities_in_order.find(({ name }) => name === one.target);
  const sections = Array.from(
    { length: Math.max(...numbers) + 1 },
    (_, number): MoodleSection => ({
      id: number,
      number,
      title: null,
      visible: number === target?.section ? one.sectionset.visible !== 0 : true,
      sequence: course.activities_in_order
        .filter(({ section }) => section === number)
        .map(({ name }) => ids.cm[name] ?? 0),
      availability: number === target?.section ? availabilityOf(one.section_availability, ids) : null,
      subsectionOf: null,
      summary: "",
      source: `section ${number}`,
    }),
  );
  const modules = course.activities_in_order.map((activity): MoodleModule => {
    const isTarget = activity.name === one.target;
    const id = ids.cm[activity.name] ?? 0;
    return {
      id,
      kind: activity.mod,
      context: "",
      slots: [],
      instance: null,
      section: activity.section,
      title: activity.name,
      visible: (isTarget ? (one.cm.visible ?? activity.visible) : activity.visible) === 1,
      onCoursePage: !isTarget || one.cm.visibleoncoursepage !== 0,
      grouping: isTarget ? (one.cm.groupingid ?? 0) : 0,
      completion: activity.completion,
      completionView: false,
      completionGrade: null,
      completionPass: false,
      own: new Map(),
      availability: isTarget ? availabilityOf(one.availability, ids) : null,
      deleting: activity.deleting === 1,
      text: "",
      completions: [],
      source: `module ${id}`,
    };
  });
  const gradeItems = Object.entries(ids.grade_item).map(([name, id]) => {
    const { min = 0, max = 100 } = course.grade_items[name] ?? {};
    const type = name === "COURSE" ? "course" : ids.cm[name] === undefined ? "manual" : "mod";
    return { id, type, module: ids.cm[name] ?? null, number: 0, title: name, min, max, pass: 0, grades: [] };
  });
  const groups = Object.entries(ids.group).filter(([name]) => name !== "foreign");
  return {
    shortname: "oracle",
    fullname: "Oracle",
    release: releaseOf(moodle_version),
    backupAt: 0,
    sections,
    modules: new Map(modules.map((module) => [module.id, module])),
    gradeItems: new Map(gradeItems.map((item) => [item.id, item])),
    groups: new Map(groups.map(([name, id]) => [id, { name, members: [] }])),
    groupings: new Map(
      Object.entries(ids.grouping).map(([name, id]) => {
        const own = (course.groupings[name] ?? []).map((group) => ids.group[group] ?? 0);
        return [id, { name, groups: own }] as const;
      }),
    ),
    people: { users: new Map(), enrolled: new Map(), students: null },
  };
}

export function knownOf({ ids, course }: Oracle, { facts, now }: Case): Known {
  const itemOf = (name: string) => {
    const activity = course.activities_in_order.find((one) => one.name === name);
    return activity === undefined ? `oracle.grade-${ids.grade_item[name]}` : `oracle.${activity.mod}-${ids.cm[name]}`;
  };
  const states = Object.entries(facts.completion).flatMap(([name, state]) => {
    const known = STATES[state];
    return known === undefined ? [] : [[itemOf(name), known] as const];
  });
  const scores = new Map<string, { points: number; min: number; max: number }>();
  let total: number | null = null;
  for (const [name, grade] of Object.entries(facts.grades)) {
    const range = course.grade_items[name] ?? { min: 0, max: 100 };
    const { final, rawmin = range.min, rawmax = range.max } = typeof grade === "number" ? { final: grade } : grade;
    if (final === null) continue;
    if (name === "COURSE") total = (100 * (final - rawmin)) / (rawmax - rawmin);
    else scores.set(itemOf(name), { points: final, min: rawmin, max: rawmax });
  }
  const fields = new Map<string, string>([
    ["city", ""],
    ["department", ""],
    ["email", ""],
    ["country", ""],
    ["idnumber", ""],
    ["institution", ""],
    ["phone1", ""],
    ["phone2", ""],
    ["address", ""],
  ]);
  for (const [name, field] of Object.entries(course.profile_fields)) fields.set(`profile_field_${name}`, field.default);
  for (const [name, value] of Object.entries(facts.profile)) {
    fields.set(course.profile_fields[name] === undefined ? name : `profile_field_${name}`, value);
  }
  const cohorts = new Set(
    facts.groups.filter((group) => group !== "foreign").map((group) => `group-${ids.group[group]}`),
  );
  return { now: now * 1_000, states: new Map(states), scores, cohorts, profile: fields, total };
}

/** The course of the oracle as far as reasons name its parts. */
export function namedParts({ ids, course }: Oracle): TextCourse {
  return {
    release: "",
    sections: [],
    activities: course.activities_in_order.map(({ name, section, visible, completion, deleting }) => ({
      cm: ids.cm[name] ?? 0,
      section,
      visible: visible === 1,
      tracked: completion !== 0,
      deleting: deleting === 1,
      grouping: 0,
    })),
    gradeItems: Object.entries(ids.grade_item).map(([name, id]) => ({ id, cm: ids.cm[name] ?? null, min: 0, max: 1 })),
    groups: [],
    groupings: new Map(),
  };
}

/** The conditions that Moodle says fail. */
export function reasonsOfCase({ ids }: Oracle, { availability, expected }: Case): Reason[] {
  const tree = availabilityOf(availability, ids)?.tree;
  return expected.reasons.map(({ path, not }) => {
    const condition: unknown = path.reduce((node, at) => childAt(node, at), tree);
    if (typeof condition !== "object" || condition === null) throw new Error(`nothing at ${path}`);
    return { condition: { ...condition }, not };
  });
}

function childAt(node: unknown, at: number): unknown {
  const children: unknown = typeof node === "object" && node !== null ? Reflect.get(node, "c") : null;
  return Array.isArray(children) ? children[at] : null;
}
