import type { ObjectDump } from "../platform/cell/object-dump.ts";
import type { Loaded } from "../platform/cell/object-load.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { loadEnrollment } from "./backup.ts";
import type { EnrollmentCore } from "./core.ts";
import { markEverythingPending, tellAgain } from "./pending.ts";

/**
 * Removes everything, also the alarm. Refused while the learner is enrolled (somebody may have just come back), and
 * while rows are pending: D1 must know of the withdrawal, and the audit chain who ordered it.
 */
export async function destroy(core: EnrollmentCore): Promise<Result<{ destroyed: boolean }>> {
  if (core.cell.isErased) return ok({ destroyed: true }); // only the mark of the erasure is left
  const state = await core.load();
  if (state?.meta.status === "active") {
    await tellAgain(core);
    return refuse("concurrent_change");
  }
  if (state !== null && core.outbox.depth(Date.now()).rows > 0) return refuse("unavailable", { retry_after: 1 });
  await core.cell.empty();
  return ok({ destroyed: true });
}

/**
 * Removes everything, whatever the state, for ever. @returns `unavailable` while rows are pending for the audit chain.
 */
export async function erase({ cell, outbox }: EnrollmentCore): Promise<Result<{ erased: boolean }>> {
  if (cell.exists && outbox.hasPendingAudit()) return refuse("unavailable", { retry_after: 1 });
  await cell.erase();
  return ok({ erased: true });
}

/** Fills the empty object with a copy, and wakes it: rows that were pending in the copy are pending again. */
export async function restore(
  core: EnrollmentCore,
  dump: ObjectDump,
  outline: readonly string[],
  job: string,
): Promise<Result<Loaded>> {
  const load = (storage: DurableObjectStorage) => loadEnrollment(storage, dump, outline, job);
  const loaded = await core.cell.restore(dump, job, load);
  if (!loaded.ok || !loaded.value.is_complete) return loaded;
  await core.load();
  core.commit(() => {
    // Promised to another object, by objects that do not know this one.
    core.promised.end("lease");
    core.promised.end("nobody");
    return ok(markEverythingPending(core, Date.now()));
  });
  return loaded;
}
