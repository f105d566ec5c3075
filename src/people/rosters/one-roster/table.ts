import type { FieldError } from "../../../platform/results.ts";
import { readRecords } from "../../csv.ts";
import type { RosterNote } from "../shapes.ts";

/** Faults listed of one file set: the first ones say what is wrong. */
const MAX_FAULTS = 50;
/** Notes kept of one run. */
export const MAX_NOTES = 200;

/** Gathers what is wrong (nothing is done then) and what was left out (the rest is done). */
export class Findings {
  readonly faults: FieldError[] = [];
  readonly notes: RosterNote[] = [];

  fault(path: string, rule: string, message: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ path, rule, message });
  }

  note(path: string, rule: string, message: string): void {
    if (this.notes.length < MAX_NOTES) this.notes.push({ path, rule, message });
  }
}

export interface TableRow {
  line: number;
  /** Cell of a column; "" where the file has no such column. */
  get(column: string): string;
}

/** Where something stands: file, line and column, for a person with the file open. */
export function placeOf(file: string, line: number, column = ""): string {
  return `${file} line ${line}${column === "" ? "" : ` ${column}`}`;
}

/**
 * A CSV file of a roster as rows. Columns are found by name, in any order and case; unknown ones are noted. Missing columns,
 * rows of another length and broken quotes are faults. Pure.
 */
export function readTable(
  file: string,
  text: string,
  columns: { needed: readonly string[]; known: readonly string[] },
  found: Findings,
): TableRow[] {
  const { records, brokenAt } = readRecords(text);
  if (brokenAt !== null) found.fault(placeOf(file, brokenAt), "broken_quotes", "A quote opens or closes nothing here.");
  const [header, ...rest] = records;
  if (header === undefined) {
    found.fault(placeOf(file, 1), "missing_header", "The file is empty: its first line names the columns.");
    return [];
  }
  const names = header.fields.map((name) => name.toLowerCase());
  const at = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    if (at.has(name))
      found.fault(placeOf(file, header.line, header.fields[index]), "duplicate", "The column is there twice.");
    at.set(name, index);
  }
  for (const name of columns.needed) {
    if (!at.has(name.toLowerCase())) {
      found.fault(placeOf(file, header.line, name), "missing_column", `The header has no column ${name}.`);
    }
  }
  const known = new Set([...columns.needed, ...columns.known].map((name) => name.toLowerCase()));
  for (const [index, name] of names.entries()) {
    if (known.has(name)) continue;
    found.note(placeOf(file, header.line, header.fields[index]), "unknown_column", "The column is not read.");
  }
  if (found.faults.length > 0) return [];
  const rows: TableRow[] = [];
  const cells = new Map(columns.needed.concat(columns.known).map((name) => [name, at.get(name.toLowerCase()) ?? -1]));
  for (const { line, fields } of rest) {
    if (fields.length !== names.length) {
      const message = `${fields.length} fields, but the header has ${names.length}.`;
      found.fault(placeOf(file, line), "column_count", message);
      continue;
    }
    rows.push({ line, get: (column) => fields[cells.get(column) ?? -1] ?? "" });
  }
  return rows;
}
