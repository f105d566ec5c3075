import { z } from "@hono/zod-openapi";
import { recordAudit } from "../audit/index.ts";
import { standsNow } from "../identity/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets, withAnySecret } from "../platform/secrets.ts";
import { demandLength, demandLengthOfUsers } from "./length.ts";
import { MAX_FILE_BYTES } from "./limits.ts";
import { MEDIA_TYPES, mediaTypeOf } from "./media-types.ts";
import { fileIdSchema } from "./names.ts";
import { uploadAddress } from "./presign.ts";
import { announceBody, announcedView, fileView, uploadHeaders, uploadQuery, viewFile } from "./schemas.ts";
import { findFile, findFor, isAlive } from "./store.ts";
import { verifyUploadToken } from "./upload-tokens.ts";
import { announceOnce, confirm, type Deps, receiveAnnounced, uploadDirectly } from "./uploads.ts";

const TAGS = ["files"];
const UPLOAD_PATH = "/storage/files/upload";
const ADDRESS_PATH = "/storage/uploads/{token}";
const NO_STORE = { "cache-control": "no-store" };

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
/** Any bytes. The header decides which types are accepted, before the first byte is read. */
const BYTES = { required: true, content: { "*/*": { schema: z.string().openapi({ format: "binary" }) } } };

const uploadRoute = defineRoute(
  {
    roles: ROLES,
    scope: "files",
    rule: "Becomes your own file, within your quota.",
    maxBody: MAX_FILE_BYTES,
    rate: "write",
    refuses: ["length_required", "file_type_not_allowed", "quota_exceeded", "concurrent_change", "content_mismatch"],
  },
  {
    method: "post",
    path: UPLOAD_PATH,
    operationId: "uploadFile",
    tags: TAGS,
    summary: "Upload a file: the body is its bytes",
    request: { query: uploadQuery, headers: uploadHeaders, body: BYTES },
    responses: { 201: { description: "Stored.", content: json(fileView) } },
  },
);

const announceRoute = defineRoute(
  {
    roles: ROLES,
    scope: "files",
    rule: "Becomes your own file, within your quota.",
    rate: "write",
    refuses: ["file_type_not_allowed", "quota_exceeded", "concurrent_change"],
  },
  {
    method: "post",
    path: "/storage/files/upload-url",
    operationId: "createUploadUrl",
    tags: TAGS,
    summary: "An address that accepts the bytes of one announced file, once",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, body: { required: true, content: json(announceBody) } },
    responses: {
      201: { description: "The pending file, and the address for its bytes.", content: json(announcedView) },
    },
  },
);

const addressRoute = defineRoute(
  {
    roles: "public",
    rule: "Whoever has the signed address may use it.",
    maxBody: MAX_FILE_BYTES,
    rate: "write",
    refuses: [
      "unauthenticated",
      "upload_url_invalid",
      "content_mismatch",
      "length_required",
      "quota_exceeded",
      "concurrent_change",
    ],
  },
  {
    method: "put",
    path: ADDRESS_PATH,
    operationId: "uploadBytes",
    tags: TAGS,
    summary: "Send the bytes of an announced file",
    request: { params: z.object({ token: z.string().min(1).max(2_000) }), body: BYTES },
    responses: { 201: { description: "Stored.", content: json(fileView) } },
  },
);

const completeRoute = defineRoute(
  {
    roles: ROLES,
    scope: "files",
    rule: "Own files. Services and admins: all files.",
    rate: "write",
    refuses: ["not_found", "upload_incomplete", "content_mismatch"],
  },
  {
    method: "post",
    path: "/storage/files/{id}/complete",
    operationId: "completeUpload",
    tags: TAGS,
    summary: "Make a file ready after its bytes were sent to the bucket; harmless to repeat",
    request: { params: z.object({ id: fileIdSchema }) },
    responses: { 200: { description: "The file.", content: json(fileView) } },
  },
);

