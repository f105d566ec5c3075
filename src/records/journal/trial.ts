import { withTimeOut } from "../../platform/http/time-out.ts";
import { describeFault } from "../../platform/log.ts";
import type { FieldValue, RecordType, StorageBackend, StoredRecord } from "../types.ts";

/** Owner of trial records. No user has a space in their id. */
const OWNER = "trial record";
/** Characters of a fault that are passed on. */
const DETAIL_CHARACTERS = 120;

/**
 * Writes a record that is known to be good by the very way that has just failed, and takes it away again. A place that
 * answers reads may still refuse writes: only a write that succeeds while another fails says that the other's rows are
 * the cause. What a crash leaves behind is replaced and removed by the next trial.
 *
 * @param name of whoever asks: each has a trial record of its own.
 * @returns what the place said when it refused this one too; null when it takes writes.
 */
export async function refusalOf(
  backend: StorageBackend,
  type: RecordType,
  name: string,
  timeoutMs: number,
): Promise<string | null> {
  const record = trialRecord(type, name, Date.now());
  try {
    await withTimeOut(backend.write(type, [record]), timeoutMs, "a trial write");
    await withTimeOut(backend.delete(type, [record.id]), timeoutMs, "a trial removal");
    return null;
  } catch (fault) {
    return `${backend.name}: ${describeFault(fault).slice(0, DETAIL_CHARACTERS)}`;
  }
}

function trialRecord(type: RecordType, name: string, now: number): StoredRecord {
  const fields = Object.entries(type.fields).map(([field, form]): [string, FieldValue] => [
    field,
    type.nullable?.includes(field) === true ? null : form === "text" ? "" : 0,
  ]);
  return {
    id: `trial ${name}`,
    owner: OWNER,
    version: now,
    created_at: now,
    updated_at: now,
    expires_at: null,
    fields: Object.fromEntries(fields),
    body: "{}",
  };
}
