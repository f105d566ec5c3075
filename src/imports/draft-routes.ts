import { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../audit/index.ts";
import { fetchCourse, isSecret, isStaff, mayManage } from "../courses/index.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { courseSlugSchema } from "../platform/ids.ts";
import { refuse } from "../platform/results.ts";
import { dropDraftWithFiles } from "./drop.ts";

const RULE = "The course's author; admins all.";

const dropDraftRoute = defineRoute(
  { roles: ["author", "admin"], rule: RULE, rate: "write", refuses: ["version_not_found", "version_was_active"] },
  {
    method: "delete",
    path: "/courses/{course}/drafts/{version}",
    operationId: "dropDraft",
    tags: ["courses"],
    summary: "Drop a draft, with its texts and the files that no other version names; harmless to repeat",
    request: { params: z.object({ course: courseSlugSchema, version: z.coerce.number().int().min(1) }) },
    responses: { 204: { description: "The draft is gone. Its number is given to no other version." } },
  },
);

/** The routes that delete drafts of a course. */
export function draftRoutes() {
  return newRouter().openapi(dropDraftRoute, async (c) => {
    const { course: slug, version } = c.req.valid("param");
    c.get("facts").course_id = slug;
    const db = databaseOf(c);
    const course = await fetchCourse(db, slug);
    const actor = actorOf(c);
    if (course === null || (isSecret(course) && !isStaff(actor, course))) {
      return respond(c, refuse("course_not_found").refusal);
    }
    if (!mayManage(actor, course)) return respond(c, refuse("forbidden", { detail: RULE }).refusal);
    const by = { actor, request_id: c.get("requestId"), now: Date.now() };
    const dropped = await dropDraftWithFiles(c.env, db, slug, version, by);
    if (!dropped.ok) return respond(c, dropped.refusal);
    nudgeAudit(c);
    return c.body(null, 204);
  });
}
