import { z } from "zod";
import { clampedInstant } from "../clamped.ts";
import type { CompletionState, ImportedRule, ProfileOperator, Range } from "../document.ts";
import { anyOf } from "../document.ts";
import type { Verdict } from "../report.ts";

/** Resolves what conditions refer to. */
export interface Surroundings {
  /** The release of Moodle that wrote the file, see {@link Release}. */
  release: number;
  /** Id of the item for a course module; null if there is none, or it is being deleted. */
  item(module: number): string | null;
  /** Id of the nearest item before this place whose completion is tracked, or null. */
  previous(): string | null;
  /** The item for a grade item, and its range; null if there is none. */
  grade(id: number): { item: string; note: string | null; min: number; max: number } | "total" | null;
  /** Cohort for a group; null if there is none. */
  group(id: number): string | null;
  /** Cohorts for a grouping; null if there is none. */
  grouping(id: number): string[] | null;
  /** Grouping of the activity itself; 0 means none. */
  ownGrouping: number;
  /** The name under which a profile field is stored: `sf` for a standard field, `cf` for one of the site. */
  field(kind: "sf" | "cf", name: string): string;
}

export interface MappedCondition {
  rule: ImportedRule;
  verdict: Verdict;
  why: string | null;
}

/** A condition that Moodle cannot read either: it hides the item, whatever other conditions there are. */
export class MalformedCondition extends Error {}

/** Moodle accepts numbers written as text here, and nowhere else. */
const numberOrText = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);
/** PHP compares loosely here: true is 1, false is 0. */
const expectedState = z.union([z.boolean().transform(Number), numberOrText]).pipe(z.int().min(0).max(3));
const range = { min: z.number().optional(), max: z.number().optional() };

const OPERATORS: Readonly<Record<string, ProfileOperator>> = {
  contains: "contains",
  doesnotcontain: "does_not_contain",
  isequalto: "is_equal_to",
  startswith: "starts_with",
  endswith: "ends_with",
  isempty: "is_empty",
  isnotempty: "is_not_empty",
};
/** Fields that every user of Moodle has or once had. In Moodle, a condition on another field is an error. */
export const STANDARD_FIELDS: ReadonlySet<string> = new Set(
  "username firstname lastname middlename alternatename firstnamephonetic lastnamephonetic email city country idnumber institution department phone1 phone2 address url icq skype aim yahoo msn lang timezone auth description".split(
    " ",
  ),
);
/** A whole range, percent. */
const FULL = 100;
/** The limit of cohorts in one set. */
const MAX_SET = 100;
const FIELD_ALONE: readonly string[] = ["isempty", "isnotempty"];

const CONDITIONS = {
  completion: z.looseObject({ cm: numberOrText, e: expectedState }),
  date: z.looseObject({ d: z.enum([">=", "<"]), t: z.int() }),
  grade: z.looseObject({ id: z.int(), ...range }),
  group: z.looseObject({ id: z.int().optional() }),
  grouping: z.looseObject({ id: z.int().optional(), activity: z.literal(true).optional() }),
  profile: z.looseObject({
    op: z.enum(["contains", "doesnotcontain", "isequalto", "startswith", "endswith", "isempty", "isnotempty"]),
    v: z.string().optional(),
    sf: z.string().optional(),
    cf: z.string().optional(),
  }),
};

/** From this release on a failed item is not complete (read in the source of 4.2, run in 4.5.6). */
const FAILED_IS_NOT_COMPLETE = 405;

/** The kinds of conditions that are part of Moodle itself. */
export function isKnownType(type: string): type is keyof typeof CONDITIONS {
  return Object.hasOwn(CONDITIONS, type);
}

