import { z } from "@hono/zod-openapi";
import type { CourseEntry } from "../courses/index.ts";
import { callEnrollment } from "../enrollment/index.ts";
import { pauseAsked, pauseFields } from "../enrollment/shapes.ts";
import { projectEnrollments } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databasesOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { broken } from "../platform/http/field-errors.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { courseOfItem, enrollmentId, itemIdSchema, userIdSchema } from "../platform/ids.ts";
import { instantSchema } from "../platform/instants.ts";
import { inParallel } from "../platform/parallel.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { cohortNameSchema, OVERRIDE_KINDS } from "../unlock/index.ts";
import { courseFor, courseParam, json, MANAGE_RULE, TAGS } from "./common.ts";
import { cohortNow } from "./roll.ts";
import { PARALLEL } from "./routes-people.ts";

/** Learners of one call. */
const MAX_LEARNERS = 1_000;

/** Who is meant by a decision: a cohort as it is now, or learners by id. */
const meant = {
  cohort: cohortNameSchema.optional().describe("Everybody who is in it now. Who joins later is not meant."),
  user_ids: z.array(userIdSchema).min(1).max(MAX_LEARNERS).optional(),
};
interface Meant {
  cohort?: string | undefined;
  user_ids?: string[] | undefined;
}
/** Of these two one is named, and only one. */
const ofSome = <Body extends z.ZodType<Meant>>(schema: Body) =>
  schema.refine(({ cohort, user_ids }) => (cohort === undefined) !== (user_ids === undefined), {
    path: ["cohort"],
    ...broken("one_of", "name either a cohort or user_ids"),
  });
const body = ofSome(
  z
    .strictObject({
      item: itemIdSchema,
      kind: z.enum(OVERRIDE_KINDS),
      reason: z.string().trim().min(3).max(500),
      expires_at: instantSchema.nullable().default(null),
      extend_to: instantSchema.nullable().default(null),
      ...meant,
    })
    .refine(({ kind, extend_to }) => (kind === "extend") === (extend_to !== null), {
      path: ["extend_to"],
      ...broken("only_with_extend", "extend needs extend_to, and only extend takes it"),
    }),
);
const relockBody = ofSome(z.strictObject({ reason: z.string().trim().min(3).max(500), ...meant }));
const pauseBody = ofSome(z.strictObject({ ...pauseFields, ...meant }));
const resumeBody = ofSome(z.strictObject(meant));
const answer = {
  200: {
    description: "What became of each learner. Sent again, it changes nothing.",
    content: json(
      z
        .object({
          results: z.array(
            z.object({
              user_id: z.string(),
              outcome: z.enum(["done", "refused"]),
              code: z.string().nullable().openapi({ description: "Why it was refused, as for a single learner." }),
            }),
          ),
          done: z.int(),
        })
        .openapi("OverridesAnswer"),
    ),
  },
};
const overridesRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: MANAGE_RULE,
    rate: "write",
    maxBody: 200_000,
    refuses: ["item_not_found", "people_limit"],
  },
  {
    method: "post",
    path: "/courses/{course}/overrides/batch",
    operationId: "setOverrides",
    tags: TAGS,
    summary: "Unlock, lock, excuse or extend one item for a cohort or for some learners",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: { required: true, content: json(body.openapi("OverridesRequest")) },
    },
    responses: answer,
  },
);
const relockRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write", maxBody: 200_000, refuses: ["people_limit"] },
  {
    method: "post",
    path: "/courses/{course}/relock/batch",
    operationId: "relockLearners",
    tags: TAGS,
    summary:
      "For a cohort or some learners, lock items again that are kept open although the rules do not open them now",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: { required: true, content: json(relockBody.openapi("RelockRequest")) },
    },
    responses: answer,
  },
);

const pauseRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write", maxBody: 200_000, refuses: ["people_limit"] },
  {
    method: "post",
    path: "/courses/{course}/pause/batch",
    operationId: "pauseLearners",
    tags: TAGS,
    summary: "Pause the course for a cohort or for some learners",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: { required: true, content: json(pauseBody.openapi("PausesRequest")) },
    },
    responses: answer,
  },
);
const resumeRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write", maxBody: 200_000, refuses: ["people_limit"] },
  {
    method: "post",
    path: "/courses/{course}/resume/batch",
    operationId: "resumeLearners",
    tags: TAGS,
    summary: "End the pauses of a cohort or of some learners",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: { required: true, content: json(resumeBody.openapi("ResumeRequest")) },
    },
    responses: answer,
  },
);

