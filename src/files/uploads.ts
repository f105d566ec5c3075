import type { Database } from "../platform/database/counted.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { hashOf, inspect, receive } from "./bytes.ts";
import { quotaOf } from "./limits.ts";
import { type AnnouncedFile, findByUploadKey, findFile, isAlive, markReady, removeFile, reserve } from "./store.ts";
import type { FileRow } from "./tables.ts";

/** An upload whose key comes again after this time has died, and the next one replaces it. */
const ABANDONED_AFTER_MS = 60_000;

export interface Deps {
  env: Env;
  db: Database;
  /** Epoch milliseconds. */
  now: number;
}
export type Body = ReadableStream<Uint8Array> | null;

/** Writes the row of a file to come. @returns it, or `quota_exceeded`. */
async function announce({ env, db, now }: Deps, file: AnnouncedFile): Promise<Result<FileRow>> {
  const quota = quotaOf(env);
  const row = await reserve(db, file, quota, now);
  if (row !== null) return ok(row);
  return refuse("quota_exceeded", {
    detail: `You can have at most ${quota.files} files with ${quota.bytes} bytes together. Unfinished uploads count. Delete some files.`,
  });
}

/** The same, once for each upload key: a client that lost the answer gets the same file again. */
export async function announceOnce(deps: Deps, file: AnnouncedFile): Promise<Result<FileRow>> {
  const announced = await announce(deps, file);
  if (announced.ok || file.upload_key === null) return announced;
  const earlier = await findByUploadKey(deps.db, file.owner, file.upload_key);
  return earlier !== undefined && isAlive(earlier, deps.now) && isSameFile(earlier, file) ? ok(earlier) : announced;
}

/**
 * A whole upload in one request: writes the row, stores the bytes, makes the row ready. A refused upload is removed at
 * once, or by the sweep if that fails.
 */
export async function uploadDirectly(
  deps: Deps,
  file: AnnouncedFile,
  body: Body,
): Promise<Result<{ row: FileRow; replayed: boolean }>> {
  if (file.upload_key !== null) {
    const earlier = await settleEarlier(deps, file, file.upload_key, body);
    if (earlier !== null) return earlier.ok ? ok({ row: earlier.value, replayed: true }) : earlier;
  }
  const announced = await announce(deps, file);
  if (!announced.ok) {
    // Two first tries at once: only one of them has the key.
    const isTaken =
      file.upload_key !== null && (await findByUploadKey(deps.db, file.owner, file.upload_key)) !== undefined;
    return isTaken ? UNDER_WAY : announced;
  }
  const received = await receive(deps.env.FILES, announced.value.key, body, file);
  if (!received.ok) {
    await removeFile(deps.env, deps.db, announced.value).catch((fault: unknown) => {
      logFault("file_removal_left", fault, { file_id: announced.value.id });
    });
    return received;
  }
  const finished = await finish(deps, announced.value, received.value);
  return finished.ok ? ok({ row: finished.value, replayed: false }) : finished;
}

const UNDER_WAY = refuse("concurrent_change", {
  detail: "The first upload with this key is still under way.",
  retry_after: 1,
});

function isSameFile(earlier: FileRow, file: AnnouncedFile): boolean {
  return (
    earlier.name === file.name &&
    earlier.type === file.type &&
    earlier.size === file.size &&
    earlier.expires_at === file.expires_at
  );
}

/** What an earlier upload with the same key means for this one; null: nothing, this one may continue. */
async function settleEarlier(
  { env, db, now }: Deps,
  file: AnnouncedFile,
  uploadKey: string,
  body: Body,
): Promise<Result<FileRow> | null> {
  const earlier = await findByUploadKey(db, file.owner, uploadKey);
  if (earlier === undefined) return null;
  const isDead = earlier.state === "pending" && now - earlier.created_at >= ABANDONED_AFTER_MS;
  if (isDead || !isAlive(earlier, now)) {
    await removeFile(env, db, earlier);
    return null;
  }
  if (earlier.state === "pending") return UNDER_WAY;
  if (!isSameFile(earlier, file)) return refuse("idempotency_key_reused");
  const sent = await hashOf(body, file.size);
  if (!sent.ok) return sent;
  return sent.value === earlier.sha256 ? ok(earlier) : refuse("idempotency_key_reused");
}

/** Stores the bytes of an announced file, sent to the given address. */
export async function receiveAnnounced(deps: Deps, file: FileRow, body: Body): Promise<Result<FileRow>> {
  const there = await confirm(deps, file);
  const settled = there.ok ? (there.value === null ? null : ok(there.value)) : there;
  if (settled !== null) {
    await body?.cancel();
    return settled;
  }
  const received = await receive(deps.env.FILES, file.key, body, file);
  return received.ok ? finish(deps, file, received.value) : received;
}

/**
 * Makes a pending file ready if its bytes are there: after an upload that did not pass the Worker, or one that died
 * between bytes and row. Bytes that differ from the announced ones are removed.
 * @returns the ready file, null when no bytes have come, or the refusal.
 */
export async function confirm(deps: Deps, file: FileRow): Promise<Result<FileRow | null>> {
  const found = await inspect(deps.env.FILES, file.key, file);
  if (!found.ok) {
    await deps.env.FILES.delete(file.key);
    return found;
  }
  return found.value === null ? ok(null) : finish(deps, file, found.value);
}

/** Pending becomes ready. If the row is gone meanwhile, the bytes are removed too. */
async function finish({ env, db, now }: Deps, file: FileRow, sha256: string): Promise<Result<FileRow>> {
  try {
    const ready = await markReady(db, file.id, sha256, now);
    if (ready !== null) return ok(ready);
    const current = await findFile(db, file.id);
    if (current?.state === "ready") return ok(current); // two said so at once, of the same bytes
    await env.FILES.delete(file.key);
    return refuse("not_found", { detail: "The file was deleted while it was uploaded." });
  } catch (fault) {
    // It is not known whether the row was changed, so the bytes stay: the sweep removes them if it was not.
    logFault("file_not_finished", fault, { file_id: file.id });
    return refuse("unavailable", { detail: "The file could not be stored.", retry_after: 1 });
  }
}
