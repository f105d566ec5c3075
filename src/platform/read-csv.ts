import type { z } from "@hono/zod-openapi";
import type { FieldError } from "./results.ts";

/** At most this many broken rules are listed for one file: the first ones show what is wrong with it. */
export const MAX_CSV_ERRORS = 50;

/** One field with the comma or line end after it; a quoted field may contain commas and doubled quotes. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;

/** One checked line of a file. */
export interface CsvRow<T> {
  /** Counts from 1, with the header. */
  line: number;
  value: T;
}

/**
 * Reads comma-separated text: a header, then one record on each line. Quoted fields are allowed, but no line breaks in
 * them. `?` and an empty field both mean "missing" and become null. Columns that the schema does not know are ignored.
 *
 * @param file name used in the paths of errors: `<file> line <n> <column>`.
 * @param schema of one record, by column name.
 * @returns the records that fit, and at most {@link MAX_CSV_ERRORS} errors, by line.
 */
export function readCsv<Shape extends z.ZodRawShape>(
  file: string,
  text: string,
  schema: z.ZodObject<Shape>,
): { rows: CsvRow<z.output<z.ZodObject<Shape>>>[]; errors: FieldError[] } {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const header = fieldsOf(lines[0] ?? "") ?? [];
  const columns = Object.keys(schema.shape).map((name) => ({ name, at: header.indexOf(name) }));
  const errors: FieldError[] = columns
    .filter(({ at }) => at === -1)
    .map(({ name }) => ({
      path: placeIn(file, 1, name),
      rule: "missing_column",
      message: `The header has no column ${JSON.stringify(name)}.`,
    }));
  if (errors.length > 0) return { rows: [], errors };

  const rows: CsvRow<z.output<z.ZodObject<Shape>>>[] = [];
  for (let index = 1; index < lines.length && errors.length < MAX_CSV_ERRORS; index += 1) {
    const source = lines[index] ?? "";
    const line = index + 1;
    if (source === "") continue; // the line break at the end of the file
    const fields = fieldsOf(source);
    if (fields?.length !== header.length) {
      errors.push(
        fields === null
          ? { path: placeIn(file, line), rule: "broken_quotes", message: "A quoted field does not end as it should." }
          : {
              path: placeIn(file, line),
              rule: "column_count",
              message: `${fields.length} fields, but the header has ${header.length}.`,
            },
      );
      continue;
    }
    const record = Object.fromEntries(columns.map(({ name, at }) => [name, present(fields[at])]));
    const parsed = schema.safeParse(record);
    if (parsed.success) rows.push({ line, value: parsed.data });
    for (const issue of parsed.error?.issues ?? []) {
      errors.push({
        path: placeIn(file, line, issue.path.join(".")),
        rule: issue.code,
        message: issue.message,
      });
    }
  }
  return { rows, errors: errors.slice(0, MAX_CSV_ERRORS) };
}

/** The place of a fault, for a person with the file open. */
export function placeIn(file: string, line: number, column?: string): string {
  return `${file} line ${line}${column === undefined ? "" : ` ${column}`}`;
}

function present(field: string | undefined): string | null {
  const text = field?.trim() ?? "";
  return text === "" || text === "?" ? null : text;
}

/** The fields of one line; null if a quote opens or closes nothing. */
function fieldsOf(line: string): string[] | null {
  const fields: string[] = [];
  for (let at = 0; ; at = FIELD.lastIndex) {
    FIELD.lastIndex = at;
    const match = FIELD.exec(line);
    if (match === null) return null;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] !== ",") return fields;
  }
}
