import { z } from "zod";
import { snapshotSchema } from "../../mirror/index.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { logFault } from "../../platform/log.ts";
import { explanationSchema } from "../../unlock/index.ts";
import { type EdgeEntry, MAX_STALE_SECONDS } from "./entry.ts";

// The cache of the location in which the Worker runs, shared by the isolates there. It cannot be reached from outside:
// its addresses have no real host, and they are hashes. An answer from it names its enrollment, which is compared with
// the caller's.

/** A cache apart from the one for ordinary answers. */
const CACHE = "latchkey-edge-reads";
/** Addresses are looked up, never fetched. */
const ORIGIN = "https://edge-reads.invalid/";
const META = "x-latchkey-entry";

const metaSchema = z.object({
  enrollment: z.string(),
  key: z.string(),
  as_of: z.number(),
  valid_until: z.number().nullable(),
  etag: z.string(),
  snapshot: snapshotSchema,
  kind: z.enum(["body", "why"]),
  bytes: z.number(),
});

/** The answer in this location's cache, however old; null if there is none or the cache fails. */
export async function recallFromLocation(enrollment: string, key: string): Promise<EdgeEntry | null> {
  try {
    const cache = await caches.open(CACHE);
    const found = await cache.match(await addressOf(enrollment, key));
    if (found === undefined) return null;
    const meta = metaSchema.parse(JSON.parse(found.headers.get(META) ?? ""));
    // The address is a hash of both. If it ever leads to another's answer, that answer is not shown.
    if (meta.enrollment !== enrollment || meta.key !== key) return null;
    const body = new Uint8Array(await found.arrayBuffer());
    const content =
      meta.kind === "body"
        ? { kind: meta.kind, body }
        : { kind: meta.kind, explanation: explanationSchema.parse(JSON.parse(new TextDecoder().decode(body))) };
    const { as_of: asOf, valid_until, etag, snapshot, bytes } = meta;
    return { asOf, validUntil: valid_until ?? Number.POSITIVE_INFINITY, etag, snapshot, content, bytes };
  } catch (fault) {
    logFault("edge_cache_unreadable", fault);
    return null;
  }
}

/** Stores an answer for the other isolates of this location. Never throws: a cache that stores nothing does no harm. */
export async function keepInLocation(enrollment: string, key: string, entry: EdgeEntry): Promise<void> {
  const { asOf, validUntil, etag, snapshot, content, bytes } = entry;
  if (content.kind === "item") return;
  const meta: z.input<typeof metaSchema> = {
    enrollment,
    key,
    as_of: asOf,
    valid_until: Number.isFinite(validUntil) ? validUntil : null,
    etag,
    snapshot,
    kind: content.kind,
    bytes,
  };
  const headers = { "cache-control": `max-age=${MAX_STALE_SECONDS}`, [META]: JSON.stringify(meta) };
  try {
    const cache = await caches.open(CACHE);
    const body = content.kind === "body" ? content.body : JSON.stringify(content.explanation);
    await cache.put(await addressOf(enrollment, key), new Response(body, { headers }));
  } catch (fault) {
    logFault("edge_cache_unwritable", fault);
  }
}

async function addressOf(enrollment: string, key: string): Promise<string> {
  return ORIGIN + (await sha256Hex(`${enrollment}\n${key}`));
}
