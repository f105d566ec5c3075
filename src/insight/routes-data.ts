import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, nudgeAudit, type OwnEntry } from "../audit/index.ts";
import { findCourse, findCourseForWrite, isSecret, may } from "../courses/index.ts";
import { directory, forCourse } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import {
  courseOfItem,
  courseSlugSchema,
  enrollmentId,
  enrollmentIdSchema,
  itemIdSchema,
  parseEnrollmentId,
  userIdSchema,
} from "../platform/ids.ts";
import { instantSchema } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import {
  dropPredictions,
  ENROLLED,
  excludeLearner,
  noteOfPerson,
  STORE_LEARNERS,
  saveSchedule,
  touchCourse,
} from "./statements.ts";

export const TAGS = ["insight"];
export const STAFF_RULE = "Staff of the course: its owner, co-authors and graders; services and admins.";
const DECIDE_RULE = "The owner of the course and its co-authors; services and admins.";
/** The limit of learners in one call. */
const MAX_LEARNERS = 1_000;
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const courseParam = z.object({ course: courseSlugSchema });

const day = z.int().min(-3_660).max(3_660);
const scheduleSchema = z
  .strictObject({
    module: z.string().min(1).max(64).openapi({ description: "The subject. Terms of the same subject are compared." }),
    period: z
      .string()
      .min(1)
      .max(32)
      .openapi({ description: "The term; later ones sort behind earlier ones.", example: "2013J" }),
    starts_at: instantSchema,
    length_days: z.int().min(1).max(3_660),
    assessments: z
      .array(
        z.strictObject({
          item: itemIdSchema,
          due: day.nullable().openapi({ description: "Day of the course; null where there is none." }),
          weight: z.number().min(0).max(1_000),
          is_exam: z.boolean().default(false),
        }),
      )
      .max(1_000),
  })
  .openapi("InsightSchedule");

const learnerSchema = z.strictObject({
  user_id: userIdSchema,
  registered: day.nullable().default(null),
  withdrawn: day.nullable().default(null),
  attempts: z.int().min(0).max(1_000).default(0),
  credits: z.number().min(0).max(10_000).default(0),
  passed: z.boolean().nullable().default(null).openapi({ description: "Null while the outcome is unknown." }),
});
const learnersSchema = z
  .strictObject({ learners: z.array(learnerSchema).min(1).max(MAX_LEARNERS) })
  .openapi("InsightLearners");

const scheduleRoute = defineRoute(
  { roles: ROLES, scope: "insight", rule: DECIDE_RULE, rate: "write" },
  {
    method: "put",
    path: "/courses/{course}/insight/schedule",
    operationId: "setInsightSchedule",
    tags: TAGS,
    summary: "Let a course take part in early warning: when it runs and what is due when",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: { required: true, content: json(scheduleSchema) },
    },
    responses: {
      200: { description: "Taken.", content: json(z.object({ course: z.string(), assessments: z.int() })) },
    },
  },
);

const learnersRoute = defineRoute(
  { roles: ROLES, scope: "insight", rule: DECIDE_RULE, rate: "write", maxBody: 524_288 },
  {
    method: "post",
    path: "/courses/{course}/insight/learners",
    operationId: "recordOutcomes",
    tags: TAGS,
    summary: "Store registrations and outcomes of up to 1,000 learners; the newest call counts",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: { required: true, content: json(learnersSchema) },
    },
    responses: {
      200: {
        description: "How many rows were stored; the other learners are not enrolled.",
        content: json(z.object({ taken: z.int(), not_enrolled: z.int() })),
      },
    },
  },
);

const exclusionRoute = defineRoute(
  { roles: ROLES, scope: "insight", rule: DECIDE_RULE, rate: "write", refuses: ["course_not_found"] },
  {
    method: "put",
    path: "/enrollments/{enrollment}/insight/exclusion",
    operationId: "setInsightExclusion",
    tags: TAGS,
    summary: "Exclude a learner from early warning, or include them again",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: z.object({ enrollment: enrollmentIdSchema }),
      body: {
        required: true,
        content: json(z.strictObject({ excluded: z.boolean() }).openapi("InsightExclusion")),
      },
    },
    responses: {
      200: {
        description: "Excluded learners have no predictions. From the next run on, no model is trained on their data.",
        content: json(z.object({ enrollment_id: z.string(), excluded: z.boolean() })),
      },
    },
  },
);

/** Those of these enrollments that exist in the course's shard. */
async function enrolledAmong(env: Env, course: string, ids: readonly string[]) {
  return ENROLLED.find<{ id: string; user_id: string; enrolled_at: number }>(await forCourse(env, course), ids);
}

