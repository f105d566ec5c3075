import { z } from "@hono/zod-openapi";
import { orderAudit } from "../audit/index.ts";
import { logFault } from "../ops/logging.ts";
import { actorOf, databaseOf, defineRoute, newRouter, respond } from "../shared/http.ts";
import { userIdSchema } from "../shared/ids.ts";
import { pageQuery, pageSchema, paginate } from "../shared/pagination.ts";
import { refuse } from "../shared/results.ts";
import { ROLES } from "../shared/roles.ts";
import { acceptedSecrets } from "../shared/secrets.ts";
import { download } from "./download.ts";
import { fileIdSchema } from "./names.ts";
import { fileView, viewFile } from "./schemas.ts";
import { findFor, listFiles, reachesAllFiles, removeFile } from "./store.ts";

const TAGS = ["files"];
const OWN = "Own files; services and admins all.";
/** Names and addresses of private files: no cache may keep them. */
const NO_STORE = { "cache-control": "no-store" };

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const fileParam = z.object({ id: fileIdSchema });

const listRoute = defineRoute(
  { roles: ROLES, rule: OWN },
  {
    method: "get",
    path: "/storage/files",
    tags: TAGS,
    summary: "List files of one user, newest first",
    request: {
      query: z.object({
        ...pageQuery,
        user_id: userIdSchema.optional().openapi({ description: "Whose files; default your own." }),
      }),
    },
    responses: { 200: { description: "A page of files.", content: json(pageSchema(fileView)) } },
  },
);

const readRoute = defineRoute(
  { roles: ROLES, rule: OWN },
  {
    method: "get",
    path: "/storage/files/{id}",
    tags: TAGS,
    summary: "What is known of a file",
    request: { params: fileParam },
    responses: { 200: { description: "The file.", content: json(fileView) } },
  },
);

const downloadRoute = defineRoute(
  { roles: ROLES, rule: OWN },
  {
    method: "get",
    path: "/storage/files/{id}/download",
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
        content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
      },
      206: { description: "The range that was asked for." },
      304: { description: "The file still is the one with this ETag." },
    },
  },
);

const deleteRoute = defineRoute(
  { roles: ROLES, rule: OWN, rate: "write" },
  {
    method: "delete",
    path: "/storage/files/{id}",
    tags: TAGS,
    summary: "Delete a file, or give up an upload",
    request: { params: fileParam },
    responses: { 204: { description: "Nobody sees it any more." } },
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
      return c.json({ results: found.value.page.map(viewFile), next_cursor: found.value.next }, 200, NO_STORE);
    })
    .openapi(readRoute, async (c) => {
      const file = await findFor(databaseOf(c), actorOf(c), c.req.valid("param").id, Date.now());
      return file === null ? respond(c, refuse("not_found").refusal) : c.json(viewFile(file), 200, NO_STORE);
    })
    .openapi(downloadRoute, async (c) => {
      const file = await findFor(databaseOf(c), actorOf(c), c.req.valid("param").id, Date.now());
      if (file === null || file.state !== "ready") return respond(c, refuse("not_found").refusal);
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
      if (file.owner !== actorOf(c).id) {
        const ordered = await orderAudit(c, { action: "file.deleted", target: { type: "file", id: file.id } });
        if (!ordered.ok) return respond(c, ordered.refusal);
      }
      await removeFile(c.env, db, file);
      return c.body(null, 204);
    });
}