/** What staff decide about many learners at once. */
export function overrideBatchRoutes() {
  return newRouter()
    .openapi(overridesRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "decide");
      if (!course.ok) return respond(c, course.refusal);
      const { slug, pointer } = course.value;
      const { item, kind, reason, cohort, user_ids, ...asked } = c.req.valid("json");
      if (courseOfItem(item) !== slug) return respond(c, refuse("item_not_found").refusal);
      const expires_at = asked.expires_at === null ? null : Date.parse(asked.expires_at);
      const extend_to = asked.extend_to === null ? null : Date.parse(asked.extend_to);
      if (expires_at !== null && expires_at <= Date.now()) {
        const message = "The override would expire before it begins.";
        return respond(c, { code: "invalid_input", errors: [{ path: "expires_at", rule: "in_past", message }] });
      }
      const override = { item, kind, reason, expires_at, extend_to };
      const actor = { ...actorOf(c), request_id: c.get("requestId") };
      const done = await decide(c, slug, { cohort, user_ids }, (user) =>
        callEnrollment(c.env, enrollmentId(slug, user), (stub) =>
          stub.override({ actor, pointer, idempotency: null, item, override }),
        ),
      );
      return done.ok ? c.json(done.value, 200) : respond(c, done.refusal);
    })
    .openapi(relockRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "decide");
      if (!course.ok) return respond(c, course.refusal);
      const { slug, pointer } = course.value;
      const { reason, ...who } = c.req.valid("json");
      const actor = { ...actorOf(c), request_id: c.get("requestId") };
      const done = await decide(c, slug, who, (user) =>
        callEnrollment(c.env, enrollmentId(slug, user), (stub) =>
          stub.relock({ actor, pointer, idempotency: null, reason }),
        ),
      );
      return done.ok ? c.json(done.value, 200) : respond(c, done.refusal);
    })
    .openapi(pauseRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "decide");
      if (!course.ok) return respond(c, course.refusal);
      const { cohort, user_ids, ...asked } = c.req.valid("json");
      const pause = pauseAsked(asked, Date.now());
      if (!pause.ok) return respond(c, pause.refusal);
      const done = await decidePause(c, course.value, { cohort, user_ids }, pause.value);
      return done.ok ? c.json(done.value, 200) : respond(c, done.refusal);
    })
    .openapi(resumeRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "decide");
      if (!course.ok) return respond(c, course.refusal);
      const done = await decidePause(c, course.value, c.req.valid("json"), null);
      return done.ok ? c.json(done.value, 200) : respond(c, done.refusal);
    });
}

function decidePause(
  c: AppContext,
  { slug, pointer }: CourseEntry,
  who: Meant,
  pause: { until: number | null; reason: string } | null,
) {
  const actor = { ...actorOf(c), request_id: c.get("requestId") };
  return decide(c, slug, who, (user) =>
    callEnrollment(c.env, enrollmentId(slug, user), (stub) => stub.pause({ actor, pointer, idempotency: null, pause })),
  );
}

/** Decides the same about many, each by itself. */
async function decide(
  c: AppContext,
  slug: string,
  { cohort, user_ids }: Meant,
  one: (user: string) => Promise<Result<unknown>>,
) {
  const users =
    user_ids === undefined
      ? await cohortNow(databasesOf(c), slug, cohort ?? "", MAX_LEARNERS + 1)
      : [...new Set(user_ids)];
  if (users.length > MAX_LEARNERS) {
    const detail = `The cohort has more than ${MAX_LEARNERS} learners, which one call takes: name them by user_ids.`;
    return refuse("people_limit", { detail });
  }
  const codes = new Map<string, string | null>();
  await inParallel(users, PARALLEL, async (user) => {
    const set = await one(user);
    codes.set(user, set.ok ? null : set.refusal.code);
  });
  const changed = users.filter((user) => codes.get(user) === null).map((user) => enrollmentId(slug, user));
  // It may take access away: D1 has it before the answer, as with a single one.
  if (changed.length > 0) await projectEnrollments(c.env, changed);
  const results = users.map((user_id) => {
    const code = codes.get(user_id) ?? null;
    return { user_id, outcome: code === null ? ("done" as const) : ("refused" as const), code };
  });
  return ok({ results, done: changed.length });
}
