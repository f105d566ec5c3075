import { withTimeOut } from "../../platform/http/time-out.ts";
import { describeFault } from "../../platform/log.ts";
import type { FieldValue, RecordType, StorageBackend, StoredRecord } from "../types.ts";

/** Owner of trial records. No user has a space in their id. */
const OWNER = "trial record";
/** Characters of an error that are passed on. */
const DETAIL_CHARACTERS = 120;

/**
 * Writes a valid record in the same way that has just failed, and removes it again. A backend that answers reads may
 * still refuse writes: only if this write succeeds while the other fails, the rows of the other are the cause. A record
 * that a crash leaves behind is replaced and removed by the next test.
 * @param name of the caller: each has a test record of its own.
 * @returns the error of the backend when it refused this record too; null when it accepts writes.
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
