import { z } from "@hono/zod-openapi";
import { orderAudit, recordOncePerDay } from "../audit/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { userIdSchema } from "../platform/ids.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { download } from "./download.ts";
import { fileIdSchema } from "./names.ts";
import { fileView, viewFile } from "./schemas.ts";
import { findFor, listFiles, reachesAllFiles, removeFile } from "./store.ts";
import type { FileRow } from "./tables.ts";

const TAGS = ["files"];
const OWN = "Own files. Services and admins: all files.";
/** Names and addresses of private files: no cache may keep them. */
const NO_STORE = { "cache-control": "no-store" };

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const fileParam = z.object({ id: fileIdSchema });

const listRoute = defineRoute(
  { roles: ROLES, scope: "files", rule: OWN },
  {
    method: "get",
    path: "/storage/files",
    operationId: "listFiles",
    tags: TAGS,
    summary: "List files of one user, newest first",
    request: {
      query: z.object({
        ...pageQuery,
        user_id: userIdSchema.optional().openapi({ description: "The owner of the files; by default, yourself." }),
      }),
    },
    responses: { 200: { description: "A page of files.", content: json(pageSchema(fileView)) } },
  },
);

const readRoute = defineRoute(
  { roles: ROLES, scope: "files", rule: OWN, refuses: ["not_found"] },
  {
    method: "get",
    path: "/storage/files/{id}",
    operationId: "getFile",
    tags: TAGS,
    summary: "The metadata of a file",
    request: { params: fileParam },
    responses: { 200: { description: "The file.", content: json(fileView) } },
  },
);

/** Bytes, with the stored type of the file. */
const ofItsType = { "*/*": { schema: z.string().openapi({ format: "binary" }) } };
const downloadRoute = defineRoute(
  { roles: ROLES, scope: "files", rule: OWN, refuses: ["not_found", "range_not_satisfiable"] },
  {
    method: "get",
    path: "/storage/files/{id}/download",
    operationId: "downloadFile",
    tags: TAGS,
    summary: "The bytes of a file, whole or one range of them",
    request: {
      params: fileParam,
      headers: z.object({
        range: z.string().max(200).optional(),
        "if-range": z.string().max(200).optional(),
        "if-none-match": z.string().max(2_000).optional(),
      }),
    },
    responses: {
      200: {
        description: "The whole file, as an attachment.",
        content: ofItsType,
      },
      206: { description: "The range that was asked for.", content: ofItsType },
      304: { description: "Not modified: the file still has this ETag." },
    },
  },
);

const deleteRoute = defineRoute(
  { roles: ROLES, scope: "files", rule: OWN, rate: "write", refuses: ["not_found", "file_submitted"] },
  {
    method: "delete",
    path: "/storage/files/{id}",
    operationId: "deleteFile",
    tags: TAGS,
    summary: "Delete a file, or cancel an upload",
    request: { params: fileParam },
    responses: { 204: { description: "The file is deleted. Nobody can see it any more." } },
  },
);

/** Metadata, lists, downloads and deletion. */
export function fileReadRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const { user_id, ...page } = c.req.valid("query");
      const actor = actorOf(c);
      const owner = user_id ?? actor.id;
      if (owner !== actor.id && !reachesAllFiles(actor)) {
        return respond(c, refuse("forbidden", { detail: "Only services and admins list others' files." }).refusal);
      }
      const found = await paginate(
        acceptedSecrets(c.env),
        `files ${owner}`,
        page,
        (after, take) => {
          const [at = "0", id = ""] = after?.split(" ") ?? [];
          const position = after === null ? null : { created_at: Number(at), id };
          return listFiles(databaseOf(c), owner, position, take, Date.now());
        },
        (file) => `${file.created_at} ${file.id}`,
      );
      if (!found.ok) return respond(c, found.refusal);
      if (owner !== actor.id) {
        const recorded = await recordOncePerDay(c, { action: "file.listed", target: { type: "user", id: owner } });
        if (!recorded.ok) return respond(c, recorded.refusal);
      }
      return c.json({ results: found.value.page.map(viewFile), next_cursor: found.value.next }, 200, NO_STORE);
    })
    .openapi(readRoute, async (c) => {
      const file = await findFor(databaseOf(c), actorOf(c), c.req.valid("param").id, Date.now());
      if (file === null) return respond(c, refuse("not_found").refusal);
      const recorded = await recordRead(c, file);
      return recorded.ok ? c.json(viewFile(file), 200, NO_STORE) : respond(c, recorded.refusal);
    })
    .openapi(downloadRoute, async (c) => {
      const file = await findFor(databaseOf(c), actorOf(c), c.req.valid("param").id, Date.now());
      if (file === null || file.state !== "ready") return respond(c, refuse("not_found").refusal);
      const recorded = await recordRead(c, file);
      if (!recorded.ok) return respond(c, recorded.refusal);
      const asked = c.req.valid("header");
      const answer = await download(c.env.FILES, file, {
        range: asked.range,
        ifRange: asked["if-range"],
        ifNoneMatch: asked["if-none-match"],
        requestId: c.get("requestId"),
      });
      if (answer !== null) return answer;
      logFault("file_bytes_missing", new Error("a ready file has no bytes"), { file_id: file.id, user_id: file.owner });
      return respond(c, refuse("not_found").refusal);
    })
    .openapi(deleteRoute, async (c) => {
      const db = databaseOf(c);
      const file = await findFor(db, actorOf(c), c.req.valid("param").id, Date.now());
      if (file === null) return respond(c, refuse("not_found").refusal);
      if (file.owner === actorOf(c).id && file.submitted_with !== null) {
        return respond(c, refuse("file_submitted").refusal);
      }
      if (file.owner !== actorOf(c).id) {
        const ordered = await orderAudit(c, { action: "file.deleted", target: { type: "file", id: file.id } });
        if (!ordered.ok) return respond(c, ordered.refusal);
      }
      await removeFile(c.env, db, file);
      return c.body(null, 204);
    });
}

/** Somebody who looks at another user's file leaves an entry in the audit log, once a day and file. */
async function recordRead(c: AppContext, file: FileRow): Promise<Result<null>> {
  if (file.owner === actorOf(c).id) return ok(null);
  return recordOncePerDay(c, { action: "file.read", target: { type: "file", id: file.id } });
}
