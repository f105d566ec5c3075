import { z } from "@hono/zod-openapi";
import { erasedAmong } from "../../identity/index.ts";
import { directory } from "../../platform/database/shards.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { nodeCrypto } from "../../platform/node-crypto.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { type Place, placeOf, RESOURCES } from "./document-place.ts";
import { mediaType } from "./form/values.ts";
import { MAX_BYTES, MAX_DOCUMENTS } from "./limits.ts";
import { homePagesOf, whoAre } from "./people.ts";
import { readJson } from "./read-body.ts";
import { originOf, type XapiRequest } from "./request.ts";
import { addDocument, documentAt, documentIds, dropDocument, dropDocuments, replaceDocument } from "./statements.ts";
import type { Store } from "./store.ts";

// Documents of state and of profiles: 1.0.3 part 3, sections 2.2 to 2.7 and 3.1 (concurrency).

/** Attempts of a write that others overtake. */
const ATTEMPTS = 5;
const rowSchema = z.object({ content_type: z.string(), bytes: z.string(), etag: z.string(), updated: z.int() });
type Kept = z.output<typeof rowSchema>;
type Kind = keyof typeof RESOURCES;

const objectSchema = z.record(z.string(), z.unknown());
const TOO_LARGE = refuse("body_too_large", { detail: `A document has at most ${MAX_BYTES} bytes.` });
const NO_TYPE = refuse("invalid_input", {
  errors: [{ path: "header.content-type", rule: "media_type", message: "an Internet media type" }],
});

/** Where one document is; that of no registration has an empty one. */
function keyOf({ course }: Store, { kind, activity, agent, registration, id }: Place) {
  return [course, kind, activity, agent, registration ?? "", id ?? ""] as const;
}

async function keptAt(env: Env, store: Store, place: Place): Promise<Kept | null> {
  const row = await documentAt(directory(env), ...keyOf(store, place)).first();
  return row === null ? null : rowSchema.parse(row);
}

export async function getDocuments(
  c: AppContext,
  store: Store,
  kind: Kind,
  request: XapiRequest,
): Promise<Result<Response>> {
  const found = placeOf(request, RESOURCES[kind], true);
  if (!found.ok) return found;
  const place = found.value;
  if (place.id === null) {
    const { activity, agent, registration, since } = place;
    const { results } = await documentIds(
      directory(c.env),
      store.course,
      kind,
      activity,
      agent,
      registration,
      since,
    ).all();
    return ok(Response.json([...new Set(results.map(({ id }) => String(id)))]));
  }
  const kept = await keptAt(c.env, store, place);
  if (kept === null) return refuse("not_found");
  const headers = {
    "content-type": kept.content_type,
    etag: `"${kept.etag}"`,
    "last-modified": new Date(kept.updated).toUTCString(),
    // What was sent is never taken for a page of this host.
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
  };
  return ok(new Response(Uint8Array.fromBase64(kept.bytes), { headers }));
}

export async function deleteDocuments(
  c: AppContext,
  store: Store,
  kind: Kind,
  request: XapiRequest,
): Promise<Result<Response>> {
  const found = placeOf(request, RESOURCES[kind], kind === "state");
  if (!found.ok) return found;
  const place = found.value;
  const { activity, agent, registration } = place;
  const db = directory(c.env);
  if (place.id === null) await dropDocuments(db, store.course, kind, activity, agent, registration).run();
  else {
    const kept = await keptAt(c.env, store, place);
    const failed = precondition(request, kept, false);
    if (failed !== null) return failed;
    // Who names what is to be deleted deletes that, and nothing that was written meanwhile.
    const seen = request.headers.has("if-match") || request.headers.has("if-none-match") ? (kept?.etag ?? "") : null;
    const { meta } = await dropDocument(db, ...keyOf(store, place), seen).run();
    if (seen !== null && kept !== null && meta.changes === 0) return refuse("precondition_failed");
  }
  return ok(new Response(null, { status: 204 }));
}

