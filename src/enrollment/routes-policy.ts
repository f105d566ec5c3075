import { z } from "@hono/zod-openapi";
import { addAuditEntry, nudgeAudit, orderAudit } from "../audit/index.ts";
import { fetchCourse } from "../courses/index.ts";
import { writeAnswerSchema } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { broken } from "../platform/http/field-errors.ts";
import { idempotencyHeader } from "../platform/http/idempotency.ts";
import {
  courseOfItem,
  courseSlugSchema,
  enrollmentIdSchema,
  itemIdSchema,
  parseEnrollmentId,
} from "../platform/ids.ts";
import { happenedSchema, instantSchema } from "../platform/instants.ts";
import { logFault } from "../platform/log.ts";
import { type FieldError, refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { askForMarks, markCourseStale } from "../staleness/index.ts";
import { cohortNameSchema, MAX_COURSES_ASKED, OVERRIDE_KINDS, profileSchema } from "../unlock/index.ts";
import { DECIDE_RULE, STAFF, staffWrite } from "./staff.ts";
import { callEnrollment } from "./stub.ts";

const TAGS = ["enrollment"];
/** Cohorts one learner may be in. */
const MAX_COHORTS = 20;
export const cohortsSchema = z.array(cohortNameSchema).max(MAX_COHORTS);
/** Clocks of other systems may be ahead of ours by this much. */
const MAX_CLOCK_SKEW_MS = 300_000;
export const enrolledAtSchema = happenedSchema.openapi({
  description:
    "When the enrollment began, if it began on another platform. Waiting periods count from it. Not before 1970 and not in the future; up to five minutes in the future count as now, because clocks differ.",
});

/** A given beginning in epoch ms, null if none was given; or why it is not possible. */
export function givenEnrolledAt(given: string | null, now: number, path: string): number | null | FieldError {
  if (given === null) return null;
  const at = Date.parse(given);
  if (at <= now + MAX_CLOCK_SKEW_MS) return Math.min(at, now);
  return { path, rule: "in_future", message: "An enrollment cannot begin in the future." };
}

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const enrollmentParam = z.object({ enrollment: enrollmentIdSchema });
const courseParam = z.object({ course: courseSlugSchema });
const reason = z.string().trim().min(3).max(500);
const done = { 200: { description: "Done; the answer says exactly what changed.", content: json(writeAnswerSchema) } };
const policyRoute = defineRoute(
  { roles: STAFF, scope: "enroll", rule: DECIDE_RULE, rate: "write", refuses: ["course_not_found"] },
  {
    method: "patch",
    path: "/enrollments/{enrollment}",
    operationId: "changeEnrollment",
    tags: TAGS,
    summary: "Change cohorts, profile, completed courses, practice mode or the day of enrollment; other fields stay",
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
              profile: profileSchema.nullable().default(null).describe("Replaces the whole profile; `{}` empties it."),
              courses: z
                .record(courseSlugSchema, happenedSchema.nullable())
                .refine((told) => Object.keys(told).length <= MAX_COURSES_ASKED, {
                  message: `at most ${MAX_COURSES_ASKED} courses`,
                  params: { rule: "too_big" },
                })
                .default({})
                .describe(
                  "Other courses that the learner has completed, and when; null removes one. Courses that are not named stay. Courses in this deployment report it themselves.",
                ),
              enrolled_at: enrolledAtSchema.nullable().default(null),
              relock: z.boolean().default(false).openapi({
                description:
                  "Items that opened because of a changed field lock again, unless the rules open them now: items whose rule, or whose chapter's rule, asks for a cohort (with `cohorts`), a field of the profile (with `profile`), another course (with `courses`) or days since enrollment (with `enrolled_at`), and all items (with `practice_mode: false`). Without `relock`, a sticky course keeps them open.",
              }),
            })
            .refine(
              ({ relock, cohorts, enrolled_at, practice_mode, profile, courses }) =>
                !relock ||
                [cohorts, profile, enrolled_at].some((one) => one !== null) ||
                Object.keys(courses).length > 0 ||
                practice_mode === false,
              {
                path: ["relock"],
                params: { rule: "nothing_named" },
                message:
                  "send cohorts, profile, courses, enrolled_at or practice_mode: false as well; POST .../relock relocks everything",
              },
            )
            .openapi("PolicyChange"),
        ),
      },
    },
    responses: done,
  },
);
const overrideParams = z.object({ enrollment: enrollmentIdSchema, item: itemIdSchema });
const setOverrideRoute = defineRoute(
  {
    roles: STAFF,
    scope: "overrides",
    rule: DECIDE_RULE,
    rate: "write",
    refuses: ["course_not_found", "no_effect", "override_limit"],
  },
  {
    method: "put",
    path: "/enrollments/{enrollment}/overrides/{item}",
    operationId: "setOverride",
    tags: TAGS,
    summary: "Unlock, lock, excuse or extend one item for one learner",
    description:
      "An item can have one override of each kind. A second one of the same kind replaces the first; a replaced excuse keeps the instant from which it counts. Sending the same override again changes nothing. The first of these that applies decides: `lock`, `unlock`, a lock of the chapter, practice mode, the rules. `excuse` and `extend` change what the rules say. `extend` moves every end in the item's own rule (`until`, or `from`, `after_enrollment`, `after` below a `not`) to `extend_to`, if that is later. An override that would change nothing is refused with `no_effect` and the reason.",
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
              ...broken("only_with_extend", "extend needs extend_to, and only extend takes it"),
            })
            .openapi("OverrideRequest"),
        ),
      },
    },
    responses: done,
  },
);
const removeOverrideRoute = defineRoute(
  { roles: STAFF, scope: "overrides", rule: DECIDE_RULE, rate: "write", refuses: ["course_not_found"] },
  {
    method: "delete",
    path: "/enrollments/{enrollment}/overrides/{item}",
    operationId: "removeOverride",
    tags: TAGS,
    summary: "Remove the override of one kind, or all of one item",
    request: {
      headers: idempotencyHeader,
      params: overrideParams,
      query: z.object({
        kind: z.enum(OVERRIDE_KINDS).optional().openapi({ description: "Default: every kind." }),
        relock: z
          .enum(["true", "false"])
          .optional()
          .openapi({ description: "Items that this override opened lock again, unless the rules open them now." }),
      }),
    },
    responses: done,
  },
);
const revokeRoute = defineRoute(
  { roles: PEOPLE, rule: DECIDE_RULE, rate: "write", refuses: ["course_not_found", "item_not_found"] },
  {
    method: "post",
    path: "/enrollments/{enrollment}/revocations",
    operationId: "revokeProgress",
    tags: TAGS,
    summary: "Take back everything the learner did with one item",
    request: {
      headers: idempotencyHeader,
      params: enrollmentParam,
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              item: itemIdSchema,
              reason,
              relock: z.boolean().default(false).openapi({
                description:
                  "Items that opened because of this fact lock again, unless the rules open them now: items whose rule, or whose chapter's rule, asks for this item. Without `relock`, a sticky course keeps them open.",
              }),
            })
            .openapi("Revocation"),
        ),
      },
    },
    responses: done,
  },
);
const relockRoute = defineRoute(
  { roles: STAFF, scope: "overrides", rule: DECIDE_RULE, rate: "write", refuses: ["course_not_found"] },
  {
    method: "post",
    path: "/enrollments/{enrollment}/relock",
    operationId: "relockEnrollment",
    tags: TAGS,
    summary: "For one learner, lock items again that are kept open although the rules do not open them now",
    description:
      "The same as a publish with `relock`, for one learner. Items that a sticky course or a publish with `grandfather` kept open, also started ones, are open from now on only if the rules open them. Facts stay.",
    request: {
      headers: idempotencyHeader,
      params: enrollmentParam,
      body: { required: false, content: json(z.strictObject({ reason: reason.optional() }).openapi("Relock")) },
    },
    responses: done,
  },
);
const rebuildRoute = defineRoute(
  { roles: ["admin"], scope: "operate", rule: "Admins.", refuses: ["course_not_found"] },
  {
    method: "post",
    path: "/enrollments/{enrollment}/rebuild",
    operationId: "rebuildEnrollment",
    tags: TAGS,
    summary: "Merge the mirror in D1 into the object; this restores an object that lost its storage",
    request: { params: enrollmentParam },
    responses: done,
  },
);
const markStaleRoute = defineRoute(
  { roles: ["admin"], scope: "operate", rule: "Admins." },
  {
    method: "post",
    path: "/enrollments/{enrollment}/stale",
    operationId: "markEnrollmentStale",
    tags: TAGS,
    summary: "Invalidate a snapshot: the next read computes it again",
    request: { params: enrollmentParam },
    responses: { 200: { description: "Marked.", content: json(z.object({ stale: z.boolean() })) } },
  },
);
const markCourseStaleRoute = defineRoute(
  { roles: ["admin"], scope: "operate", rule: "Admins." },
  {
    method: "post",
    path: "/courses/{course}/stale",
    operationId: "markCourseStale",
    tags: TAGS,
    summary: "Invalidate every snapshot of a course: the sweeps compute them again",
    request: { params: courseParam },
    responses: { 202: { description: "Marked.", content: json(z.object({ course: z.string() })) } },
  },
);

