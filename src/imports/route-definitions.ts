import { z } from "@hono/zod-openapi";
import { IMPORT_FORMATS, importReportSchema, newCourseSlugSchema } from "../courses/index.ts";
import { fileIdSchema, fileNameSchema } from "../files/index.ts";
import { defineRoute } from "../platform/http/define-route.ts";
import { idempotencyHeader } from "../platform/http/idempotency.ts";
import { pageQuery, pageSchema } from "../platform/http/pagination.ts";
import { MAX_ARCHIVE_BYTES } from "./limits.ts";
import { IMPORT_RULE } from "./rights.ts";
import { importDetail, importView } from "./schemas.ts";

const TAGS = ["imports"];
const AUTHORS = ["author", "admin"] as const;
const OWN_RULE = "Own imports. Admins: all imports.";

export const IMPORTS_PATH = "/courses/imports";

/** The accepted media types of an archive. Its first bytes decide which kind it is. */
export const ARCHIVE_TYPES: readonly string[] = [
  "application/octet-stream",
  "application/zip",
  "application/gzip",
  "application/x-gzip",
  "application/vnd.moodle.backup",
];

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
/** Any bytes: the header decides about the type before the first byte is read. */
const BYTES = { required: true, content: { "*/*": { schema: z.string().openapi({ format: "binary" }) } } };

const importParam = z.object({ id: fileIdSchema });

export const beginRoute = defineRoute(
  {
    roles: AUTHORS,
    rule: IMPORT_RULE,
    maxBody: MAX_ARCHIVE_BYTES,
    rate: "write",
    refuses: [
      "length_required",
      "file_type_not_allowed",
      "course_exists",
      "quota_exceeded",
      "concurrent_change",
      "content_mismatch",
    ],
  },
  {
    method: "post",
    path: IMPORTS_PATH,
    operationId: "importCourse",
    tags: TAGS,
    summary: "Import a course from an archive of another platform, as a draft: the body is its bytes",
    request: {
      headers: z.object({
        ...idempotencyHeader.shape,
        "content-type": z
          .string()
          .max(200)
          .optional()
          .openapi({ description: `One of: ${ARCHIVE_TYPES.join(", ")}.` }),
        "content-length": z.string().optional().openapi({ description: "Required." }),
      }),
      query: z.object({
        format: z.enum(IMPORT_FORMATS),
        course: newCourseSlugSchema.openapi({
          description: "Slug of the course. Without it, one is made from the source.",
        }),
        name: fileNameSchema.optional().openapi({ description: "Name of the archive, for people and messages." }),
      }),
      body: BYTES,
    },
    responses: { 202: { description: "The archive is stored; the import is under way.", content: json(importView) } },
  },
);

export const listRoute = defineRoute(
  { roles: AUTHORS, rule: OWN_RULE },
  {
    method: "get",
    path: IMPORTS_PATH,
    operationId: "listImports",
    tags: TAGS,
    summary: "List imports, newest first",
    request: { query: z.object(pageQuery) },
    responses: { 200: { description: "A page of imports.", content: json(pageSchema(importView)) } },
  },
);

export const readRoute = defineRoute(
  { roles: AUTHORS, rule: OWN_RULE, refuses: ["not_found"] },
  {
    method: "get",
    path: `${IMPORTS_PATH}/{id}`,
    operationId: "getImport",
    tags: TAGS,
    summary: "The progress and result of an import, and what activating its draft would change",
    request: { params: importParam },
    responses: { 200: { description: "The import.", content: json(importDetail) } },
  },
);

export const reportRoute = defineRoute(
  { roles: AUTHORS, rule: OWN_RULE, refuses: ["not_found"] },
  {
    method: "get",
    path: `${IMPORTS_PATH}/{id}/report`,
    operationId: "getImportReport",
    tags: TAGS,
    summary: "How every rule and completion setting of the archive was imported",
    request: { params: importParam },
    responses: { 200: { description: "The report; kept for a week.", content: json(importReportSchema) } },
  },
);

export const dropRoute = defineRoute(
  { roles: AUTHORS, rule: OWN_RULE, rate: "write" },
  {
    method: "delete",
    path: `${IMPORTS_PATH}/{id}`,
    operationId: "dropImport",
    tags: TAGS,
    summary: "Stop an import, or remove one that has ended, with its archive and report; its draft stays",
    request: { params: importParam },
    responses: { 204: { description: "It is stopped, or there is no such import any more." } },
  },
);