/** Data that early warning cannot find by itself. Mounted at /api/v1. */
export function dataRoutes() {
  return newRouter()
    .openapi(scheduleRoute, async (c) => {
      const { course } = c.req.valid("param");
      const staff = await staffOf(c, course, "decide");
      if (!staff.ok) return respond(c, staff.refusal);
      const { module, period, starts_at, length_days, assessments } = c.req.valid("json");
      const foreign = assessments.findIndex(({ item }) => courseOfItem(item) !== course);
      if (foreign !== -1) {
        const errors = [
          { path: `assessments[${foreign}].item`, rule: "foreign_item", message: "an item of this course" },
        ];
        return respond(c, refuse("invalid_input", { errors }).refusal);
      }
      const stored = assessments
        .map(({ item, due, weight, is_exam }) => ({ item, due, weight, isExam: is_exam }))
        .sort((a, b) => (a.item < b.item ? -1 : 1));
      const change = saveSchedule(
        directory(c.env),
        course,
        module,
        period,
        Date.parse(starts_at),
        length_days,
        JSON.stringify(stored),
        Date.now(),
      );
      await directory(c.env).batch([change, auditEntry(c, "insight.scheduled", { course })]);
      nudgeAudit(c);
      return c.json({ course, assessments: stored.length }, 200);
    })
    .openapi(learnersRoute, async (c) => {
      const { course } = c.req.valid("param");
      const staff = await staffOf(c, course, "decide");
      if (!staff.ok) return respond(c, staff.refusal);
      const { learners } = c.req.valid("json");
      const found = await enrolledAmong(
        c.env,
        course,
        learners.map(({ user_id }) => enrollmentId(course, user_id)),
      );
      const enrolled = new Set(found.map(({ user_id }) => user_id));
      const rows = learners
        .filter(({ user_id }) => enrolled.has(user_id))
        .map((learner) => ({ ...learner, passed: learner.passed === null ? null : Number(learner.passed) }));
      const results = await directory(c.env).batch([
        ...STORE_LEARNERS.over(directory(c.env), rows, course),
        touchCourse(directory(c.env), course, Date.now()),
        auditEntry(c, "insight.learners_told", { course, details: { entries: learners.length } }),
      ]);
      nudgeAudit(c);
      // The last two are the course's own row and the entry of the audit chain.
      const taken = results.slice(0, -2).reduce((sum, { meta }) => sum + (meta.changes ?? 0), 0);
      return c.json({ taken, not_enrolled: learners.length - taken }, 200);
    })
    .openapi(exclusionRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const staff = await staffOf(c, parseEnrollmentId(enrollment).course, "decide");
      if (!staff.ok) return respond(c, staff.refusal);
      const { excluded } = c.req.valid("json");
      if (!(await exclude(c, enrollment, excluded))) return respond(c, refuse("not_enrolled").refusal);
      return c.json({ enrollment_id: enrollment, excluded }, 200);
    });
}

/** @returns false if there is no such enrollment. Earlier predictions are removed at once. */
async function exclude(c: AppContext, enrollment: string, excluded: boolean): Promise<boolean> {
  const db = directory(c.env);
  const { course } = parseEnrollmentId(enrollment);
  const [row] = await enrolledAmong(c.env, course, [enrollment]);
  if (row === undefined) return false;
  const [written] = await db.batch([
    excludeLearner(db, enrollment, Number(excluded), course, row.user_id, row.enrolled_at),
    dropPredictions(db, enrollment, Number(excluded)),
    auditEntry(c, "insight.exclusion_changed", { course, enrollment }),
  ]);
  nudgeAudit(c);
  return (written?.meta.changes ?? 0) > 0;
}

/** The statement that adds the audit entry of a change to the outbox; about an enrollment only if there is one. */
function auditEntry(
  c: AppContext,
  action: OwnEntry["action"],
  about: { course: string; enrollment?: string; details?: NonNullable<OwnEntry["details"]> },
): D1PreparedStatement {
  const { course, enrollment } = about;
  const target = enrollment === undefined ? { type: "course", id: course } : { type: "enrollment", id: enrollment };
  const entry = { action, actor: actorOf(c), target, request_id: c.get("requestId"), ...about };
  // For a learner who is being erased the batch does nothing, and then adds no audit entry either.
  const user = enrollment === undefined ? "" : parseEnrollmentId(enrollment).user;
  return enrollment === undefined
    ? addAuditEntryStatement(directory(c.env), entry, Date.now())
    : addAuditEntryStatement(directory(c.env), entry, Date.now(), noteOfPerson, user);
}

/**
 * Refuses whoever may not do this in the course. That a secret course exists is known to those who have rights in it.
 */
export async function staffOf(c: AppContext, slug: string, act: "decide" | "read" = "read"): Promise<Result<null>> {
  c.get("facts").course_id = slug;
  const course = await (act === "read" ? findCourse : findCourseForWrite)(() => databaseOf(c), slug);
  if (course === null) return refuse("course_not_found");
  if (may(actorOf(c), act, course)) return ok(null);
  const detail = act === "read" ? STAFF_RULE : DECIDE_RULE;
  const isHidden = isSecret(course) && !may(actorOf(c), "read", course);
  return isHidden ? refuse("course_not_found") : refuse("forbidden", { detail });
}
