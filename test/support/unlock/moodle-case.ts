import { z } from "zod";
import { percentOf } from "../../../src/unlock/facts.ts";
import type { Fact, LearnerRecord, Outline, Rule } from "../../../src/unlock/index.ts";
import { chapter, EPOCH, learnerRecord, outline, problem } from "./courses.ts";

// Cases whose answers a real Moodle gave, as courses of ours: a small mapping of its availability trees, written from what is
// known of them. What an importer makes of a backup is another matter.

const activity = z.looseObject({ name: z.string(), section: z.number(), completion: z.number(), deleting: z.number() });
const gradeItem = z.looseObject({ min: z.number(), max: z.number() });
const grade = z.union([
  z.number(),
  z.looseObject({ final: z.number().nullable(), rawmin: z.number().optional(), rawmax: z.number().optional() }),
]);
const caseSchema = z.looseObject({
  id: z.string(),
  availability: z.unknown(),
  section_availability: z.unknown().optional(),
  facts: z.looseObject({
    completion: z.record(z.string(), z.number()).default({}),
    grades: z.record(z.string(), grade).default({}),
    groups: z.array(z.string()).default([]),
    profile: z.record(z.string(), z.string()).default({}),
  }),
  now: z.number(),
  target: z.string(),
  user: z.string(),
  cm: z.record(z.string(), z.number()).default({}),
  sectionset: z.record(z.string(), z.number()).default({}),
  cfg: z.record(z.string(), z.number()).default({}),
  expected: z.looseObject({ state: z.string() }),
});
export type MoodleCase = z.infer<typeof caseSchema>;

export const oracleSchema = z.looseObject({
  moodle_version: z.string(),
  ids: z.looseObject({
    cm: z.record(z.string(), z.number()),
    grade_item: z.record(z.string(), z.number()),
    group: z.record(z.string(), z.number()),
    grouping: z.record(z.string(), z.number()),
  }),
  course: z.looseObject({
    activities_in_order: z.array(activity),
    grade_items: z.record(z.string(), gradeItem),
    groupings: z.record(z.string(), z.array(z.string())),
    profile_fields: z.record(z.string(), z.looseObject({ default: z.string() })),
  }),
  cases: z.array(caseSchema),
});
type Oracle = z.infer<typeof oracleSchema>;

/** Groups of this course; the oracle also has one of another. */
const FOREIGN_GROUP = "foreign";
const SECTIONS = 6;
const OPS: Readonly<Record<string, "contains" | "does_not_contain" | "is_equal_to" | "starts_with" | "ends_with">> = {
  contains: "contains",
  doesnotcontain: "does_not_contain",
  isequalto: "is_equal_to",
  startswith: "starts_with",
  endswith: "ends_with",
};

/** Fields that every account has, as far as the cases ask for them. */
const STANDARD_FIELDS = new Set(["city", "department", "institution", "email", "firstname", "lastname", "idnumber"]);

class Malformed extends Error {}

/** Why a case cannot be asked of the rules alone, or null when it can. */
export function leftOut({ user, facts, expected, availability }: MoodleCase): string | null {
  if (user.startsWith("teacher")) return "staff: decided by the role, not by the rules";
  if (user === "notenrolled") return "nobody is enrolled: there is nothing to evaluate";
  if (user === "student_allgroups") return "the right to be in every group";
  if (Object.values(facts.completion).includes(4))
    return "completion state 4, failed with a hidden grade: no state of ours";
  if (expected.state === "php_error") return "the platform's own page failed";
  return availability === undefined ? "no tree" : null;
}