/** One leaf of a tree, not negated. @throws MalformedCondition */
export function mapCondition(type: keyof typeof CONDITIONS, value: unknown, around: Surroundings): MappedCondition {
  switch (type) {
    case "completion": {
      const { cm, e } = parse(CONDITIONS.completion, value);
      const item = cm === -1 ? around.previous() : around.item(cm);
      if (item === null) {
        const name = cm === -1 ? "the activity before it" : `course module ${cm}`;
        return missing("item", name, `${name} is not in the course: never met, as in Moodle`);
      }
      return exact({ state: { item, is: statesOf(e, around.release) } });
    }
    case "date": {
      const { d, t } = parse(CONDITIONS.date, value);
      const instant = clampedInstant(t * 1_000);
      return exact(d === ">=" ? { from: instant } : { until: instant });
    }
    case "grade":
      return gradeOf(parse(CONDITIONS.grade, value), around);
    case "group": {
      const { id } = parse(CONDITIONS.group, value);
      if (id === undefined || id === 0) return exact({ cohort: { any: true } });
      const cohort = around.group(id);
      if (cohort === null)
        return missing("cohort", `group ${id}`, `group ${id} is not in the file, so it has no members`);
      return exact({ cohort });
    }
    case "grouping": {
      const { id, activity } = parse(CONDITIONS.grouping, value);
      const grouping = id ?? (activity === true ? around.ownGrouping : 0);
      if (grouping === 0) throw new MalformedCondition("id: no grouping is named, and the activity has none");
      return groupingOf(grouping, around);
    }
    case "profile":
      return profileOf(parse(CONDITIONS.profile, value), around);
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MalformedCondition(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "malformed"}`);
}

/** The states that satisfy Moodle's 0 incomplete, 1 complete, 2 passed, 3 failed. */
function statesOf(expected: number, release: number): CompletionState[] {
  const failedIsDone = release < FAILED_IS_NOT_COMPLETE;
  if (expected === 0) return failedIsDone ? ["incomplete"] : ["incomplete", "failed"];
  if (expected === 1) return failedIsDone ? ["complete", "passed", "failed"] : ["complete", "passed"];
  return expected === 2 ? ["passed"] : ["failed"];
}

function gradeOf(
  { id, min, max }: { id: number; min?: number | undefined; max?: number | undefined },
  around: Surroundings,
): MappedCondition {
  const bounds: Range = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { below: max }) };
  const target = around.grade(id);
  if (target === null) return missing("grade", `grade item ${id}`, `grade item ${id} is not in the file: no grade`);
  if (target === "total") {
    const why = "the course total is computed from the items' points; Moodle's way to aggregate grades is not imported";
    const total = Object.entries(bounds).map(([bound, percent]) => [bound, Math.min(FULL, Math.max(0, percent))]);
    return { rule: { total: Object.fromEntries(total) }, verdict: "approximated", why };
  }
  const { item, note } = target;
  if (Object.values(bounds).every((percent) => percent >= 0 && percent <= FULL)) {
    return { rule: { score: { item, ...bounds } }, verdict: note === null ? "exact" : "approximated", why: note };
  }
  // Here a share of a range is from 0 to 100. Grades below and above it are distinguished by their points.
  const pointsAt = (percent: number) => target.min + ((target.max - target.min) * percent) / FULL;
  const points = Object.fromEntries(Object.entries(bounds).map(([bound, percent]) => [bound, pointsAt(percent)]));
  const why =
    "a bound outside the range of the grade becomes a bound of its points, by the present range of the grade item";
  return {
    rule: { points: { item, ...points } },
    verdict: "approximated",
    why: note === null ? why : `${why}; ${note}`,
  };
}

function groupingOf(id: number, around: Surroundings): MappedCondition {
  const cohorts = around.grouping(id);
  const name = `grouping ${id}`;
  if (cohorts === null) return missing("cohort", name, `${name} is not in the file, so it has no members`);
  const [only] = cohorts;
  if (only === undefined) return missing("cohort", name, `${name} has no groups, so it has no members`);
  const sets = Array.from({ length: Math.ceil(cohorts.length / MAX_SET) }, (_, i) => ({
    cohort: { any_of: cohorts.slice(i * MAX_SET, (i + 1) * MAX_SET) },
  }));
  return exact(anyOf(sets) ?? { cohort: only });
}

function profileOf(
  { op, v, sf, cf }: { op: string; v?: string | undefined; sf?: string | undefined; cf?: string | undefined },
  around: Surroundings,
): MappedCondition {
  const operator = OPERATORS[op];
  const name = sf ?? cf;
  if (operator === undefined || name === undefined || (sf !== undefined && cf !== undefined)) {
    throw new MalformedCondition("sf, cf: a profile condition names one field");
  }
  if (sf !== undefined && !STANDARD_FIELDS.has(sf)) throw new MalformedCondition(`sf: there is no field ${sf}`);
  const field = around.field(sf === undefined ? "cf" : "sf", name);
  if (FIELD_ALONE.includes(op)) {
    if (v !== undefined) throw new MalformedCondition(`v: ${op} takes no value`);
    return exact({ profile: { field, op: operator } });
  }
  if (v === undefined) throw new MalformedCondition(`v: ${op} takes a value`);
  // Moodle compares as many characters at the end as the value has. For an empty value it compares all of them, so only
  // an empty field matches.
  if (op === "endswith" && v === "") return exact({ profile: { field, op: "is_equal_to", value: v } });
  return exact({ profile: { field, op: operator, value: v } });
}

function exact(rule: ImportedRule): MappedCondition {
  return { rule, verdict: "exact", why: null };
}

function missing(what: "item" | "grade" | "cohort", name: string, why: string): MappedCondition {
  return { rule: { missing: { what, name } }, verdict: "exact", why };
}
