import { z } from "@hono/zod-openapi";
import { brokenRules } from "../platform/http/field-errors.ts";
import { courseSlugSchema, itemIdSchema } from "../platform/ids.ts";
import { instantSchema } from "../platform/instants.ts";

/**
 * The rule language: a JSON tree in which every node is an object with exactly one operator. No rule means open. The
 * meaning of operators is in `truth.ts`; errors of authors in `analyze.ts`.
 */
export type Rule =
  | { all: Rule[] }
  | { any: Rule[] }
  | { at_least: { count: number; of: Rule[] } }
  | { not: Rule }
  | { completed: string }
  | { attempted: string }
  | { score: { item: string; min?: number; below?: number } }
  | { progress: { of: string | string[]; min_percent: number } }
  | { from: string }
  | { until: string }
  | { after_enrollment: { days: number } }
  | { after: { item: string; days: number } }
  | { cohort: string | { any_of: string[] } | { any: true } }
  | { state: { item: string; is: CompletionState[] } }
  | { points: { item: string; min?: number; below?: number } }
  | { average: { of: string[]; min?: number; below?: number } }
  | { total: { min?: number; below?: number } }
  | { previous: { is: CompletionState[] } }
  | { viewed: string }
  | { submitted: string }
  | { profile: ProfileTest }
  | { course_completed: string }
  | { missing: { what: Missing; name: string } }
  | { hide: Rule };

/**
 * The completion state from an item's facts: failed or passed by the latest verdict that decided; else complete, or
 * not.
 */
export const COMPLETION_STATES = ["incomplete", "complete", "passed", "failed"] as const;
export type CompletionState = (typeof COMPLETION_STATES)[number];

/** The comparisons of a profile field. All but the two about emptiness need a `value`. */
export interface ProfileTest {
  field: string;
  op: ProfileOp;
  value?: string;
}

export const PROFILE_OPS = [
  "contains",
  "does_not_contain",
  "is_equal_to",
  "starts_with",
  "ends_with",
  "is_empty",
  "is_not_empty",
] as const;
type ProfileOp = (typeof PROFILE_OPS)[number];

/** Something that a rule of another platform asks for, and that the course does not have. */
const MISSING = ["item", "grade", "cohort", "profile", "condition"] as const;
type Missing = (typeof MISSING)[number];

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
  "state",
  "points",
  "average",
  "total",
  "previous",
  "viewed",
  "submitted",
  "profile",
  "course_completed",
  "missing",
  "hide",
] as const;
type Operator = (typeof OPERATORS)[number];

/** Deepest nesting of one rule. A document that goes deeper is refused before any code recurses into it. */
export const MAX_RULE_DEPTH = 16;
/** The limit of children in one group, and of items in one progress list. */
const MAX_RULE_CHILDREN = 500;
/** Ten years: a longer drip is a typing error. */
const MAX_DRIP_DAYS = 3650;

const days = z.number().min(0).max(MAX_DRIP_DAYS);
const cohortName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "lower-case letters, digits, dashes, underscores");
export const cohortNameSchema = cohortName.openapi({ example: "spring-2027" });

/** The limit of cohorts in one set. */
const MAX_COHORT_SET = 100;
/**
 * Longest name of a profile field, longest text in one, and bytes of a whole profile as JSON: the profiles of a hundred
 * learners fit into one value of D1.
 */
const MAX_FIELD_NAME = 100;
const MAX_FIELD = 1_000;
const MAX_PROFILE_BYTES = 8_000;

/** The points of an attempt, and bounds for points. */
const MAX_POINTS = 1_000_000_000;
export const pointsSchema = z.number().min(-MAX_POINTS).max(MAX_POINTS);

const percentage = z.number().min(0).max(100);
const states = z.array(z.enum(COMPLETION_STATES)).min(1).max(COMPLETION_STATES.length);
const fieldName = z.string().min(1).max(MAX_FIELD_NAME);
const fieldText = z.string().max(MAX_FIELD);

/** The fields of a learner's profile. */
export const profileSchema = z
  .record(fieldName, fieldText)
  .refine((fields) => new TextEncoder().encode(JSON.stringify(fields)).length <= MAX_PROFILE_BYTES, {
    message: `at most ${MAX_PROFILE_BYTES} bytes in all`,
    params: { rule: "too_big" },
  })
  .openapi({ example: { department: "physics" }, description: "Fields of the learner that rules may ask for." });

