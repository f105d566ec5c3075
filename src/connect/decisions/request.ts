import { z } from "@hono/zod-openapi";
import { courseOfItem, itemIdSchema, userIdSchema } from "../../platform/ids.ts";
import { type FieldError, ok, type Result, refuse } from "../../platform/results.ts";

// The form of requests and answers is that of the Authorization API 1.0 (OpenID AuthZEN, 2026): who (`subject`) may do
// what (`action`) with what (`resource`).

/** Questions of one request. */
export const MAX_EVALUATIONS = 1_000;
/** Questions of one request that are answered with reasons: each is a read of its own. */
const MAX_REASONS = 100;
/** Courses of one request: each has its own version, and its own line in the audit log. */
const MAX_COURSES = 20;
/** Seconds by which an answer may be old at most, as for reads. */
const MAX_STALE_SECONDS = 3_600;
/** Errors that are listed. */
const MAX_LISTED = 100;

// What else a client says of them (properties, its own context) changes nothing: the specification asks for that.
const subject = z.looseObject({ type: z.literal("user"), id: userIdSchema });
const action = z.looseObject({ name: z.literal("open") });
const resource = z.looseObject({ type: z.literal("item"), id: itemIdSchema });
const context = z.looseObject({
  min_seq: z.int().min(0).optional().openapi({
    description: "The decision includes the write that returned this progress_seq.",
  }),
  max_stale: z.int().min(1).max(MAX_STALE_SECONDS).optional().openapi({
    description: "The decision may be this many seconds old, and may come from the edge.",
  }),
});
const parts = {
  subject: subject.optional(),
  action: action.optional(),
  resource: resource.optional(),
  context: context.optional(),
};
const semantics = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"] as const;
export type Semantic = (typeof semantics)[number];

export const decisionRequestSchema = z
  .looseObject({
    ...parts,
    evaluations: z.array(z.looseObject(parts)).max(MAX_EVALUATIONS).optional().openapi({
      description: "Several questions. What a question leaves out is taken from the request.",
    }),
    options: z
      .looseObject({
        evaluations_semantic: z.enum(semantics).optional(),
        reasons: z
          .boolean()
          .optional()
          .openapi({
            description: `Each denial says why. At most ${MAX_REASONS} questions.`,
          }),
      })
      .optional(),
  })
  .openapi("DecisionRequest");
type DecisionRequest = z.infer<typeof decisionRequestSchema>;

/** One question: may this learner open this item? */
export interface Question {
  user: string;
  item: string;
  course: string;
  min_seq: number | undefined;
  max_stale: number | undefined;
}

export interface Questions {
  questions: Question[];
  /** One question asked alone is answered alone. */
  isAlone: boolean;
  semantic: Semantic;
  withReasons: boolean;
}

/** The questions of a request, each whole. @returns `invalid_input` naming every part that is missing. */
export function questionsOf(request: DecisionRequest): Result<Questions> {
  const { evaluations = [], options } = request;
  const isAlone = evaluations.length === 0;
  const errors: FieldError[] = [];
  const questions: Question[] = [];
  for (const [at, own] of (isAlone ? [request] : evaluations).entries()) {
    const { subject, action, resource, context } = { ...request, ...own };
    const path = isAlone ? "" : `evaluations[${at}].`;
    for (const [name, value] of Object.entries({ subject, action, resource })) {
      if (value !== undefined) continue;
      errors.push({ path: `${path}${name}`, rule: "required", message: "The question and the request leave it out." });
    }
    if (subject === undefined || resource === undefined) continue;
    const { min_seq, max_stale } = context ?? {};
    questions.push({ user: subject.id, item: resource.id, course: courseOfItem(resource.id), min_seq, max_stale });
  }
  const withReasons = options?.reasons === true;
  if (withReasons && questions.length > MAX_REASONS) {
    const message = `Reasons are given for at most ${MAX_REASONS} questions.`;
    errors.push({ path: "options.reasons", rule: "too_big", message });
  }
  if (new Set(questions.map(({ course }) => course)).size > MAX_COURSES) {
    errors.push({
      path: "evaluations",
      rule: "too_many_courses",
      message: `At most ${MAX_COURSES} courses a request.`,
    });
  }
  if (errors.length > 0) return refuse("invalid_input", { errors: errors.slice(0, MAX_LISTED) });
  return ok({ questions, isAlone, semantic: options?.evaluations_semantic ?? "execute_all", withReasons });
}

/** Answers as far as the request wants them: until the first denial, the first permission, or all. */
export function untilDecided<T extends { decision: boolean }>(answers: readonly T[], semantic: Semantic): T[] {
  if (semantic === "execute_all") return [...answers];
  const last = answers.findIndex(({ decision }) => decision === (semantic === "permit_on_first_permit"));
  return last === -1 ? [...answers] : answers.slice(0, last + 1);
}
