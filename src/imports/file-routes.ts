import { z } from "@hono/zod-openapi";
import { findCourse, isSecret, isStaff, loadShown, mayManage } from "../courses/index.ts";
import { loadPermits } from "../enrollment/index.ts";
import {
  copyCourseFile,
  demandLengthOfUsers,
  fileIdSchema,
  fileNameSchema,
  keepWrittenFile,
  sendCourseFile,
} from "../files/index.ts";
import { LOCKED } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { courseSlugSchema, itemIdSchema } from "../platform/ids.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { MAX_HELD_FILE } from "./limits.ts";

/** Bytes, with the stored type of the file. */
const ofItsType = { "*/*": { schema: z.string().openapi({ format: "binary" }) } };

const range = z.object({
  range: z.string().max(200).optional(),
  "if-range": z.string().max(200).optional(),
  "if-none-match": z.string().max(2_000).optional(),
});
const bytesSent = {
  200: { description: "The whole file, as an attachment.", content: ofItsType },
  206: { description: "The range that was asked for.", content: ofItsType },
  304: { description: "Not modified: the file still has this ETag." },
};
const MANAGE_RULE = "The owner of the course, its co-authors, and admins.";

const addFileRoute = defineRoute(
  {
    roles: ["author", "learner", "admin"],
    scope: null,
    rule: `${MANAGE_RULE} It becomes your own file, within your quota.`,
    maxBody: MAX_HELD_FILE,
    rate: "write",
    refuses: ["course_not_found", "length_required", "quota_exceeded", "concurrent_change", "content_mismatch"],
  },
  {
    method: "post",
    path: "/courses/{course}/files",
    operationId: "addCourseFile",
    tags: ["courses"],
    summary: "Upload a picture or another file for the texts of a course: the body is its bytes",
    description:
      "A text names it as `/api/v1/courses/{course}/items/{item}/files/{id}`: whoever may open the item may then open the file. The same bytes are kept once.",
    request: {
      params: z.object({ course: courseSlugSchema }),
      query: z.object({ name: fileNameSchema }),
      headers: z.object({ "content-length": z.string().optional().openapi({ description: "Required." }) }),
      body: { required: true, content: ofItsType },
    },
    responses: {
      201: {
        description: "Stored.",
        content: {
          "application/json": {
            schema: z
              .object({ id: z.string(), name: z.string(), content_type: z.string(), size: z.int() })
              .openapi("CourseFile"),
          },
        },
      },
    },
  },
);

/** Files of one request: each is read and written once. */
const MAX_COPIES = 20;

const copyFilesRoute = defineRoute(
  {
    roles: ["author", "learner", "admin"],
    scope: null,
    rule: `${MANAGE_RULE} And staff of the course that they come from. They become your own files, within your quota.`,
    rate: "write",
    refuses: ["course_not_found", "quota_exceeded", "concurrent_change"],
  },
  {
    method: "post",
    path: "/courses/{course}/files/copies",
    operationId: "copyCourseFiles",
    tags: ["courses"],
    summary: `Copy up to ${MAX_COPIES} files of another course into this one, for texts that were copied`,
    middleware: [idempotent("harmless")],
    request: {
      params: z.object({ course: courseSlugSchema }),
      headers: idempotencyHeader,
      body: {
        required: true,
        content: {
          "application/json": {
            schema: z
              .strictObject({ from: courseSlugSchema, files: z.array(fileIdSchema).min(1).max(MAX_COPIES) })
              .openapi("CopyFiles"),
          },
        },
      },
    },
    responses: {
      200: {
        description:
          "Each file that was copied, in the order of the request. One that the other course does not have is left out.",
        content: {
          "application/json": {
            schema: z
              .object({ results: z.array(z.object({ from: z.string(), id: z.string(), name: z.string() })) })
              .openapi("CopiedFiles"),
          },
        },
      },
    },
  },
);

const courseFileRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    rule: "Staff of the course.",
    refuses: ["not_found", "range_not_satisfiable", "course_not_found"],
  },
  {
    method: "get",
    path: "/courses/{course}/files/{file}",
    operationId: "getCourseFile",
    tags: ["courses"],
    summary: "The bytes of a file of a course, also before a text that names it is published",
    request: { params: z.object({ course: courseSlugSchema, file: fileIdSchema }), headers: range },
    responses: bytesSent,
  },
);

const itemFileRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    rule: "Learners who may open the item, while its text names the file.",
    refuses: [
      "not_found",
      "range_not_satisfiable",
      "course_not_found",
      "course_unpublished",
      "item_not_found",
      "not_enrolled",
      "sequence_ahead",
      LOCKED,
    ],
  },
  {
    method: "get",
    path: "/courses/{course}/items/{item}/files/{file}",
    operationId: "getItemFile",
    tags: ["courses"],
    summary: "The bytes of a file that the text of an open item shows or links to",
    request: {
      params: z.object({ course: courseSlugSchema, item: itemIdSchema, file: fileIdSchema }),
      headers: range,
    },
    responses: bytesSent,
  },
);

/**
 * Files in the texts of a course. Somebody who may open an item may open the files that its text names: so the
 * permission, and the version for which it is given, are those of the text.
 */
export function itemFileRoutes() {
  const router = newRouter();
  router.post("/courses/:course/files", demandLengthOfUsers);
  return router
    .openapi(addFileRoute, async (c) => {
      const { course } = c.req.valid("param");
      const db = databaseOf(c);
      const actor = actorOf(c);
      c.get("facts").course_id = course;
      const entry = await findCourse(() => db, course);
      // The answer must not say that a secret course of somebody else exists.
      if (entry === null || (isSecret(entry) && !isStaff(actor, entry)))
        return respond(c, refuse("course_not_found").refusal);
      if (!mayManage(actor, entry)) return respond(c, refuse("forbidden", { detail: MANAGE_RULE }).refusal);
      const { name } = c.req.valid("query");
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      const kept = await keepWrittenFile({ env: c.env, db, now: Date.now() }, { owner: actor.id, course, name, bytes });
      if (!kept.ok) return respond(c, kept.refusal);
      const { id, name: stored, type, size } = kept.value;
      return c.json({ id, name: stored, content_type: type, size }, 201);
    })
    .openapi(copyFilesRoute, async (c) => {
      const { course } = c.req.valid("param");
      const { from, files } = c.req.valid("json");
      const db = databaseOf(c);
      const actor = actorOf(c);
      c.get("facts").course_id = course;
      const [entry, source] = [await findCourse(() => db, course), await findCourse(() => db, from)];
      const isHidden = (one: typeof entry) => one === null || (isSecret(one) && !isStaff(actor, one));
      if (entry === null || source === null || isHidden(entry) || isHidden(source))
        return respond(c, refuse("course_not_found").refusal);
      if (!mayManage(actor, entry)) return respond(c, refuse("forbidden", { detail: MANAGE_RULE }).refusal);
      if (!isStaff(actor, source))
        return respond(c, refuse("forbidden", { detail: "Staff of the course that the files come from." }).refusal);
      const results: { from: string; id: string; name: string }[] = [];
      for (const id of new Set(files)) {
        const deps = { env: c.env, db, now: Date.now() };
        const copied = await copyCourseFile(deps, { owner: actor.id, course, from, id });
        if (!copied.ok) return respond(c, copied.refusal);
        if (copied.value !== null) results.push({ from: id, id: copied.value.id, name: copied.value.name });
      }
      return c.json({ results }, 200);
    })
    .openapi(courseFileRoute, async (c) => {
      const { course, file } = c.req.valid("param");
      const entry = await findCourse(() => databaseOf(c), course);
      if (entry === null || (isSecret(entry) && !isStaff(actorOf(c), entry)))
        return respond(c, refuse("course_not_found").refusal);
      if (!isStaff(actorOf(c), entry))
        return respond(c, refuse("forbidden", { detail: "Staff of the course." }).refusal);
      return (await sent(c, course, file)) ?? respond(c, refuse("not_found").refusal);
    })
    .openapi(itemFileRoute, async (c) => {
      const { course, item, file } = c.req.valid("param");
      const { permitItem } = await loadPermits();
      const permit = await permitItem(c, course, item);
      if (!permit.ok) return respond(c, permit.refusal);
      const shown = await loadShown(databaseOf(c), permit.value);
      if (!JSON.stringify(shown).includes(`/files/${file}`)) return respond(c, refuse("not_found").refusal);
      return (await sent(c, course, file)) ?? respond(c, refuse("not_found").refusal);
    });
}

function sent(c: AppContext, course: string, id: string): Promise<Response | null> {
  return sendCourseFile(
    { env: c.env, db: databaseOf(c), now: Date.now() },
    { course, id },
    {
      range: c.req.header("range"),
      ifRange: c.req.header("if-range"),
      ifNoneMatch: c.req.header("if-none-match"),
      requestId: c.get("requestId"),
    },
  );
}
