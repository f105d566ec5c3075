import { sql } from "drizzle-orm";
import { addAuditEntryWhere } from "../audit/index.ts";
import { hashOf, receive } from "../files/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { archiveKey } from "./keys.ts";
import { ABANDONED_AFTER_MS, MAX_OWNED_BYTES, MAX_UNENDED } from "./limits.ts";
import type { ImportMessage } from "./messages.ts";
import { removeImport } from "./remove.ts";
import { findByUploadKey, type NewImport, noteAsked, queueStatement, reserve } from "./store.ts";
import type { ImportRow } from "./tables.ts";

export type Body = ReadableStream<Uint8Array> | null;

export interface Deps {
  env: Env;
  db: Database;
  /** Epoch milliseconds. */
  now: number;
}

export const UNDER_WAY = refuse("concurrent_change", {
  detail: "The first upload with this key is still under way.",
  retry_after: 1,
});

/**
 * Receives an archive for an import: row, bytes, row made ready and audited, message sent. The bytes are streamed and
 * never in memory as a whole. A key that was used before returns the same import again.
 */
export async function takeArchive(
  deps: Deps,
  announced: NewImport,
  type: string,
  body: Body,
): Promise<Result<{ row: ImportRow; replayed: boolean }>> {
  const { env, db, now } = deps;
  if (announced.upload_key !== null) {
    const earlier = await settleEarlier(deps, announced, announced.upload_key, body);
    if (earlier !== null) return earlier.ok ? ok({ row: earlier.value, replayed: true }) : earlier;
  }
  const id = await reserve(db, announced, now);
  if (id === null) return noRoom(db, announced);
  const { size } = announced;
  const received = await receive(env.DOCUMENTS, archiveKey(id), body, { size, type, sha256: null });
  if (!received.ok) {
    await removeImport(env, db, { id, upload_id: null, state: "receiving" }).catch((fault: unknown) =>
      logFault("import_removal_left", fault, { import: id }),
    );
    return received;
  }
  const row = await queueArchive(deps, id, announced, received.value);
  if (row === undefined) {
    await removeImport(env, db, { id, upload_id: null, state: "receiving" });
    return refuse("concurrent_change", { detail: "Another upload with this key took its place.", retry_after: 1 });
  }
  return ok({ row, replayed: false });
}

/** Why nothing was reserved: no room, or two simultaneous first tries, of which the other has the key. */
export async function noRoom(db: Database, { owner, upload_key }: NewImport) {
  if (upload_key !== null && (await findByUploadKey(db, owner, upload_key)) !== undefined) return UNDER_WAY;
  const detail = `You can have at most ${MAX_UNENDED} imports under way, and ${MAX_OWNED_BYTES} bytes of archives together. Archives are kept for a week.`;
  return refuse("quota_exceeded", { detail });
}

/**
 * The archive has arrived: the import waits for its worker, and a message asks for it.
 * @returns undefined if the row was given up, or had its archive before.
 */
export async function queueArchive(deps: Deps, id: string, announced: NewImport, sha256: string) {
  const row = await queue(deps, id, announced, sha256);
  if (row === undefined) return row;
  const { env, db } = deps;
  try {
    await env.IMPORT_QUEUE.send({ type: "import", id } satisfies ImportMessage);
  } catch (fault) {
    // The archive has arrived, and the minute cron asks again.
    logFault("import_not_sent", fault, { import: id });
    await noteAsked(db, [id], 0).catch((later: unknown) => logFault("import_not_sent", later, { import: id }));
  }
  return row;
}

/** The archive has arrived: in one batch the import waits for its worker, and the audit log has the entry. */
async function queue({ db, now }: Deps, id: string, announced: NewImport, sha256: string) {
  const { owner, role, course_slug, format, request_id } = announced;
  const entry = {
    action: "course.import_begun",
    actor: { id: owner, role },
    target: { type: "course", id: course_slug },
    course: course_slug,
    request_id,
    details: { kind: format, hash: sha256 },
    unique: id,
  } as const;
  const isReceiving = sql`EXISTS (SELECT 1 FROM course_imports WHERE id = ${id} AND state = 'receiving')`;
  const [, [row]] = await db.batch([
    addAuditEntryWhere(db, entry, now, isReceiving),
    queueStatement(db, id, sha256, now),
  ]);
  return row;
}

/** What an earlier upload with the same key means for this one; null: nothing, it may continue. */
async function settleEarlier(
  { env, db, now }: Deps,
  announced: NewImport,
  uploadKey: string,
  body: Body,
): Promise<Result<ImportRow> | null> {
  const earlier = await findByUploadKey(db, announced.owner, uploadKey);
  if (earlier === undefined) return null;
  if (earlier.state === "receiving") {
    if (now - earlier.created_at < ABANDONED_AFTER_MS) return UNDER_WAY;
    await removeImport(env, db, earlier);
    return null;
  }
  if (!isSameUpload(earlier, announced)) return refuse("idempotency_key_reused");
  const sent = await hashOf(body, announced.size);
  if (!sent.ok) return sent;
  return sent.value === earlier.sha256 ? ok(earlier) : refuse("idempotency_key_reused");
}

/** Whether a key was used for the same archive, as far as the announcement says. */
export function isSameUpload(earlier: ImportRow, { format, course_slug, name, size }: NewImport): boolean {
  return (
    earlier.format === format && earlier.course_slug === course_slug && earlier.name === name && earlier.size === size
  );
}
