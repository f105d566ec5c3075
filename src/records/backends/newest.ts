import type { StoredRecord } from "../types.ts";

/** For each id the record with the highest version, the first of equal ones: the result of writing all of them. */
export function newestOf(records: readonly StoredRecord[]): StoredRecord[] {
  const newest = new Map<string, StoredRecord>();
  for (const record of records) {
    const other = newest.get(record.id);
    if (other === undefined || record.version > other.version) newest.set(record.id, record);
  }
  return [...newest.values()];
}
