import { z } from "@hono/zod-openapi";
import { fetchCourse, isStaff, loadProgram, may } from "../courses/index.ts";
import { enrollAnswerSchema, writeAnswerSchema } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf, databasesOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import {
  courseSlugSchema,
  enrollmentId,
  enrollmentIdSchema,
  parseEnrollmentId,
  userIdSchema,
} from "../platform/ids.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { OVERRIDE_KINDS, profileSchema } from "../unlock/index.ts";
import { isConcealed } from "./concealed.ts";
import { enroll, listEnrollments, withdraw } from "./registry.ts";
import { cohortsSchema, enrolledAtSchema, givenEnrolledAt } from "./routes-policy.ts";
import { courseForWrite, STAFF, STAFF_RULE, staffCourse } from "./staff.ts";
import { callEnrollment } from "./stub.ts";
import { settled } from "./write-parts.ts";

const TAGS = ["enrollment"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const courseParam = z.object({ course: courseSlugSchema });
const enrollRoute = defineRoute(
  {
    roles: ROLES,
    scope: "enroll",
    rule: "Learners enroll themselves if the course allows it. Staff enroll others, set cohorts and the day of enrollment.",
    rate: "write",
    refuses: ["course_unpublished", "user_not_found", "not_enrolled", "shards_full"],
  },
  {
    method: "post",
    path: "/courses/{course}/enrollments",
    operationId: "enroll",
    tags: TAGS,
    summary: "Enroll a learner, or change the named fields of an enrollment; other fields stay",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: false,
        content: json(
          z
            .strictObject({
              user_id: userIdSchema.optional(),
              cohorts: cohortsSchema.optional(),
              practice_mode: z.boolean().optional(),
              profile: profileSchema.optional(),
              enrolled_at: enrolledAtSchema.optional(),
            })
            .openapi("EnrollRequest"),
        ),
      },
    },
    responses: {
      200: {
        description: "The learner was enrolled already, or has returned; `updated` says whether anything changed.",
        content: json(enrollAnswerSchema),
      },
      201: {
        description: "Enrolled; `unlocked` lists the items that are open from the start.",
        content: json(enrollAnswerSchema),
      },
    },
  },
);
const withdrawRoute = defineRoute(
  {
    roles: ROLES,
    scope: "enroll",
    rule: "Own enrollment; staff withdraw others.",
    rate: "write",
    refuses: ["not_enrolled"],
  },
  {
    method: "delete",
    path: "/courses/{course}/enrollments",
    operationId: "withdraw",
    tags: TAGS,
    summary: "Withdraw; the progress is kept for 30 days",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: courseParam, query: z.object({ user_id: userIdSchema.optional() }) },
    responses: { 200: { description: "Withdrawn.", content: json(writeAnswerSchema) } },
  },
);
const enrollmentRow = z
  .object({
    id: z.string(),
    user_id: z.string(),
    enrolled_at: z.string(),
    last_active_at: z.string(),
    open_count: z.int(),
    completed_count: z.int(),
    item_count: z.int(),
    is_stale: z.boolean(),
    version: z.int(),
    course_version: z.int(),
  })
  .openapi("EnrollmentRow");