const profileTest = z
  .strictObject({ field: fieldName, op: z.enum(PROFILE_OPS), value: fieldText.optional() })
  .refine(({ op, value }) => (value === undefined) === (op === "is_empty" || op === "is_not_empty"), {
    path: ["value"],
    message: "every op needs a value, but is_empty and is_not_empty, which take none",
    params: { rule: "only_with_value" },
  });

/**
 * The operator selects the schema, so that an error names the broken part and not only "no member of the union
 * matched".
 */
const cohort = z.unknown().superRefine((value, context) => {
  const isSet = typeof value === "object" && value !== null;
  const isAny = isSet && "any" in value;
  const form = isAny ? z.strictObject({ any: z.literal(true) }) : isSet ? cohortSet : cohortName;
  for (const { path, rule, message } of brokenRules(form.safeParse(value).error ?? { issues: [] })) {
    context.addIssue({ code: "custom", message, path: [...path], params: { rule } });
  }
});
const cohortSet = z.strictObject({ any_of: z.array(cohortName).min(1).max(MAX_COHORT_SET) });

/**
 * A rule is parsed by the schema of its one operator, so that an error is reported at the operator that broke and not
 * as "no member of the union matched". `z.lazy` keeps the recursion finite; {@link ruleDepth} runs before it.
 */
const group = z.lazy(() => z.array(ruleSchema).max(MAX_RULE_CHILDREN));
/** The operand of each operator. The types of the client are made from these. */
export const OPERANDS = {
  all: group,
  any: group,
  at_least: z.strictObject({ count: z.int().min(0), of: group }),
  not: z.lazy(() => ruleSchema),
  completed: itemIdSchema,
  attempted: itemIdSchema,
  score: z.strictObject({ item: itemIdSchema, min: percentage.optional(), below: percentage.optional() }),
  progress: z.strictObject({
    of: z.union([itemIdSchema, z.array(itemIdSchema).max(MAX_RULE_CHILDREN)]),
    min_percent: percentage,
  }),
  from: instantSchema,
  until: instantSchema,
  after_enrollment: z.strictObject({ days }),
  after: z.strictObject({ item: itemIdSchema, days }),
  cohort,
  state: z.strictObject({ item: itemIdSchema, is: states }),
  points: z.strictObject({ item: itemIdSchema, min: pointsSchema.optional(), below: pointsSchema.optional() }),
  average: z.strictObject({
    of: z.array(itemIdSchema).min(1).max(MAX_RULE_CHILDREN),
    min: percentage.optional(),
    below: percentage.optional(),
  }),
  total: z.strictObject({ min: percentage.optional(), below: percentage.optional() }),
  previous: z.strictObject({ is: states }),
  viewed: itemIdSchema,
  submitted: itemIdSchema,
  profile: profileTest,
  course_completed: courseSlugSchema,
  missing: z.strictObject({ what: z.enum(MISSING), name: z.string().min(1).max(500) }),
  hide: z.lazy(() => ruleSchema),
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
      "A tree of operators, one per object: all, any, at_least {count, of}, not, completed, attempted, " +
      "score {item, min, below}, points {item, min, below}, state {item, is}, progress {of, min_percent}, from, until, after_enrollment {days}, after {item, days}, " +
      "average {of, min, below}, total {min, below}, previous {is}, viewed, submitted, cohort (a name, {any_of} or {any}), profile {field, op, value}, course_completed, missing {what, name}, hide.",
    example: { all: [{ completed: "algorithms.arrays" }, { score: { item: "algorithms.two-sum", min: 70 } }] },
  });

/** The rules of a group without repeated ones. Rules are the same if only the order of keys in an operand differs. */
export function distinctRules(rules: readonly Rule[]): Rule[] {
  const known = new Map<string, Rule>();
  for (const rule of rules) {
    const key = canonical(rule);
    if (!known.has(key)) known.set(key, rule);
  }
  return [...known.values()];
}

/**
 * JSON text with the keys of every object in order. Values that are nested too deeply for a rule are refused elsewhere.
 */
function canonical(value: unknown, depth = 0): string {
  if (depth > MAX_CANONICAL_DEPTH) return "too deep";
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, depth + 1)).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field, depth + 1)}`).join()}}`;
}

/** JSON levels of a rule of the greatest depth: an operator, its operand, a list. */
const MAX_CANONICAL_DEPTH = 4 * MAX_RULE_DEPTH;

/**
 * Depth of the deepest nesting that looks like a rule, in any JSON value. It is counted in a loop without recursion, so
 * that a hostile document with a million brackets does not overflow the stack. Counting stops after `limit`.
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