/** Both ways to upload. */
export function uploadRoutes() {
  const router = newRouter();
  router.post(UPLOAD_PATH, demandLengthOfUsers);
  router.put("/storage/uploads/:token", demandLength);
  return router
    .openapi(uploadRoute, async (c) => {
      const { name, expires_at } = c.req.valid("query");
      const headers = c.req.valid("header");
      const type = mediaTypeOf(headers["content-type"]);
      if (type === null) {
        const detail = `Accepted are: ${MEDIA_TYPES.join(", ")}.`;
        return respond(c, refuse("file_type_not_allowed", { detail }).refusal);
      }
      const file = {
        owner: actorOf(c).id,
        name,
        type,
        size: Number(headers["content-length"]),
        sha256: headers["x-content-sha256"] ?? null,
        expires_at: expires_at === undefined ? null : Date.parse(expires_at),
        upload_key: headers["idempotency-key"] ?? null,
      };
      const stored = await uploadDirectly(depsOf(c), file, c.req.raw.body);
      if (!stored.ok) return respond(c, stored.refusal);
      const { row, replayed } = stored.value;
      return c.json(viewFile(row), 201, { ...NO_STORE, ...(replayed ? { "idempotency-replayed": "true" } : {}) });
    })
    .openapi(announceRoute, async (c) => {
      const { content_type, expires_at, ...announced } = c.req.valid("json");
      const deps = depsOf(c);
      const row = await announceOnce(deps, {
        ...announced,
        owner: actorOf(c).id,
        type: content_type,
        expires_at: expires_at === null ? null : Date.parse(expires_at),
        upload_key: announcementKey(c.req.valid("header")["idempotency-key"]),
      });
      if (!row.ok) return respond(c, row.refusal);
      const file = { ...row.value, sha256: announced.sha256 };
      const upload = await uploadAddress(c.env, new URL(c.req.url).origin, file, deps.now);
      return c.json({ file: viewFile(file), upload }, 201, NO_STORE);
    })
    .openapi(addressRoute, async (c) => {
      const deps = depsOf(c);
      const token = await withAnySecret(
        acceptedSecrets(c.env),
        (secret) => verifyUploadToken(secret, c.req.valid("param").token, deps.now),
        ({ ok }) => ok,
      );
      if (!token.ok) return respond(c, token.refusal);
      // The user who got the address may have been banned or signed out everywhere since.
      const { owner, issued_at } = token.value;
      const stands = await standsNow(c.env, owner, { session: null, role: "learner", issued_at });
      if (!stands.ok) return respond(c, stands.refusal);
      const file = await findFile(deps.db, token.value.file);
      if (file === undefined || file.owner !== token.value.owner || !isAlive(file, deps.now)) {
        return respond(c, refuse("upload_url_invalid", { detail: "The upload was cancelled." }).refusal);
      }
      if (file.state === "ready") {
        return respond(c, refuse("upload_url_invalid", { detail: "The address has been used." }).refusal);
      }
      if (mediaTypeOf(c.req.header("content-type")) !== file.type) {
        return respond(c, refuse("content_mismatch", { detail: `Announced as ${file.type}.` }).refusal);
      }
      if (Number(c.req.header("content-length")) !== file.size) {
        return respond(c, refuse("content_mismatch", { detail: `Announced with ${file.size} bytes.` }).refusal);
      }
      const stored = await receiveAnnounced(deps, file, c.req.raw.body);
      return stored.ok ? c.json(viewFile(stored.value), 201, NO_STORE) : respond(c, stored.refusal);
    })
    .openapi(completeRoute, async (c) => {
      const deps = depsOf(c);
      const file = await findFor(deps.db, actorOf(c), c.req.valid("param").id, deps.now);
      if (file === null) return respond(c, refuse("not_found").refusal);
      if (file.state === "ready") return c.json(viewFile(file), 200, NO_STORE);
      if (file.owner !== actorOf(c).id) {
        const target = { type: "file", id: file.id };
        const recorded = await recordAudit(c, { action: "file.completed", target, unique: file.id });
        if (!recorded.ok) return respond(c, recorded.refusal);
      }
      const confirmed = await confirm(deps, file);
      if (!confirmed.ok) return respond(c, confirmed.refusal);
      if (confirmed.value === null) return respond(c, refuse("upload_incomplete").refusal);
      return c.json(viewFile(confirmed.value), 200, NO_STORE);
    });
}

/** A repeated announcement finds its file by this key. No key of an upload has a space in it. */
function announcementKey(key: string | undefined): string | null {
  return key === undefined ? null : `announced ${key}`;
}

function depsOf(c: AppContext): Deps {
  return { env: c.env, db: databaseOf(c), now: Date.now() };
}
