import { z } from "@hono/zod-openapi";
import { callEnrollment, type EnrollmentStub } from "../bindings.ts";
import {
  type CourseEntry,
  type CoursePointer,
  fetchCourse,
  findCourse,
  isStaff,
  loadProgram,
  mayManage,
} from "../courses/index.ts";
import { idempotent } from "../ops/idempotency.ts";
import { type AppContext, actorOf, defineRoute, idempotencyHeader, newRouter, ROLES, respond } from "../shared/http.ts";
import {
  courseOfItem,
  courseSlugSchema,
  enrollmentId,
  enrollmentIdSchema,
  itemIdSchema,
  parseEnrollmentId,
  userIdSchema,
} from "../shared/ids.ts";
import { instantSchema, toInstant, toInstantOrNull } from "../shared/instants.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../shared/pagination.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { cohortNameSchema, OVERRIDE_KINDS } from "../unlock/index.ts";
import type { Idempotency, WriteAnswer } from "./contract.ts";
import { projectEnrollments } from "./projection.ts";
import { enroll, listEnrollments, markCourseStale, withdraw } from "./registry.ts";
import { idempotencyOf, pointerForWrite, settled, writeAnswerView } from "./routes-writes.ts";

const TAGS = ["enrollment"];
/** Cohorts one learner may be in. */
const MAX_COHORTS = 20;
const STAFF = ["author", "service", "admin"] as const;
const STAFF_RULE = "Authors: own courses only.";
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const courseParam = z.object({ course: courseSlugSchema });
const enrollmentParam = z.object({ enrollment: enrollmentIdSchema });
const cohorts = z.array(cohortNameSchema).max(MAX_COHORTS);
const reason = z.string().trim().min(3).max(500);
const done = { 200: { description: "Done, with the exact delta.", content: json(writeAnswerView) } };

const enrollRoute = defineRoute(
  {
    roles: ROLES,
    rule: "Learners enroll themselves where the course allows it; staff enroll others and set cohorts.",
    rate: "write",
  },
  {
    method: "post",
    path: "/courses/{course}/enrollments",
    tags: TAGS,
    summary: "Enroll",
    middleware: [idempotent()],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: false,
        content: json(
          z
            .strictObject({
              user_id: userIdSchema.optional(),
              cohorts: cohorts.default([]),
              practice_mode: z.boolean().default(false),
            })
            .openapi("EnrollRequest"),
        ),
      },
    },
    responses: {
      200: { description: "Was enrolled already.", content: json(writeAnswerView) },
      201: { description: "Enrolled; `unlocked` is what is open from the start.", content: json(writeAnswerView) },
    },
  },
);
const withdrawRoute = defineRoute(
  { roles: ROLES, rule: "Own enrollment; staff withdraw others.", rate: "write" },
  {
    method: "delete",
    path: "/courses/{course}/enrollments",
    tags: TAGS,
    summary: "Withdraw; the progress is kept for 30 days",
    middleware: [idempotent()],
    request: { headers: idempotencyHeader, params: courseParam, query: z.object({ user_id: userIdSchema.optional() }) },
    responses: { 200: { description: "Withdrawn.", content: json(writeAnswerView) } },
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
  { roles: STAFF, rule: STAFF_RULE },
  {
    method: "get",
    path: "/courses/{course}/enrollments",
    tags: TAGS,
    summary: "List active enrollments, as D1 mirrors them",
    request: { params: courseParam, query: z.object(pageQuery) },
    responses: { 200: { description: "A page of enrollments.", content: json(pageSchema(enrollmentRow)) } },
  },
);
const inspectRoute = defineRoute(
  { roles: STAFF, rule: STAFF_RULE },
  {
    method: "get",
    path: "/enrollments/{enrollment}",
    tags: TAGS,
    summary: "Policy, overrides and outbox of one enrollment",
    request: { params: enrollmentParam },
    responses: {
      200: {
        description: "The enrollment.",
        content: json(
          z
            .object({
              id: z.string(),
              cohorts: z.array(z.string()),
              practice_mode: z.boolean(),
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
              outbox: z.object({ rows: z.int(), oldest_ms: z.int() }),
            })
            .openapi("EnrollmentDetail"),
        ),
      },
    },
  },
);
const policyRoute = defineRoute(
  { roles: STAFF, rule: STAFF_RULE, rate: "write" },
  {
    method: "patch",
    path: "/enrollments/{enrollment}",
    tags: TAGS,
    summary: "Change cohorts or practice mode",
    request: {
      headers: idempotencyHeader,
      params: enrollmentParam,
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              cohorts: cohorts.nullable().default(null),
              practice_mode: z.boolean().nullable().default(null),
            })
            .openapi("PolicyChange"),
        ),
      },
    },
    responses: done,
  },
);
const overrideParams = z.object({ enrollment: enrollmentIdSchema, item: itemIdSchema });
const setOverrideRoute = defineRoute(
  { roles: STAFF, rule: STAFF_RULE, rate: "write" },
  {
    method: "put",
    path: "/enrollments/{enrollment}/overrides/{item}",
    tags: TAGS,
    summary: "Unlock, lock, excuse or extend one item for one learner",
    request: {
      headers: idempotencyHeader,
      params: overrideParams,
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              kind: z.enum(OVERRIDE_KINDS),
              reason,
              expires_at: instantSchema.nullable().default(null),
              extend_to: instantSchema.nullable().default(null),
            })
            .refine((body) => (body.kind === "extend") === (body.extend_to !== null), {
              path: ["extend_to"],
              message: "extend needs extend_to, and only extend takes it",
            })
            .openapi("OverrideRequest"),
        ),
      },
    },
    responses: done,
  },
);
const removeOverrideRoute = defineRoute(
  { roles: STAFF, rule: STAFF_RULE, rate: "write" },
  {
    method: "delete",
    path: "/enrollments/{enrollment}/overrides/{item}",
    tags: TAGS,
    summary: "Remove the override of one item",
    request: { headers: idempotencyHeader, params: overrideParams },
    responses: done,
  },
);
const revokeRoute = defineRoute(
  { roles: ["author", "admin"], rule: STAFF_RULE, rate: "write" },
  {
    method: "post",
    path: "/enrollments/{enrollment}/revocations",
    tags: TAGS,
    summary: "Take back everything the learner did with one item",
    request: {
      headers: idempotencyHeader,
      params: enrollmentParam,
      body: { required: true, content: json(z.strictObject({ item: itemIdSchema, reason }).openapi("Revocation")) },
    },
    responses: done,
  },
);
const rebuildRoute = defineRoute(
  { roles: ["admin"], rule: "Admins." },
  {
    method: "post",
    path: "/enrollments/{enrollment}/rebuild",
    tags: TAGS,
    summary: "Merge what D1 knows into the object; restores one that lost its storage",
    request: { params: enrollmentParam },
    responses: done,
  },
);
const markStaleRoute = defineRoute(
  { roles: ["admin"], rule: "Admins." },
  {
    method: "post",
    path: "/enrollments/{enrollment}/stale",
    tags: TAGS,
    summary: "Doubt a snapshot: the next read recomputes it",
    request: { params: enrollmentParam },
    responses: { 200: { description: "Marked.", content: json(z.object({ stale: z.boolean() })) } },
  },
);
const markCourseStaleRoute = defineRoute(
  { roles: ["admin"], rule: "Admins." },
  {
    method: "post",
    path: "/courses/{course}/stale",
    tags: TAGS,
    summary: "Doubt every snapshot of a course: the sweeps recompute them",
    request: { params: courseParam },
    responses: { 202: { description: "Marked.", content: json(z.object({ course: z.string() })) } },
  },
);