/** Decisions of staff about one learner, and repairs that an admin can order. */
export function policyRoutes() {
  return newRouter()
    .openapi(policyRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const { enrolled_at: given, courses: told, ...change } = c.req.valid("json");
      const courses = Object.fromEntries(
        Object.entries(told).map(([course, at]) => [course, at === null ? null : Date.parse(at)]),
      );
      const enrolled_at = givenEnrolledAt(given, Date.now(), "enrolled_at");
      if (typeof enrolled_at === "object" && enrolled_at !== null) {
        return respond(c, refuse("invalid_input", { errors: [enrolled_at] }).refusal);
      }
      return staffWrite(c, enrollment, async (stub, request) =>
        stub.changePolicy({ ...request, ...change, courses, enrolled_at }),
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
        const message = "The override would expire before it begins.";
        return respond(c, { code: "invalid_input", errors: [{ path: "expires_at", rule: "in_past", message }] });
      }
      if (courseOfItem(item) !== parseEnrollmentId(enrollment).course)
        return respond(c, refuse("item_not_found").refusal);
      return staffWrite(c, enrollment, async (stub, request) => stub.override({ ...request, item, override }));
    })
    .openapi(removeOverrideRoute, async (c) => {
      const { enrollment, item } = c.req.valid("param");
      const { kind = null, relock } = c.req.valid("query");
      return staffWrite(c, enrollment, async (stub, request) =>
        stub.override({ ...request, item, override: null, kind, relock: relock === "true" }),
      );
    })
    .openapi(relockRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const { reason: why = null } = c.req.valid("json") ?? {};
      return staffWrite(c, enrollment, async (stub, request) => stub.relock({ ...request, reason: why }));
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
      const result = await callEnrollment(c.env, enrollment, (stub) =>
        stub.markStale("invalidated by an admin", actor),
      );
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
      await db.batch([markCourseStale(db, course, now, "doubt"), addAuditEntry(db, entry, now)]);
      nudgeAudit(c);
      // If the message is lost, the minute cron sends it again.
      c.executionCtx.waitUntil(
        askForMarks(c.env, course).catch((fault: unknown) => logFault("mark_not_sent", fault, { course_id: course })),
      );
      return c.json({ course }, 202);
    });
}