const listRoute = defineRoute(
  { roles: STAFF, scope: "read", rule: STAFF_RULE },
  {
    method: "get",
    path: "/courses/{course}/enrollments",
    operationId: "listEnrollments",
    tags: TAGS,
    summary: "List active enrollments, from the mirror in D1",
    request: { params: courseParam, query: z.object(pageQuery) },
    responses: { 200: { description: "A page of enrollments.", content: json(pageSchema(enrollmentRow)) } },
  },
);
const inspectRoute = defineRoute(
  { roles: STAFF, scope: "read", rule: STAFF_RULE, refuses: ["course_not_found"] },
  {
    method: "get",
    path: "/enrollments/{enrollment}",
    operationId: "getEnrollment",
    tags: TAGS,
    summary: "Policy, pause, overrides and outbox of one enrollment",
    request: { params: z.object({ enrollment: enrollmentIdSchema }) },
    responses: {
      200: {
        description: "The enrollment.",
        content: json(
          z
            .object({
              id: z.string(),
              cohorts: z.array(z.string()),
              practice_mode: z.boolean(),
              profile: z.record(z.string(), z.string()),
              courses: z.record(z.string(), z.string()).openapi({
                description:
                  "Other courses that the learner has completed, and since when, as far as rules ask for them.",
              }),
              pause: z
                .union([z.object({ since: z.string(), until: z.string().nullable(), reason: z.string() }), z.null()])
                .openapi({ description: "The pause in force; `until` is null where it lasts until it is ended." }),
              overrides: z.array(
                z.object({
                  item: z.string(),
                  kind: z.enum(OVERRIDE_KINDS),
                  reason: z.string(),
                  actor: z.string(),
                  created_at: z.string(),
                  expires_at: z.string().nullable(),
                  extend_to: z.string().nullable(),
                }),
              ),
              version: z.int(),
              progress_seq: z.int(),
              policy_seq: z.int(),
              course_version: z.int(),
              open_count: z.int(),
              completed_count: z.int(),
              item_count: z.int(),
              held: z.array(z.object({ item: z.string(), held_at: z.string() })).openapi({
                description: "Items with a score that is not released, and since when. The learner does not see this.",
              }),
              outbox: z.object({ rows: z.int(), oldest_ms: z.int() }),
            })
            .openapi("EnrollmentDetail"),
        ),
      },
    },
  },
);
/** Who is enrolled: enroll, withdraw, list, look at one. */
export function enrollmentsRoutes() {
  return newRouter()
    .openapi(enrollRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const actor = actorOf(c);
      const body = c.req.valid("json") ?? {};
      const { user_id = actor.id, cohorts = null, practice_mode = null, profile = null } = body;
      const { enrolled_at: given = null } = body;
      const enrolled_at = givenEnrolledAt(given, Date.now(), "enrolled_at");
      if (typeof enrolled_at === "object" && enrolled_at !== null) {
        return respond(c, refuse("invalid_input", { errors: [enrolled_at] }).refusal);
      }
      const db = databaseOf(c);
      const course = await fetchCourse(db, slug);
      if (course === null) return respond(c, refuse("course_not_found").refusal);
      if (course.pointer === null) {
        return respond(c, refuse(isStaff(actor, course) ? "course_unpublished" : "course_not_found").refusal);
      }
      if (!may(actor, "decide", course)) {
        const isNamed = [cohorts, practice_mode, profile, enrolled_at].some((one) => one !== null);
        if (await isConcealed(c, course)) return respond(c, refuse("course_not_found").refusal);
        const asksForMore = user_id !== actor.id || isNamed;
        if (asksForMore) {
          const detail = "Only staff enroll others, set cohorts or the day of enrollment.";
          return respond(c, refuse("forbidden", { detail }).refusal);
        }
        const program = await loadProgram(db, slug, course.pointer.version);
        if (program?.outline.options.open_enrollment === false) {
          return respond(c, refuse("forbidden", { detail: "This course is not open for self-enrollment." }).refusal);
        }
      }
      const result = await enroll(
        c.env,
        c.get("queries"),
        { slug, pointer: course.pointer, organization: course.organization },
        { user: user_id, cohorts, practice_mode, profile, enrolled_at },
        { ...actor, request_id: c.get("requestId") },
      );
      if (!result.ok) return respond(c, result.refusal);
      const { value } = result;
      return c.json(settled(c, value.enrollment_id, value), value.created ? 201 : 200);
    })
    .openapi(withdrawRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const actor = actorOf(c);
      const user = c.req.valid("query").user_id ?? actor.id;
      if (user !== actor.id) {
        const course = await courseForWrite(c, slug, "decide");
        if (!course.ok) return respond(c, course.refusal);
      }
      const id = enrollmentId(slug, user);
      const result = await withdraw(c.env, id, { ...actor, request_id: c.get("requestId") }, "hand");
      return result.ok ? c.json(settled(c, id, result.value), 200) : respond(c, result.refusal);
    })
    .openapi(listRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const course = await staffCourse(c, slug);
      if (!course.ok) return respond(c, course.refusal);
      const found = await paginate(
        acceptedSecrets(c.env),
        `enrollments ${slug}`,
        c.req.valid("query"),
        (after, take) => listEnrollments(databasesOf(c), slug, course.value.pointer, after ?? "", take),
        (row) => row.user_id,
      );
      if (!found.ok) return respond(c, found.refusal);
      const results = found.value.page.map((row) => ({
        ...row,
        enrolled_at: toInstant(row.enrolled_at),
        last_active_at: toInstant(row.last_active_at),
        is_stale: row.is_stale === 1,
      }));
      return c.json({ results, next_cursor: found.value.next }, 200);
    })
    .openapi(inspectRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const managed = await staffCourse(c, parseEnrollmentId(enrollment).course);
      if (!managed.ok) return respond(c, managed.refusal);
      const result = await callEnrollment(c.env, enrollment, (stub) => stub.inspect());
      if (!result.ok) return respond(c, result.refusal);
      const { mirror, overrides, held, courses, pause, ...rest } = result.value;
      const { version, progress_seq, policy_seq, course_version, open_count, completed_count, item_count } = mirror;
      return c.json(
        {
          id: enrollment,
          ...rest,
          courses: Object.fromEntries(Object.entries(courses).map(([course, at]) => [course, toInstant(at)])),
          pause:
            pause === null
              ? null
              : { since: toInstant(pause.since), until: toInstantOrNull(pause.until), reason: pause.reason },
          held: held.map(({ item, held_at }) => ({ item, held_at: toInstant(held_at) })),
          overrides: overrides.map((override) => ({
            ...override,
            created_at: toInstant(override.created_at),
            expires_at: toInstantOrNull(override.expires_at),
            extend_to: toInstantOrNull(override.extend_to),
          })),
          version,
          progress_seq,
          policy_seq,
          course_version,
          open_count,
          completed_count,
          item_count,
        },
        200,
      );
    });
}
