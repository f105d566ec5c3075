import { z } from "@hono/zod-openapi";
import { findCourse, isStaff } from "../courses/index.ts";
import { idempotent } from "../ops/idempotency.ts";
import {
  type AppContext,
  actorOf,
  databaseOf,
  defineRoute,
  idempotencyHeader,
  newRouter,
  respond,
} from "../shared/http.ts";
import {
  courseOfItem,
  courseSlugSchema,
  enrollmentIdSchema,
  itemIdSchema,
  parseEnrollmentId,
  userIdSchema,
} from "../shared/ids.ts";
import { instantSchema } from "../shared/instants.ts";
import { ok, type Result, refuse } from "../shared/results.ts";

export const TAGS = ["insight"];
export const STAFF_RULE = "Authors: own courses only.";
const STAFF = ["author", "service", "admin"] as const;
/** Learners told about in one call. */
const MAX_LEARNERS = 1_000;
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const courseParam = z.object({ course: courseSlugSchema });

const day = z.int().min(-3_660).max(3_660);
const scheduleSchema = z
  .strictObject({
    module: z.string().min(1).max(64).openapi({ description: "What is taught; runs of it are compared." }),
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
  { roles: STAFF, rule: STAFF_RULE, rate: "write" },
  {
    method: "put",
    path: "/courses/{course}/insight/schedule",
    tags: TAGS,
    summary: "Let a course take part in early warning: when it runs and what is due when",
    middleware: [idempotent()],
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
  { roles: STAFF, rule: STAFF_RULE, rate: "write", maxBody: 524_288 },
  {
    method: "post",
    path: "/courses/{course}/insight/learners",
    tags: TAGS,
    summary: "Tell registrations and outcomes: up to 1,000 learners; told again, the later words count",
    middleware: [idempotent()],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: { required: true, content: json(learnersSchema) },
    },
    responses: {
      200: {
        description: "How many were taken; others are not enrolled.",
        content: json(z.object({ taken: z.int(), not_enrolled: z.int() })),
      },
    },
  },
);

const exclusionRoute = defineRoute(
  { roles: STAFF, rule: STAFF_RULE, rate: "write" },
  {
    method: "put",
    path: "/enrollments/{enrollment}/insight/exclusion",
    tags: TAGS,
    summary: "Exclude a learner from early warning, or include them again",
    middleware: [idempotent()],
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
        description: "Excluded learners have no predictions, and no model learns from them from the next run on.",
        content: json(z.object({ enrollment_id: z.string(), excluded: z.boolean() })),
      },
    },
  },
);

const TELL = `
  INSERT INTO insight_learners (enrollment_id, course_slug, user_id, registered, withdrawn, attempts, credits, passed)
  SELECT e.id, e.course_slug, e.user_id, value ->> 'registered', value ->> 'withdrawn', value ->> 'attempts',
    CAST(value ->> 'credits' AS REAL), value ->> 'passed'
  FROM json_each(?1) CROSS JOIN enrollments e ON e.id = ?2 || ':' || (value ->> 'user_id')
  WHERE true
  ON CONFLICT (enrollment_id) DO UPDATE SET registered = excluded.registered, withdrawn = excluded.withdrawn,
    attempts = excluded.attempts, credits = excluded.credits, passed = excluded.passed`;

const TOUCH = "UPDATE insight_courses SET updated_at = ?2 WHERE course_slug = ?1";

/** What early warning is told and cannot see by itself, to be mounted at /api/v1. */
export function dataRoutes() {
  return newRouter()
    .openapi(scheduleRoute, async (c) => {
      const { course } = c.req.valid("param");
      const staff = await staffOf(c, course);
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
      await c.env.DB.prepare(
        `INSERT INTO insight_courses (course_slug, module, period, starts_at, length_days, assessments, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (course_slug) DO UPDATE SET module = excluded.module, period = excluded.period,
           starts_at = excluded.starts_at, length_days = excluded.length_days, assessments = excluded.assessments,
           updated_at = excluded.updated_at`,
      )
        .bind(course, module, period, Date.parse(starts_at), length_days, JSON.stringify(stored), Date.now())
        .run();
      return c.json({ course, assessments: stored.length }, 200);
    })
    .openapi(learnersRoute, async (c) => {
      const { course } = c.req.valid("param");
      const staff = await staffOf(c, course);
      if (!staff.ok) return respond(c, staff.refusal);
      const { learners } = c.req.valid("json");
      const rows = learners.map((learner) => ({
        ...learner,
        passed: learner.passed === null ? null : Number(learner.passed),
      }));
      const [told] = await c.env.DB.batch([
        c.env.DB.prepare(TELL).bind(JSON.stringify(rows), course),
        c.env.DB.prepare(TOUCH).bind(course, Date.now()),
      ]);
      const taken = told?.meta.changes ?? 0;
      return c.json({ taken, not_enrolled: learners.length - taken }, 200);
    })
    .openapi(exclusionRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const staff = await staffOf(c, parseEnrollmentId(enrollment).course);
      if (!staff.ok) return respond(c, staff.refusal);
      const { excluded } = c.req.valid("json");
      if (!(await exclude(c.env.DB, enrollment, excluded))) return respond(c, refuse("not_enrolled").refusal);
      return c.json({ enrollment_id: enrollment, excluded }, 200);
    });
}

/** @returns false when there is no such enrollment. Predictions made before go at once. */
async function exclude(db: D1Database, enrollment: string, excluded: boolean): Promise<boolean> {
  const [written] = await db.batch([
    db
      .prepare(
        `INSERT INTO insight_learners (enrollment_id, course_slug, user_id, registered, attempts, credits, excluded)
         SELECT e.id, e.course_slug, e.user_id,
           CAST(floor((e.enrolled_at - coalesce(c.starts_at, e.enrolled_at)) / 86400000.0) AS INTEGER), 0, 0.0, ?2
         FROM enrollments e LEFT JOIN insight_courses c ON c.course_slug = e.course_slug WHERE e.id = ?1
         ON CONFLICT (enrollment_id) DO UPDATE SET excluded = excluded.excluded`,
      )
      .bind(enrollment, Number(excluded)),
    db
      .prepare("DELETE FROM insight_predictions WHERE enrollment_id = ?1 AND ?2 = 1")
      .bind(enrollment, Number(excluded)),
  ]);
  return (written?.meta.changes ?? 0) > 0;
}

/** The course, if the caller is staff of it. That an unpublished course exists is its author's secret. */
export async function staffOf(c: AppContext, slug: string): Promise<Result<null>> {
  c.get("facts").course_id = slug;
  const course = await findCourse(() => databaseOf(c), slug);
  if (course === null) return refuse("course_not_found");
  if (isStaff(actorOf(c), course)) return ok(null);
  return course.pointer === null ? refuse("course_not_found") : refuse("forbidden", { detail: STAFF_RULE });
}
