import { z } from "@hono/zod-openapi";
import { loadContent } from "../courses/index.ts";
import { loadPermits } from "../enrollment/index.ts";
import { fileIdSchema, sendCourseFile } from "../files/index.ts";
import { LOCKED } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { courseSlugSchema, itemIdSchema } from "../platform/ids.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";

/** Bytes, of the type that the file was stored with. */
const ofItsType = { "*/*": { schema: z.string().openapi({ format: "binary" }) } };

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
      headers: z.object({
        range: z.string().max(200).optional(),
        "if-range": z.string().max(200).optional(),
        "if-none-match": z.string().max(2_000).optional(),
      }),
    },
    responses: {
      200: { description: "The whole file, as an attachment.", content: ofItsType },
      206: { description: "The range that was asked for.", content: ofItsType },
      304: { description: "Not modified: the file still has this ETag." },
    },
  },
);

/**
 * Files of a course's texts. Who may open an item may open the files that its text names: so permission, and the version
 * that it is given for, are those of the text itself.
 */
export function itemFileRoutes() {
  return newRouter().openapi(itemFileRoute, async (c) => {
    const { course, item, file } = c.req.valid("param");
    const { permitItem } = await loadPermits();
    const permit = await permitItem(c, course, item);
    if (!permit.ok) return respond(c, permit.refusal);
    const db = databaseOf(c);
    const text = await loadContent(db, permit.value);
    const isNamed = Object.values(text ?? {}).some((one) => one?.includes(`/files/${file}`));
    if (!isNamed) return respond(c, refuse("not_found").refusal);
    const asked = c.req.valid("header");
    const sent = await sendCourseFile(
      { env: c.env, db, now: Date.now() },
      { course, id: file },
      {
        range: asked.range,
        ifRange: asked["if-range"],
        ifNoneMatch: asked["if-none-match"],
        requestId: c.get("requestId"),
      },
    );
    return sent ?? respond(c, refuse("not_found").refusal);
  });
}
