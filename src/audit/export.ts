import type { Database } from "../platform/database/counted.ts";
import { toInstant } from "../platform/instants.ts";
import { logFault } from "../platform/log.ts";
import { csvLine } from "../platform/write-csv.ts";
import { type AuditFilter, type AuditRow, findEntries, namedEntries, positionOf, storedFilter } from "./query.ts";
import { viewEntry } from "./view.ts";

export const FORMATS = ["csv", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

/** Entries read at a time. An export never has more in memory, whatever its length. */
const EXPORT_PAGE = 1_000;

const CSV_HEADER = [
  "seq",
  "action",
  "occurred_at",
  "received_at",
  "actor_id",
  "actor_role",
  "target_type",
  "target_id",
  "course",
  "enrollment",
  "request_id",
  "outcome",
  "details",
  "reported_by",
  "hash",
] as const satisfies readonly (keyof AuditRow)[];

/**
 * The entries of a filter, newest first. A page is read after the reader has read the page before, so memory stays
 * small. An error cuts the stream: the reader sees a broken connection, never a file that looks complete. NDJSON also
 * ends with a line that has the number of entries.
 */
export function exportStream(db: Database, filter: AuditFilter, format: Format): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let before: number | null = null;
  let stored: AuditFilter | null = null;
  let count = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          stored ??= await storedFilter(db, filter);
          const rows = await findEntries(db, stored, before, EXPORT_PAGE);
          const named = await namedEntries(db, rows);
          const head = before === null && format === "csv" ? csvLine(CSV_HEADER) : "";
          const text = head + named.map(format === "csv" ? csvEntry : jsonEntry).join("");
          count += rows.length;
          const last = rows.at(-1);
          const isLast = last === undefined || rows.length < EXPORT_PAGE;
          const end = isLast && format === "ndjson" ? `${JSON.stringify({ end: true, entries: count })}\n` : "";
          if (text + end !== "") controller.enqueue(encoder.encode(text + end));
          if (isLast) controller.close();
          else before = positionOf(filter, last);
        } catch (fault) {
          logFault("audit_export_cut", fault);
          controller.error(fault);
        }
      },
    },
    // Nothing is read ahead of the reader.
    { highWaterMark: 0 },
  );
}

function csvEntry(row: AuditRow): string {
  const shown = { ...row, occurred_at: toInstant(row.occurred_at), received_at: toInstant(row.received_at) };
  return csvLine(CSV_HEADER.map((column) => shown[column]));
}

function jsonEntry(row: AuditRow): string {
  return `${JSON.stringify(viewEntry(row))}\n`;
}
