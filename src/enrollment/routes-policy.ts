import { z } from "@hono/zod-openapi";
import { nudgeAudit, orderAudit, oweAudit } from "../audit/outbox.ts";
import { callEnrollment } from "../bindings.ts";
import { fetchCourse } from "../courses/index.ts";
import { logFault } from "../ops/logging.ts";
import { actorOf, databaseOf, defineRoute, idempotencyHeader, newRouter, respond } from "../shared/http.ts";
import { courseOfItem, courseSlugSchema, enrollmentIdSchema, itemIdSchema, parseEnrollmentId } from "../shared/ids.ts";
import { instantSchema } from "../shared/instants.ts";
import { refuse } from "../shared/results.ts";
import { cohortNameSchema, OVERRIDE_KINDS } from "../unlock/index.ts";
import { askForMarks, markCourseStale } from "./marks.ts";
import { writeAnswerView } from "./routes-writes.ts";
import { STAFF, STAFF_RULE, staffWrite } from "./staff.ts";

const TAGS = ["enrollment"];
/** Cohorts one learner may be in. */
const MAX_COHORTS = 20;
export const cohortsSchema = z.array(cohortNameSchema).max(MAX_COHORTS);
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const enrollmentParam = z.object({ enrollment: enrollmentIdSchema });
const courseParam = z.object({ course: courseSlugSchema });
const reason = z.string().trim().min(3).max(500);
const done = { 200: { description: "Done, with the exact delta.", content: json(writeAnswerView) } };
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
              cohorts: cohortsSchema.nullable().default(null),
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

/** What staff decide about one learner, and the repairs an admin can order. */
export function policyRoutes() {
  return newRouter()
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
      const { course } = parseEnrollmentId(enrollment);
      const target = { type: "enrollment", id: enrollment };
      const ordered = await orderAudit(c, { action: "enrollment.rebuilt", target, course, enrollment });
      if (!ordered.ok) return respond(c, ordered.refusal);
      return staffWrite(c, enrollment, async (stub) => stub.rebuild());
    })
    .openapi(markStaleRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const actor = { ...actorOf(c), request_id: c.get("requestId") };
      const result = await callEnrollment(c.env, enrollment, (stub) => stub.markStale("doubted by an admin", actor));
      return result.ok ? c.json(result.value, 200) : respond(c, result.refusal);
    })
    .openapi(markCourseStaleRoute, async (c) => {
      const { course } = c.req.valid("param");
      if ((await fetchCourse(databaseOf(c), course)) === null) return respond(c, refuse("course_not_found").refusal);
      const now = Date.now();
      const db = databaseOf(c);
      const target = { type: "course", id: course };
      const entry = {
        action: "course.doubted",
        actor: actorOf(c),
        target,
        course,
        request_id: c.get("requestId"),
      } as const;
      await db.batch([markCourseStale(db, course, now, "doubt"), oweAudit(db, entry, now)]);
      nudgeAudit(c);
      // Should the message be lost, the minute cron sends it again.
      c.executionCtx.waitUntil(
        askForMarks(c.env, course).catch((fault: unknown) => logFault("mark_not_sent", fault, { course_id: course })),
      );
      return c.json({ course }, 202);
    });
}