export function staffRoutes() {
  return newRouter()
    .openapi(enrollRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const actor = actorOf(c);
      const body = c.req.valid("json") ?? {};
      const { user_id = actor.id, cohorts: inCohorts = [], practice_mode = false } = body;
      const db = c.get("db");
      const course = await fetchCourse(db, slug);
      if (course === null) return respond(c, refuse("course_not_found").refusal);
      if (course.pointer === null) return respond(c, refuse("course_unpublished").refusal);
      if (!isStaff(actor, course)) {
        const asksForMore = user_id !== actor.id || inCohorts.length > 0 || practice_mode;
        if (asksForMore)
          return respond(c, refuse("forbidden", { detail: "Only staff enroll others or set cohorts." }).refusal);
        const program = await loadProgram(db, slug, course.pointer.version);
        if (program?.outline.options.open_enrollment === false) {
          return respond(c, refuse("forbidden", { detail: "This course is not open for self-enrollment." }).refusal);
        }
      }
      const result = await enroll(
        c.env,
        db,
        { slug, pointer: course.pointer },
        { user: user_id, cohorts: inCohorts, practice_mode },
        actor,
      );
      if (!result.ok) return respond(c, result.refusal);
      const { created, ...answer } = result.value;
      return c.json(settled(c, answer.enrollment_id, answer), created ? 201 : 200);
    })
    .openapi(withdrawRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const actor = actorOf(c);
      const user = c.req.valid("query").user_id ?? actor.id;
      if (user !== actor.id) {
        const course = await findCourse(c.get("db"), slug);
        if (course === null) return respond(c, refuse("course_not_found").refusal);
        if (!isStaff(actor, course)) return respond(c, refuse("forbidden").refusal);
      }
      const id = enrollmentId(slug, user);
      const result = await withdraw(c.env, c.get("db"), id, actor);
      return result.ok ? c.json(settled(c, id, result.value), 200) : respond(c, result.refusal);
    })
    .openapi(listRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const { limit, cursor } = c.req.valid("query");
      const managed = await staffCourse(c, slug);
      if (!managed.ok) return respond(c, managed.refusal);
      const scope = `enrollments ${slug}`;
      const after = cursor === undefined ? ok("") : await decodeCursor(c.env.AUTH_SECRET, scope, cursor);
      if (!after.ok) return respond(c, after.refusal);
      const rows = await listEnrollments(c.get("db"), slug, after.value, limit + 1);
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const next =
        rows.length > limit && last !== undefined ? await encodeCursor(c.env.AUTH_SECRET, scope, last.user_id) : null;
      const results = page.map((row) => ({
        ...row,
        enrolled_at: toInstant(row.enrolled_at),
        last_active_at: toInstant(row.last_active_at),
        is_stale: row.is_stale === 1,
      }));
      return c.json({ results, next_cursor: next }, 200);
    })
    .openapi(inspectRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const managed = await staffCourse(c, parseEnrollmentId(enrollment).course);
      if (!managed.ok) return respond(c, managed.refusal);
      const result = await callEnrollment(c.env, enrollment, (stub) => stub.inspect());
      if (!result.ok) return respond(c, result.refusal);
      const { mirror, overrides, ...rest } = result.value;
      const { version, progress_seq, policy_seq, course_version, open_count, completed_count, item_count } = mirror;
      return c.json(
        {
          id: enrollment,
          ...rest,
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
    })
    .openapi(policyRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      return staffWrite(c, enrollment, async (stub, request) =>
        stub.changePolicy({ ...request, ...c.req.valid("json") }),
      );
    })
    .openapi(setOverrideRoute, async (c) => {
      const { enrollment, item } = c.req.valid("param");
      const { kind, reason: why, expires_at, extend_to } = c.req.valid("json");
      const override = {
        item,
        kind,
        reason: why,
        expires_at: expires_at === null ? null : Date.parse(expires_at),
        extend_to: extend_to === null ? null : Date.parse(extend_to),
      };
      if (override.expires_at !== null && override.expires_at <= Date.now()) {
        const message = "The override would have expired already.";
        return respond(c, { code: "invalid_input", errors: [{ path: "expires_at", rule: "in_past", message }] });
      }
      if (courseOfItem(item) !== parseEnrollmentId(enrollment).course)
        return respond(c, refuse("item_not_found").refusal);
      return staffWrite(c, enrollment, async (stub, request) => stub.override({ ...request, item, override }));
    })
    .openapi(removeOverrideRoute, async (c) => {
      const { enrollment, item } = c.req.valid("param");
      return staffWrite(c, enrollment, async (stub, request) => stub.override({ ...request, item, override: null }));
    })
    .openapi(revokeRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      return staffWrite(c, enrollment, async (stub, request) => stub.revoke({ ...request, ...c.req.valid("json") }));
    })
    .openapi(rebuildRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      return staffWrite(c, enrollment, async (stub) => stub.rebuild());
    })
    .openapi(markStaleRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const result = await callEnrollment(c.env, enrollment, (stub) => stub.markStale("doubted by an admin"));
      return result.ok ? c.json(result.value, 200) : respond(c, result.refusal);
    })
    .openapi(markCourseStaleRoute, async (c) => {
      const { course } = c.req.valid("param");
      if ((await fetchCourse(c.get("db"), course)) === null) return respond(c, refuse("course_not_found").refusal);
      await markCourseStale(c.get("db"), course, Date.now(), "doubt");
      return c.json({ course }, 202);
    });
}

