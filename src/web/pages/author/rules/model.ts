import { OPERATORS, type Rule, ruleSchema } from "../../../../unlock/index.ts";

export type Operator = (typeof OPERATORS)[number];
export type Leaf = Exclude<
  Rule,
  { all: Rule[] } | { any: Rule[] } | { at_least: object } | { not: Rule } | { hide: Rule }
>;
export type LeafOperator = Exclude<Operator, "all" | "any" | "at_least" | "not" | "hide">;

/** Conditions about one item: the sentence begins with the item. */
export const OF_ITEM = ["completed", "score", "state", "attempted", "viewed", "submitted", "points", "after"] as const;
/** Conditions about something else. Only importers write `missing`, and it is only shown. */
export const OF_ELSE = [
  "progress",
  "average",
  "total",
  "previous",
  "from",
  "until",
  "after_enrollment",
  "cohort",
  "profile",
  "course_completed",
] as const;
type ItemOperator = (typeof OF_ITEM)[number];

export function isOfItem(operator: string): operator is ItemOperator {
  return OF_ITEM.some((each) => each === operator);
}

export type Node =
  | { kind: "group"; operator: "all" | "any" | "at_least"; count: number; parts: unknown[] }
  | { kind: "wrapped"; operator: "not" | "hide"; part: unknown }
  | { kind: "leaf"; operator: LeafOperator; leaf: Leaf }
  | { kind: "unknown" };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The kind of a part of a rule, without looking inside: a part that cannot be shown does not hide the rest. */
export function nodeOf(rule: unknown): Node {
  if (!isObject(rule)) return { kind: "unknown" };
  const [operator, ...others] = Object.keys(rule);
  if (operator === undefined || others.length > 0) return { kind: "unknown" };
  const operand = rule[operator];
  if (operator === "all" || operator === "any") {
    return Array.isArray(operand) ? { kind: "group", operator, count: 1, parts: operand } : { kind: "unknown" };
  }
  if (operator === "at_least") {
    const isWhole = isObject(operand) && Array.isArray(operand.of) && typeof operand.count === "number";
    if (!isWhole || Object.keys(operand).length !== 2) return { kind: "unknown" };
    return {
      kind: "group",
      operator,
      count: Number(operand.count),
      parts: Array.isArray(operand.of) ? operand.of : [],
    };
  }
  if (operator === "not" || operator === "hide") return { kind: "wrapped", operator, part: operand };
  const parsed = ruleSchema.safeParse(rule);
  if (!parsed.success) return { kind: "unknown" };
  const name = OPERATORS.find((each) => each === operator);
  if (
    name === undefined ||
    name === "all" ||
    name === "any" ||
    name === "at_least" ||
    name === "not" ||
    name === "hide"
  ) {
    return { kind: "unknown" };
  }
  // SAFETY: the schema has read it, and groups and wrappers were removed above.
  return { kind: "leaf", operator: name, leaf: rule as Leaf };
}

/** A group of another kind with the same parts. */
export function groupOf(operator: "all" | "any" | "at_least", parts: unknown[], count: number): unknown {
  if (operator === "at_least")
    return { at_least: { count: Math.max(1, Math.min(count, Math.max(1, parts.length))), of: parts } };
  return { [operator]: parts };
}

/** The item that a condition is about; null if it is about none. */
export function itemOf(leaf: Leaf): string | null {
  const [operand] = Object.values(leaf);
  if (typeof operand === "string") return operand;
  return isObject(operand) && typeof operand.item === "string" ? operand.item : null;
}

/** A new condition; it keeps the item of the condition before, if that had one. */
export function freshLeaf(operator: LeafOperator, item: string, slug: string): Leaf {
  switch (operator) {
    case "completed":
      return { completed: item };
    case "attempted":
      return { attempted: item };
    case "viewed":
      return { viewed: item };
    case "submitted":
      return { submitted: item };
    case "score":
      return { score: { item, min: 80 } };
    case "points":
      return { points: { item, min: 1 } };
    case "state":
      return { state: { item, is: ["passed"] } };
    case "after":
      return { after: { item, days: 1 } };
    case "progress":
      return { progress: { of: item, min_percent: 50 } };
    case "average":
      return { average: { of: [item], min: 50 } };
    case "total":
      return { total: { min: 50 } };
    case "previous":
      return { previous: { is: ["complete", "passed"] } };
    case "from":
      return { from: soon() };
    case "until":
      return { until: soon() };
    case "after_enrollment":
      return { after_enrollment: { days: 7 } };
    case "cohort":
      return { cohort: "group-1" };
    case "profile":
      return { profile: { field: "department", op: "is_equal_to", value: "" } };
    case "course_completed":
      return { course_completed: slug === "" ? "another-course" : slug };
    case "missing":
      return { missing: { what: "condition", name: "?" } };
  }
}

const DAY_MS = 86_400_000;

/** A week from now, at a full hour. */
function soon(): string {
  return new Date(Math.ceil((Date.now() + 7 * DAY_MS) / 3_600_000) * 3_600_000).toISOString().replace(".000", "");
}