/** PUT replaces a document, POST lays a JSON object over one. */
export async function writeDocument(
  c: AppContext,
  store: Store,
  kind: Kind,
  request: XapiRequest,
): Promise<Result<Response>> {
  const found = placeOf(request, RESOURCES[kind], false);
  if (!found.ok) return found;
  const place = found.value;
  const bytes = await request.body();
  const contentType = request.headers.get("content-type") ?? "application/octet-stream";
  if (bytes.length > MAX_BYTES) return TOO_LARGE;
  if (!mediaType.safeParse(contentType).success) return NO_TYPE;
  if (isJson(contentType)) {
    const json = readJson(bytes);
    if (!json.ok) return json;
  }
  const owner = await ownerOf(c, store, place);
  if (!owner.ok) return owner;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const kept = await keptAt(c.env, store, place);
    const mustKnow = request.method === "PUT" && (kind !== "state" || request.major === 2);
    const failed = precondition(request, kept, mustKnow);
    if (failed !== null) return failed;
    const next =
      request.method === "POST" && kept !== null ? merged(kept, bytes, contentType) : ok({ bytes, contentType });
    if (!next.ok) return next;
    // What is laid over each other grows: the whole is what is kept.
    if (next.value.bytes.length > MAX_BYTES) return TOO_LARGE;
    const written = await write(c.env, store, place, owner.value, kept, next.value);
    if (!written.ok) return written;
    if (written.value) return ok(new Response(null, { status: 204 }));
  }
  return refuse("concurrent_change", { retry_after: 1 });
}

/** @returns whether it was written: false where somebody else wrote in between. */
async function write(
  env: Env,
  store: Store,
  place: Place,
  owner: string | null,
  kept: Kept | null,
  next: { bytes: Uint8Array; contentType: string },
): Promise<Result<boolean>> {
  const db = directory(env);
  const text = next.bytes.toBase64();
  const etag = nodeCrypto().createHash("sha1").update(`${next.contentType}\n${text}`).digest("hex");
  const key = keyOf(store, place);
  const now = Date.now();
  if (kept !== null) {
    const { meta } = await replaceDocument(db, ...key, next.contentType, text, etag, now, kept.etag).run();
    return ok(meta.changes > 0);
  }
  const { meta } = await addDocument(db, ...key, owner, next.contentType, text, etag, now, MAX_DOCUMENTS).run();
  if (meta.changes > 0) return ok(true);
  if ((await keptAt(env, store, place)) !== null) return ok(false);
  return refuse("quota_exceeded", { detail: `At most ${MAX_DOCUMENTS} documents of one kind are kept here.` });
}

/** Whether the headers of a request forbid it; null: they do not. */
function precondition({ headers, query }: XapiRequest, kept: Kept | null, mustKnow: boolean) {
  const [match, noneMatch] = [headers.get("if-match"), headers.get("if-none-match")];
  const names = (header: string) =>
    header.trim() === "*" || header.split(",").some((tag) => tag.trim() === `"${kept?.etag}"`);
  if (match !== null && (kept === null || !names(match))) return refuse("precondition_failed");
  if (noneMatch !== null && kept !== null && names(noneMatch)) return refuse("precondition_failed");
  if (!mustKnow || match !== null || noneMatch !== null) return null;
  if (kept === null && query.has("stateId")) return null;
  if (kept === null) {
    const message = "If-None-Match: * says that the document is to be new, If-Match which one it replaces";
    return refuse("invalid_input", { errors: [{ path: "header.if-match", rule: "required", message }] });
  }
  return refuse("document_exists", {
    detail:
      "Read the document first, and send its ETag as If-Match; or If-None-Match: * to write only where there is none.",
  });
}

function merged(
  kept: Kept,
  bytes: Uint8Array,
  contentType: string,
): Result<{ bytes: Uint8Array; contentType: string }> {
  const old = isJson(kept.content_type) ? readJson(Uint8Array.fromBase64(kept.bytes)) : null;
  const sent = isJson(contentType) ? readJson(bytes) : null;
  const [before, after] = [old, sent].map((one) => objectSchema.safeParse(one?.ok === true ? one.value : null));
  if (before?.success !== true || after?.success !== true) {
    const message = "a POST is laid over a document only where both are JSON objects";
    return refuse("invalid_input", { errors: [{ path: "", rule: "not_mergeable", message }] });
  }
  const text = JSON.stringify({ ...before.data, ...after.data });
  return ok({ bytes: new TextEncoder().encode(text), contentType: "application/json" });
}

function isJson(contentType: string): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType);
}

/** Whose documents these are, if that is somebody here. Nothing is kept of somebody who was erased. */
async function ownerOf(c: AppContext, store: Store, { actor }: Place): Promise<Result<string | null>> {
  if (actor === null) return ok(null);
  const whoIs = await whoAre(c.env, [actor], homePagesOf(originOf(c), store.settings.home_pages));
  const user = whoIs(actor);
  if (user === null) return ok(null);
  const erased = await erasedAmong(directory(c.env), [user]);
  return erased.size === 0 ? ok(user) : refuse("user_not_found", { detail: "The agent is somebody who was erased." });
}
