import { z } from "@hono/zod-openapi";
import { brokenRules } from "../platform/http/field-errors.ts";
import { itemIdSchema } from "../platform/ids.ts";
import { instantSchema } from "../platform/instants.ts";

/**
 * The rule language: a JSON tree whose every node is an object with exactly one operator.
 * No rule means open. Semantics stand in `evaluate.ts`; author errors in `analyze.ts`.
 */
export type Rule =
  | { all: Rule[] }
  | { any: Rule[] }
  | { at_least: { count: number; of: Rule[] } }
  | { not: Rule }
  | { completed: string }
  | { attempted: string }
  | { score: { item: string; min: number } }
  | { progress: { of: string | string[]; min_percent: number } }
  | { from: string }
  | { until: string }
  | { after_enrollment: { days: number } }
  | { after: { item: string; days: number } }
  | { cohort: string };

export const OPERATORS = [
  "all",
  "any",
  "at_least",
  "not",
  "completed",
  "attempted",
  "score",
  "progress",
  "from",
  "until",
  "after_enrollment",
  "after",
  "cohort",
] as const;
type Operator = (typeof OPERATORS)[number];

/** Deepest nesting of one rule. Beyond it a document is refused before anything recurses over it. */
export const MAX_RULE_DEPTH = 16;
/** Most children of one group, and most items of one progress list. */
const MAX_RULE_CHILDREN = 500;
/** Ten years: longer drips are a typing error. */
const MAX_DRIP_DAYS = 3650;

const days = z.number().min(0).max(MAX_DRIP_DAYS);
const cohortName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "lower-case letters, digits, dashes, underscores");
export const cohortNameSchema = cohortName.openapi({ example: "spring-2027" });

/**
 * A rule is parsed by hand-over to the one operator it names, so an error is reported at the operator that broke and
 * not as "no member of the union matched". `z.lazy` keeps the recursion finite; {@link ruleDepth} runs before it.
 */
const group = z.lazy(() => z.array(ruleSchema).max(MAX_RULE_CHILDREN));
const OPERANDS = {
  all: group,
  any: group,
  at_least: z.strictObject({ count: z.int().min(0), of: group }),
  not: z.lazy(() => ruleSchema),
  completed: itemIdSchema,
  attempted: itemIdSchema,
  score: z.strictObject({ item: itemIdSchema, min: z.number().min(0).max(100) }),
  progress: z.strictObject({
    of: z.union([itemIdSchema, z.array(itemIdSchema).max(MAX_RULE_CHILDREN)]),
    min_percent: z.number().min(0).max(100),
  }),
  from: instantSchema,
  until: instantSchema,
  after_enrollment: z.strictObject({ days }),
  after: z.strictObject({ item: itemIdSchema, days }),
  cohort: cohortName,
} satisfies Record<Operator, z.ZodType>;

function isOperator(key: string): key is Operator {
  return (OPERATORS as readonly string[]).includes(key);
}

export const ruleSchema: z.ZodType<Rule> = z
  .custom<Rule>()
  .superRefine((value, context) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      context.addIssue({
        code: "custom",
        message: "a rule is an object with one operator",
        params: { rule: "invalid_type" },
      });
      return;
    }
    const keys = Object.keys(value);
    const [operator] = keys;
    if (keys.length !== 1 || operator === undefined || !isOperator(operator)) {
      context.addIssue({
        code: "custom",
        message: `a rule has exactly one operator, one of: ${OPERATORS.join(", ")}`,
        params: { rule: "one_operator" },
      });
      return;
    }
    const parsed = OPERANDS[operator].safeParse(Reflect.get(value, operator));
    for (const { path, rule, message } of brokenRules(parsed.error ?? { issues: [] })) {
      context.addIssue({ code: "custom", message, path: [operator, ...path], params: { rule } });
    }
  })
  .openapi("Rule", {
    type: "object",
    description:
      "A tree of operators, one per object: all, any, at_least {count, of}, not, completed, attempted, score {item, min}, " +
      "progress {of, min_percent}, from, until, after_enrollment {days}, after {item, days}, cohort.",
    example: { all: [{ completed: "algorithms.arrays" }, { score: { item: "algorithms.two-sum", min: 70 } }] },
  });

/** The rules of a group without those written before: alike but for the order of the keys within an operand. */
export function distinctRules(rules: readonly Rule[]): Rule[] {
  const known = new Map<string, Rule>();
  for (const rule of rules) {
    const key = canonical(rule);
    if (!known.has(key)) known.set(key, rule);
  }
  return [...known.values()];
}

/** JSON text with the keys of every object in order. What is nested too deeply for any rule is refused elsewhere. */
function canonical(value: unknown, depth = 0): string {
  if (depth > MAX_CANONICAL_DEPTH) return "too deep";
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, depth + 1)).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field, depth + 1)}`).join()}}`;
}

/** Levels of JSON in a rule of the greatest depth: an operator, its operand, a list. */
const MAX_CANONICAL_DEPTH = 4 * MAX_RULE_DEPTH;

/**
 * Depth of the deepest rule-like nesting in any JSON value, counted without recursion so that a hostile document of
 * a million brackets costs a loop and not the stack. Stops counting past `limit`.
 */
export function nestingExceeds(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    const next: unknown[] = [];
    for (const node of level) {
      if (typeof node === "object" && node !== null) {
        for (const child of Object.values(node)) if (typeof child === "object" && child !== null) next.push(child);
      }
    }
    level = next;
  }
  return false;
}
