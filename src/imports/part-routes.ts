import { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../audit/index.ts";
import { IMPORT_FORMATS, newCourseSlugSchema } from "../courses/index.ts";
import { demandLengthOfUsers, fileIdSchema, fileNameSchema } from "../files/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader } from "../platform/http/idempotency.ts";
import { refuse } from "../platform/results.ts";
import { MAX_ARCHIVE_BYTES, MAX_PARTS, PART_BYTES } from "./limits.ts";
import { beginParts, completeParts, findUpload, partsReceived, takePart } from "./parts.ts";
import { removeImport } from "./remove.ts";
import { courseToImportInto, IMPORT_RULE } from "./rights.ts";
import { importView, uploadView, viewImport, viewUpload } from "./schemas.ts";
import type { ImportRow } from "./tables.ts";

const TAGS = ["imports"];
const AUTHORS = ["author", "admin"] as const;
const OWN = "Own uploads.";
const UPLOADS = "/courses/imports/uploads";
const NO_STORE = { "cache-control": "no-store" };

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const uploadParam = z.object({ id: fileIdSchema });

const announceBody = z
  .strictObject({
    format: z.enum(IMPORT_FORMATS),
    course: newCourseSlugSchema,
    name: fileNameSchema.default("archive"),
    size: z.int().min(1).max(MAX_ARCHIVE_BYTES).openapi({ description: "Of the archive, bytes." }),
  })
  .openapi("ImportUploadRequest");

const announceRoute = defineRoute(
  {
    roles: AUTHORS,
    rule: IMPORT_RULE,
    rate: "write",
    refuses: ["course_exists", "quota_exceeded", "concurrent_change"],
  },
  {
    method: "post",
    path: UPLOADS,
    operationId: "beginImportUpload",
    tags: TAGS,
    summary: "Begin to upload an archive in parts; the same Idempotency-Key finds what was begun",
    request: { headers: idempotencyHeader, body: { required: true, content: json(announceBody) } },
    responses: { 201: { description: "The upload, with what has arrived of it.", content: json(uploadView) } },
  },
);

const readRoute = defineRoute(
  { roles: AUTHORS, rule: OWN, refuses: ["not_found"] },
  {
    method: "get",
    path: `${UPLOADS}/{id}`,
    operationId: "getImportUpload",
    tags: TAGS,
    summary: "Which parts of an archive have arrived",
    request: { params: uploadParam },
    responses: { 200: { description: "The upload.", content: json(uploadView) } },
  },
);

const partRoute = defineRoute(
  {
    roles: AUTHORS,
    rule: OWN,
    maxBody: PART_BYTES,
    rate: "write",
    refuses: ["not_found", "length_required", "content_mismatch"],
  },
  {
    method: "put",
    path: `${UPLOADS}/{id}/parts/{part}`,
    operationId: "putImportPart",
    tags: TAGS,
    summary: "Send one part of an archive: the body is its bytes; harmless to repeat",
    request: {
      params: uploadParam.extend({ part: z.coerce.number().int().min(1).max(MAX_PARTS) }),
      headers: z.object({ "content-length": z.string().optional().openapi({ description: "Required." }) }),
      body: { required: true, content: { "*/*": { schema: z.string().openapi({ format: "binary" }) } } },
    },
    responses: {
      200: {
        description: "The part has arrived.",
        content: json(z.object({ part: z.int(), sha256: z.string() }).openapi("ImportPart")),
      },
    },
  },
);

const completeRoute = defineRoute(
  {
    roles: AUTHORS,
    rule: OWN,
    rate: "write",
    refuses: ["not_found", "upload_incomplete", "content_mismatch", "concurrent_change"],
  },
  {
    method: "post",
    path: `${UPLOADS}/{id}/complete`,
    operationId: "completeImportUpload",
    tags: TAGS,
    summary: "Put the parts together and import the course, as a draft; harmless to repeat",
    request: { params: uploadParam },
    responses: { 202: { description: "The archive is stored; the import is under way.", content: json(importView) } },
  },
);

const abortRoute = defineRoute(
  { roles: AUTHORS, rule: OWN, rate: "write", refuses: ["concurrent_change"] },
  {
    method: "delete",
    path: `${UPLOADS}/{id}`,
    operationId: "abortImportUpload",
    tags: TAGS,
    summary: "Give an upload up, with all that has arrived of it; harmless to repeat",
    request: { params: uploadParam },
    responses: { 204: { description: "There is no such upload any more." } },
  },
);

/** Uploads of archives in parts, to be mounted at /api/v1. */
export function partRoutes() {
  const router = newRouter();
  router.put(`${UPLOADS}/:id/parts/:part`, demandLengthOfUsers);
  return router
    .openapi(announceRoute, async (c) => {
      const { format, course, name, size } = c.req.valid("json");
      const actor = actorOf(c);
      const deps = depsOf(c);
      c.get("facts").course_id = course;
      const allowed = await courseToImportInto(deps.db, actor, course);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const key = c.req.valid("header")["idempotency-key"];
      const begun = await beginParts(deps, {
        owner: actor.id,
        role: actor.role,
        request_id: c.get("requestId"),
        // No key of a whole archive has a blank in it.
        upload_key: key === undefined ? null : `parts ${key}`,
        format,
        course_slug: course,
        name,
        size,
      });
      if (!begun.ok) return respond(c, begun.refusal);
      return c.json(await shown(c, begun.value), 201, NO_STORE);
    })
    .openapi(readRoute, async (c) => {
      const row = await uploadFor(c, c.req.valid("param").id);
      return row === null ? respond(c, NOT_FOUND) : c.json(await shown(c, row), 200, NO_STORE);
    })
    .openapi(partRoute, async (c) => {
      const { id, part } = c.req.valid("param");
      const row = await uploadFor(c, id);
      if (row === null) return respond(c, NOT_FOUND);
      const taken = await takePart(depsOf(c), row, part, c.req.raw.body);
      return taken.ok ? c.json({ part, sha256: taken.value }, 200, NO_STORE) : respond(c, taken.refusal);
    })
    .openapi(completeRoute, async (c) => {
      const row = await uploadFor(c, c.req.valid("param").id);
      if (row === null) return respond(c, NOT_FOUND);
      c.get("facts").course_id = row.course_slug;
      const completed = await completeParts(depsOf(c), row);
      if (!completed.ok) return respond(c, completed.refusal);
      nudgeAudit(c);
      return c.json(viewImport(completed.value), 202, NO_STORE);
    })
    .openapi(abortRoute, async (c) => {
      const row = await uploadFor(c, c.req.valid("param").id);
      if (row === null) return c.body(null, 204);
      if (row.state !== "receiving")
        return respond(
          c,
          refuse("concurrent_change", { detail: "The archive has arrived: it is an import now." }).refusal,
        );
      await removeImport(c.env, databaseOf(c), row);
      return c.body(null, 204);
    });
}

const NOT_FOUND = refuse("not_found").refusal;

function uploadFor(c: AppContext, id: string): Promise<ImportRow | null> {
  return findUpload(databaseOf(c), actorOf(c).id, id, Date.now());
}

async function shown(c: AppContext, row: ImportRow) {
  return viewUpload(row, await partsReceived(databaseOf(c), row.id));
}

function depsOf(c: AppContext) {
  return { env: c.env, db: databaseOf(c), now: Date.now() };
}