/** The course if the caller is staff of it. */
async function staffCourse(c: AppContext, slug: string): Promise<Result<CourseEntry>> {
  c.get("facts").course_id = slug;
  const course = await findCourse(c.get("db"), slug);
  if (course === null) return refuse("course_not_found");
  const actor = actorOf(c);
  return actor.role === "service" || mayManage(actor, course)
    ? ok(course)
    : refuse("forbidden", { detail: STAFF_RULE });
}

/**
 * A staff write on one enrollment. It may take access away, so it is projected to D1 before it is acknowledged (as far
 * as D1 answers): the fallback must not answer from before it.
 */
async function staffWrite(
  c: AppContext,
  enrollment: string,
  write: (
    stub: EnrollmentStub,
    request: {
      actor: { id: string; role: string };
      pointer: CoursePointer | null;
      idempotency: Idempotency | null;
    },
  ) => Promise<Result<WriteAnswer>>,
) {
  const { course } = parseEnrollmentId(enrollment);
  const staff = await staffCourse(c, course);
  if (!staff.ok) return respond(c, staff.refusal);
  const request = { actor: actorOf(c), pointer: pointerForWrite(c, course), idempotency: await idempotencyOf(c) };
  const result = await callEnrollment(c.env, enrollment, (stub) => write(stub, request));
  if (!result.ok) return respond(c, result.refusal);
  await projectEnrollments(c.env, [enrollment]);
  return c.json(settled(c, enrollment, result.value), 200);
}
