import { z } from "@hono/zod-openapi";
import { brokenRules } from "../../platform/http/field-errors.ts";
import { itemIdSchema } from "../../platform/ids.ts";
import { pointsSchema } from "../rules.ts";

/**
 * How an item is completed: a JSON tree in which each node is an object with exactly one operator. An item without one
 * is complete when that is reported. `derive.ts` says when each is met.
 */
export type Requirement =
  | { all: Requirement[] }
  | { any: Requirement[] }
  | { at_least: { count: number; of: Requirement[] } }
  | { view: true }
  | { mark: true }
  | { submit: true }
  | { contribute: true }
  | { score: { min?: number } }
  | { points: { min?: number } }
  | { pass: true | { min: number } | { min_points: number } }
  | { children: ChildrenAsked };

/**
 * How many of a chapter's items: all of them, a number, or a share in percent in which each item has a weight (default
 * 1).
 */
export type ChildrenAsked =
  | { all: true }
  | { count: number }
  | { percent: number; weights?: Readonly<Record<string, number>> };

export const REQUIREMENT_OPERATORS = [
  "all",
  "any",
  "at_least",
  "view",
  "mark",
  "submit",
  "contribute",
  "score",
  "points",
  "pass",
  "children",
] as const;
type Operator = (typeof REQUIREMENT_OPERATORS)[number];

/** Deepest nesting of one requirement, and the limit of parts in one group. */
export const MAX_REQUIREMENT_DEPTH = 6;
const MAX_PARTS = 50;
/** The limit of items with their own weight, and the largest weight. */
const MAX_WEIGHTS = 500;
const MAX_WEIGHT = 1_000_000;

const percentage = z.number().min(0).max(100);
const group = z.lazy(() => z.array(requirementSchema).min(1).max(MAX_PARTS));
const yes = z.literal(true);

/**
 * The operator selects the schema, so that an error names the broken part and not only "no member of the union
 * matched".
 */
const pass = z.unknown().superRefine((value, context) => {
  if (value === true) return;
  const isOfPoints = typeof value === "object" && value !== null && "min_points" in value;
  const form = isOfPoints ? z.strictObject({ min_points: pointsSchema }) : z.strictObject({ min: percentage });
  for (const { path, rule, message } of brokenRules(form.safeParse(value).error ?? { issues: [] })) {
    context.addIssue({ code: "custom", message, path: [...path], params: { rule } });
  }
});

const weights = z
  .record(itemIdSchema, z.number().positive().max(MAX_WEIGHT))
  .refine((value) => Object.keys(value).length <= MAX_WEIGHTS, {
    message: `at most ${MAX_WEIGHTS} weights`,
    params: { rule: "too_big" },
  });
const children = z.unknown().superRefine((value, context) => {
  const isObject = typeof value === "object" && value !== null;
  const form =
    isObject && "count" in value
      ? z.strictObject({ count: z.int().min(1) })
      : isObject && "percent" in value
        ? z.strictObject({ percent: percentage, weights: weights.optional() })
        : z.strictObject({ all: yes });
  for (const { path, rule, message } of brokenRules(form.safeParse(value).error ?? { issues: [] })) {
    context.addIssue({ code: "custom", message, path: [...path], params: { rule } });
  }
});

const OPERANDS = {
  all: group,
  any: group,
  at_least: z.strictObject({ count: z.int().min(1), of: group }),
  view: yes,
  mark: yes,
  submit: yes,
  contribute: yes,
  score: z.strictObject({ min: percentage.optional() }),
  points: z.strictObject({ min: pointsSchema.optional() }),
  pass,
  children,
} satisfies Record<Operator, z.ZodType>;

function isOperator(key: string): key is Operator {
  return (REQUIREMENT_OPERATORS as readonly string[]).includes(key);
}

export const requirementSchema: z.ZodType<Requirement> = z
  .custom<Requirement>()
  .superRefine((value, context) => {
    const keys = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
    const [operator] = keys;
    if (keys.length !== 1 || operator === undefined || !isOperator(operator)) {
      context.addIssue({
        code: "custom",
        message: `a requirement is an object with exactly one of these operators: ${REQUIREMENT_OPERATORS.join(", ")}`,
        params: { rule: "one_operator" },
      });
      return;
    }
    const parsed = OPERANDS[operator].safeParse(Reflect.get(Object(value), operator));
    for (const { path, rule, message } of brokenRules(parsed.error ?? { issues: [] })) {
      context.addIssue({ code: "custom", message, path: [operator, ...path], params: { rule } });
    }
  })
  .openapi("Requirement", {
    type: "object",
    description:
      "How an item becomes complete, one operator per object: view, mark, submit, contribute (each true), score {min} in percent, points {min}, " +
      "pass (true, {min} in percent or {min_points}), children ({all}, {count} or {percent, weights}), joined by all, any, at_least {count, of}.",
    example: { all: [{ view: true }, { score: { min: 70 } }] },
  });

/** The parts of a group; null for a leaf. */
export function partsOf(requirement: Requirement): { part: Requirement; step: string }[] | null {
  if ("all" in requirement) return requirement.all.map((part, i) => ({ part, step: `.all[${i}]` }));
  if ("any" in requirement) return requirement.any.map((part, i) => ({ part, step: `.any[${i}]` }));
  if ("at_least" in requirement) {
    return requirement.at_least.of.map((part, i) => ({ part, step: `.at_least.of[${i}]` }));
  }
  return null;
}

/** Visits each leaf with its place. */
export function walkRequirement(
  requirement: Requirement,
  path: string,
  visit: (leaf: Requirement, path: string) => void,
): void {
  const parts = partsOf(requirement);
  if (parts === null) visit(requirement, path);
  for (const { part, step } of parts ?? []) walkRequirement(part, `${path}${step}`, visit);
}
