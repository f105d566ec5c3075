import { and, eq, sql } from "drizzle-orm";
import { hashOf, inspect, receivePart } from "../files/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { describeFault, logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { archiveKey } from "./keys.ts";
import { ABANDONED_AFTER_MS, PART_BYTES, PARTS_TTL_MS } from "./limits.ts";
import { removeImport } from "./remove.ts";
import { findByUploadKey, findImport, type NewImport, reserve } from "./store.ts";
import { courseImportParts, courseImports, type ImportRow } from "./tables.ts";
import { type Body, type Deps, isSameUpload, noRoom, queueArchive, UNDER_WAY } from "./upload.ts";

const ARCHIVE = "application/octet-stream";

const partsOf = (size: number): number => Math.ceil(size / PART_BYTES);
/** Bytes that a part must have. */
const sizeOfPart = (size: number, part: number): number => Math.min(PART_BYTES, size - (part - 1) * PART_BYTES);

/** Numbers of the parts that have arrived. */
export async function partsReceived(db: Database, id: string): Promise<number[]> {
  const rows = await db
    .select({ part: courseImportParts.part })
    .from(courseImportParts)
    .where(eq(courseImportParts.import_id, id))
    .orderBy(courseImportParts.part)
    .all();
  return rows.map(({ part }) => part);
}

/**
 * Begins an upload in parts: row, upload in the bucket, its name in the row. A key that was used before returns the
 * same upload again, with the parts that have arrived.
 */
export async function beginParts(deps: Deps, announced: NewImport): Promise<Result<ImportRow>> {
  const { env, db, now } = deps;
  if (announced.upload_key !== null) {
    const earlier = await findByUploadKey(db, announced.owner, announced.upload_key);
    if (earlier !== undefined) {
      if (!isSameUpload(earlier, announced)) return refuse("idempotency_key_reused");
      if (earlier.upload_id !== null && !isOver(earlier, now)) return ok(earlier);
      if (earlier.upload_id === null && now - earlier.created_at < ABANDONED_AFTER_MS) return UNDER_WAY;
      await removeImport(env, db, earlier);
    }
  }
  const id = await reserve(db, announced, now);
  if (id === null) return noRoom(db, announced);
  const upload = await env.DOCUMENTS.createMultipartUpload(archiveKey(id), { httpMetadata: { contentType: ARCHIVE } });
  const row = await db
    .update(courseImports)
    .set({ upload_id: upload.uploadId })
    .where(eq(courseImports.id, id))
    .returning()
    .get();
  return row === undefined ? UNDER_WAY : ok(row);
}

/** Whether an upload cannot be continued any more; then the nightly job removes it. */
function isOver({ state, created_at }: ImportRow, now: number): boolean {
  return state === "receiving" && now - created_at >= PARTS_TTL_MS;
}

/** An owner's upload in parts, also if its archive has arrived by now. */
export async function findUpload(db: Database, owner: string, id: string, now: number): Promise<ImportRow | null> {
  const row = await findImport(db, id);
  const isTheirs = row !== undefined && row.owner === owner && row.upload_id !== null && !isOver(row, now);
  return isTheirs ? row : null;
}

/** Stores one part. The same bytes again are accepted; other bytes for the same part are refused. */
export async function takePart({ env, db }: Deps, row: ImportRow, part: number, body: Body): Promise<Result<string>> {
  const { id, size: whole, upload_id, state } = row;
  if (part < 1 || part > partsOf(whole) || upload_id === null) {
    return refuse("invalid_input", {
      errors: [{ path: "part", rule: "too_big", message: `There are ${partsOf(whole)} parts, the first is 1.` }],
    });
  }
  const size = sizeOfPart(whole, part);
  const place = and(eq(courseImportParts.import_id, id), eq(courseImportParts.part, part));
  const earlier = await db.select().from(courseImportParts).where(place).get();
  if (earlier !== undefined || state !== "receiving") {
    const sent = await hashOf(body, size);
    if (!sent.ok) return sent;
    if (sent.value === earlier?.sha256) return ok(sent.value);
    return refuse("content_mismatch", {
      detail: `Part ${part} is there with other bytes. Another upload takes others.`,
    });
  }
  const upload = env.DOCUMENTS.resumeMultipartUpload(archiveKey(id), upload_id);
  const received = await receivePart(upload, part, body, size);
  if (!received.ok) return received;
  const { etag, sha256 } = received.value;
  const [kept] = await db.all<{ part: number }>(sql`
    INSERT INTO course_import_parts (import_id, part, etag, sha256)
    SELECT id, ${part}, ${etag}, ${sha256} FROM course_imports WHERE id = ${id} AND state = 'receiving'
    ON CONFLICT (import_id, part) DO UPDATE SET etag = excluded.etag, sha256 = excluded.sha256
    RETURNING part`);
  if (kept === undefined) return refuse("not_found", { detail: "The upload was given up meanwhile." });
  return ok(sha256);
}

/** A bucket's answers for a missing upload, and for parts that differ from the stored ones. */
const NO_UPLOAD = /\b10024\b/;
const OTHER_PARTS = /\b1002[35]\b/;

/** Puts the parts together and lets the import wait for its worker; harmless to repeat. */
export async function completeParts(deps: Deps, row: ImportRow): Promise<Result<ImportRow>> {
  const { env, db } = deps;
  const { id, size, upload_id } = row;
  if (row.state !== "receiving" || upload_id === null) return ok(row);
  const parts = await db
    .select()
    .from(courseImportParts)
    .where(eq(courseImportParts.import_id, id))
    .orderBy(courseImportParts.part)
    .all();
  const there = new Set(parts.map(({ part }) => part));
  const missing = Array.from({ length: partsOf(size) }, (_, at) => at + 1).filter((part) => !there.has(part));
  if (missing.length > 0) return refuse("upload_incomplete", { detail: `Parts are missing: ${missing.join(", ")}.` });
  const key = archiveKey(id);
  try {
    const upload = env.DOCUMENTS.resumeMultipartUpload(key, upload_id);
    await upload.complete(parts.map(({ part, etag }) => ({ partNumber: part, etag })));
  } catch (fault) {
    // An earlier try may have come this far, or another request may just have.
    if ((await env.DOCUMENTS.head(key)) === null) return await notTogether(db, id, fault);
  }
  const whole = await inspect(env.DOCUMENTS, key, { size, type: ARCHIVE, sha256: null });
  if (!whole.ok) return whole;
  if (whole.value === null) return refuse("unavailable", { detail: "The archive is not there yet.", retry_after: 1 });
  const queued = await queueArchive(deps, id, row, whole.value);
  const now = queued ?? (await findImport(db, id));
  return now === undefined || now.state === "receiving" ? UNDER_WAY : ok(now);
}

/** The bucket has not put the parts together. If parts differ from its own, all parts must be sent again. */
async function notTogether(db: Database, id: string, fault: unknown) {
  const said = describeFault(fault);
  logFault("parts_not_completed", fault, { import: id });
  if (OTHER_PARTS.test(said)) {
    await db.run(sql`DELETE FROM course_import_parts WHERE import_id = ${id}`);
    return refuse("upload_incomplete", { detail: "Parts were sent twice at once; send all of them again." });
  }
  if (NO_UPLOAD.test(said)) {
    return refuse("upload_incomplete", { detail: "The bucket has given this upload up; begin another." });
  }
  return refuse("unavailable", { detail: "The parts could not be put together.", retry_after: 1 });
}