export class MoodleCourse {
  readonly #oracle: Oracle;
  readonly #order: readonly z.infer<typeof activity>[];

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
    this.#order = oracle.course.activities_in_order;
  }

  /** The course of one case, its learner, and the id of the item it is about. */
  of(one: MoodleCase): { course: Outline; record: LearnerRecord; item: string } {
    const { target, cm, cfg, sectionset } = one;
    const home = this.#order.find(({ name }) => name === target)?.section ?? 0;
    const isOn = cfg.enableavailability !== 0;
    const own = isOn
      ? this.#rule(
          one.availability,
          one,
          this.#order.findIndex(({ name }) => name === target),
        )
      : null;
    const start = this.#order.findIndex(({ section }) => section === home);
    const around = isOn ? this.#rule(one.section_availability, one, start) : null;
    const chapters = Array.from({ length: SECTIONS }, (_, index) => {
      const isHome = index + 1 === home;
      const hidden = isHome && sectionset.visible === 0 ? { visibility: "hidden" as const } : {};
      return { ...chapter(`s${index + 1}`, isHome ? around : null), ...hidden };
    });
    const problems = this.#order.map(({ name, section, visible }) => {
      const isTarget = name === target;
      const isVisible = (isTarget ? (cm.visible ?? visible) : visible) !== 0;
      const isStealth = isTarget && cm.visibleoncoursepage === 0 && cfg.allowstealth !== 0;
      const visibility = isVisible ? (isStealth ? "unlisted" : null) : "hidden";
      const entry = problem(idOf(name), `s${section}`, isTarget ? own : null);
      return visibility === null ? entry : { ...entry, visibility: visibility as "hidden" | "unlisted" };
    });
    // Grade items that are no activities stand as items of their own.
    const manual = Object.keys(this.#oracle.course.grade_items).filter((name) => !this.#isActivity(name));
    const course = outline(chapters, [...problems, ...manual.map((name) => problem(idOf(name)))], { sticky: false });
    const source = { platform: "moodle" as const, release: this.#oracle.moodle_version };
    return { course: { ...course, source }, record: this.#record(one), item: `demo.${idOf(target)}` };
  }

  #isActivity(name: string): boolean {
    return this.#order.some((one) => one.name === name);
  }

  #record({ facts, user }: MoodleCase): LearnerRecord {
    const merged = new Map<string, Partial<Fact>>();
    for (const [name, state] of Object.entries(facts.completion)) {
      const outcome = state === 2 ? "passed" : state === 3 ? "failed" : null;
      const completed_at = state === 1 || state === 2 ? EPOCH : null;
      merged.set(idOf(name), { completed_at, ...(outcome === null ? {} : { outcome, outcome_at: EPOCH }) });
    }
    for (const [name, row] of Object.entries(facts.grades)) {
      const { final, rawmin, rawmax } = typeof row === "number" ? { final: row } : row;
      if (final === null || final === undefined) continue;
      const range = this.#oracle.course.grade_items[name];
      const points = { points: final, min: rawmin ?? range?.min ?? 0, max: rawmax ?? range?.max ?? 100 };
      merged.set(idOf(name), { ...merged.get(idOf(name)), best_score: percentOf(points), points: final });
    }
    const { profile_fields } = this.#oracle.course;
    const defaults = Object.entries(profile_fields).map(([name, field]) => [name, field.default]);
    const policy = {
      cohorts: facts.groups.filter((name) => name !== FOREIGN_GROUP),
      practice_mode: user === "student_ignorecap",
      profile: { ...Object.fromEntries(defaults), ...facts.profile },
    };
    return learnerRecord(Object.fromEntries(merged), { policy });
  }

  /** @param place of the item, or of the section's first, in course order. */
  #rule(given: unknown, one: MoodleCase, place: number): Rule | null {
    if (given === null || given === undefined || given === "") return null;
    try {
      return this.#root(typeof given === "string" ? parsed(given) : given, one, place);
    } catch (fault) {
      if (!(fault instanceof Malformed)) throw fault;
      return { hide: { missing: { what: "condition", name: fault.message } } };
    }
  }

  #root(tree: unknown, one: MoodleCase, place: number): Rule {
    const { op, c, showc, show } = objectOf(tree, "the tree");
    const children = listOf(c);
    const isEach = op === "&" || op === "!|";
    if (isEach && (!Array.isArray(showc) || showc.length !== children.length)) throw new Malformed("showc");
    if (isEach && listOf(showc).some((flag) => typeof flag !== "boolean")) throw new Malformed("showc");
    if (!isEach && typeof show !== "boolean") throw new Malformed("show");
    const isDenied = op === "!&" || op === "!|";
    const parts = children.flatMap((child, at) => {
      const part = this.#part(child, isDenied, one, place);
      if (part === null) return [];
      const isHidden = isEach && listOf(showc)[at] === false;
      const whole: Rule = op === "!|" ? { not: part } : part;
      return [isHidden ? { hide: whole } : whole];
    });
    if (parts.length === 0 && (isEach || op === "|" || op === "!&")) return { all: [] };
    const joined = joinedBy(op, parts);
    return show === false && !isEach ? { hide: joined } : joined;
  }

  /** A condition, or a set within another; null for a kind that is not known. */
  #part(given: unknown, isDenied: boolean, one: MoodleCase, place: number): Rule | null {
    const node = objectOf(given, "a condition");
    if (typeof node.type === "string") return this.#leaf(node, one, place);
    const { op, c } = node;
    const children = listOf(c);
    const isInner = op === "!&" || op === "!|";
    const parts = children.flatMap((child) => this.#part(child, isInner !== isDenied, one, place) ?? []);
    // Without conditions it is open, denied or not.
    if (parts.length === 0 && typeof op === "string" && ["&", "|", "!&", "!|"].includes(op)) {
      return isDenied ? { any: [] } : { all: [] };
    }
    return joinedBy(op, op === "!|" ? parts.map((part): Rule => ({ not: part })) : parts);
  }

  #leaf(node: Record<string, unknown>, one: MoodleCase, place: number): Rule | null {
    switch (node.type) {
      case "completion":
        return this.#completion(node, place);
      case "grade":
        return this.#grade(node);
      case "date":
        return dateOf(node);
      case "group":
        return this.#group(node);
      case "grouping":
        return this.#grouping(node, one);
      case "profile":
        return this.#profile(node);
      default:
        return null;
    }
  }

  #completion({ cm, e }: Record<string, unknown>, place: number): Rule {
    const state = typeof e === "boolean" ? Number(e) : typeof e === "string" && /^\d+$/.test(e) ? Number(e) : e;
    const is = ([["incomplete"], ["complete", "passed"], ["passed"], ["failed"]] as const)[Number(state)];
    if (typeof state !== "number" || is === undefined) throw new Malformed("e");
    const asked = typeof cm === "string" && /^-?\d+$/.test(cm) ? Number(cm) : cm;
    if (typeof asked !== "number" && !(typeof asked === "string" && asked.startsWith("$"))) throw new Malformed("cm");
    if (typeof asked === "number" && !Number.isInteger(asked)) throw new Malformed("cm");
    const name = asked === -1 ? this.#previous(place) : nameOf(asked, this.#oracle.ids.cm);
    const known = this.#order.find((item) => item.name === name && item.deleting === 0);
    if (known === undefined) return { missing: { what: "item", name: String(asked) } };
    return { state: { item: `demo.${idOf(known.name)}`, is: [...is] } };
  }

  #previous(place: number): string | null {
    return (
      this.#order.slice(0, Math.max(0, place)).findLast((one) => one.completion !== 0 && one.deleting === 0)?.name ??
      null
    );
  }

  #grade({ id, min, max }: Record<string, unknown>): Rule {
    for (const bound of [min, max]) if (bound !== undefined && typeof bound !== "number") throw new Malformed("grade");
    if (typeof id === "string" && !id.startsWith("$")) throw new Malformed("id");
    const name = nameOf(id, this.#oracle.ids.grade_item);
    if (name === null || this.#oracle.course.grade_items[name] === undefined) {
      return { missing: { what: "grade", name: String(id) } };
    }
    const bounds = { ...(typeof min === "number" ? { min } : {}), ...(typeof max === "number" ? { below: max } : {}) };
    return { score: { item: `demo.${idOf(name)}`, ...bounds } };
  }

  #group({ id }: Record<string, unknown>): Rule {
    if (id === undefined || id === 0) return { cohort: { any: true } };
    if (typeof id === "string" ? !id.startsWith("$") : typeof id !== "number") throw new Malformed("id");
    const name = nameOf(id, this.#oracle.ids.group);
    if (name === null || name === FOREIGN_GROUP) return { missing: { what: "cohort", name: String(id) } };
    return { cohort: name };
  }

  #grouping({ id, activity: ofActivity }: Record<string, unknown>, { cm }: MoodleCase): Rule {
    if (ofActivity !== true && id === undefined) throw new Malformed("grouping");
    if (ofActivity === true && (cm.groupingid ?? 0) === 0) throw new Malformed("the activity has no grouping");
    const name = nameOf(ofActivity === true ? (cm.groupingid ?? 0) : id, this.#oracle.ids.grouping);
    const groups = name === null ? undefined : this.#oracle.course.groupings[name];
    return groups === undefined ? { missing: { what: "cohort", name: String(id) } } : { cohort: { any_of: groups } };
  }

  #profile({ sf, cf, op, v }: Record<string, unknown>): Rule {
    if ((sf === undefined) === (cf === undefined)) throw new Malformed("field");
    const field = String(sf ?? cf);
    if (sf !== undefined && !STANDARD_FIELDS.has(field)) throw new Malformed("field");
    if (op === "isempty" || op === "isnotempty") {
      return this.#known(cf, { profile: { field, op: op === "isempty" ? "is_empty" : "is_not_empty" } });
    }
    const ours = OPS[String(op)];
    if (ours === undefined || typeof v !== "string") throw new Malformed("profile");
    return this.#known(cf, { profile: { field, op: ours, value: v } });
  }

  #known(custom: unknown, rule: Rule): Rule {
    const isGone = custom !== undefined && !(String(custom) in this.#oracle.course.profile_fields);
    return isGone ? { missing: { what: "profile", name: String(custom) } } : rule;
  }
}

function joinedBy(op: unknown, parts: Rule[]): Rule {
  if (op === "&" || op === "!|") return { all: parts };
  if (op === "|") return { any: parts };
  if (op === "!&") return { not: { all: parts } };
  throw new Malformed("op");
}

function dateOf({ d, t }: Record<string, unknown>): Rule {
  if (typeof t !== "number") throw new Malformed("t");
  const instant = new Date(t * 1000).toISOString();
  if (d === ">=") return { from: instant };
  if (d === "<") return { until: instant };
  throw new Malformed("d");
}

/** The name a reference stands for: `$name`, or the number that the names have; null for none. */
function nameOf(reference: unknown, ids: Readonly<Record<string, number>>): string | null {
  if (typeof reference === "string" && reference.startsWith("$")) return reference.slice(1);
  return Object.entries(ids).find(([, id]) => id === reference)?.[0] ?? null;
}

function idOf(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** Reads JSON; what is written as a fraction is none of the whole numbers that are asked for. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replaceAll(/"(cm|t)":(\d+)\.(\d+)/g, '"$1":"$2.$3"'));
  } catch {
    throw new Malformed("no JSON");
  }
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Malformed(what);
  return Object.fromEntries(Object.entries(value));
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Malformed("c");
  return value;
}
