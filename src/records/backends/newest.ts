import type { StoredRecord } from "../types.ts";

/** Of each id the record with the highest version, the first of equals: what a write of all of them comes to. */
export function newestOf(records: readonly StoredRecord[]): StoredRecord[] {
  const newest = new Map<string, StoredRecord>();
  for (const record of records) {
    const other = newest.get(record.id);
    if (other === undefined || record.version > other.version) newest.set(record.id, record);
  }
  return [...newest.values()];
}
