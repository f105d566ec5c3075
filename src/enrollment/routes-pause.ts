import { z } from "@hono/zod-openapi";
import { writeAnswerSchema } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader } from "../platform/http/idempotency.ts";
import { enrollmentIdSchema } from "../platform/ids.ts";
import { pauseAsked, pauseFields } from "./shapes.ts";
import { DECIDE_RULE, STAFF, staffWrite } from "./staff.ts";

const TAGS = ["enrollment"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const enrollmentParam = z.object({ enrollment: enrollmentIdSchema });
const done = { 200: { description: "Done; the answer says exactly what changed.", content: json(writeAnswerSchema) } };

const pauseRoute = defineRoute(
  { roles: STAFF, scope: "overrides", rule: DECIDE_RULE, rate: "write", refuses: ["course_not_found"] },
  {
    method: "put",
    path: "/enrollments/{enrollment}/pause",
    operationId: "pauseEnrollment",
    tags: TAGS,
    summary: "Pause a learner's course: nothing of it is open, and no work is accepted, until the pause ends",
    description:
      "While the pause lasts, every item is locked for the learner with the reason `paused`, whatever the rules, overrides and practice mode say. What the learner did stays. Days since the enrollment do not pass: rules and dates that count from it come later by the length of the pause. Dates in the calendar and `after` an item do not move. Sent again with another end or reason, it changes the pause that is in force.",
    request: {
      headers: idempotencyHeader,
      params: enrollmentParam,
      body: { required: true, content: json(z.strictObject(pauseFields).openapi("PauseRequest")) },
    },
    responses: done,
  },
);
const resumeRoute = defineRoute(
  { roles: STAFF, scope: "overrides", rule: DECIDE_RULE, rate: "write", refuses: ["course_not_found"] },
  {
    method: "delete",
    path: "/enrollments/{enrollment}/pause",
    operationId: "resumeEnrollment",
    tags: TAGS,
    summary: "End the pause of a learner's course",
    request: { headers: idempotencyHeader, params: enrollmentParam },
    responses: done,
  },
);

/** A learner's course is paused, and resumed. */
export function pauseRoutes() {
  return newRouter()
    .openapi(pauseRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const pause = pauseAsked(c.req.valid("json"), Date.now());
      if (!pause.ok) return respond(c, pause.refusal);
      return staffWrite(c, enrollment, async (stub, request) => stub.pause({ ...request, pause: pause.value }));
    })
    .openapi(resumeRoute, async (c) =>
      staffWrite(c, c.req.valid("param").enrollment, async (stub, request) => stub.pause({ ...request, pause: null })),
    );
}
