import { z } from "@hono/zod-openapi";
import { zodErrors } from "../http/field-errors.ts";
import type { FieldError, Refusal } from "../results.ts";

/** A row of a batch: its value, or the fields that break rules. */
export type BatchRow<T> = { ok: true; value: T } | { ok: false; errors: FieldError[] };

/** At most this many broken rules are listed for one row: the first ones show what is wrong with it. */
const MAX_LISTED = 5;
/** About this many broken rules are listed for a batch that is refused as a whole. */
const MAX_LISTED_OF_ALL = 100;

/**
 * A list in which each row is checked by itself: the request's schema accepts any row, and {@link readRows} reports the
 * faults of each. In the OpenAPI document it is a list of the real row, under `name`.
 *
 * @param most limit of rows in one call.
 */
export function rowsSchema(name: string, row: z.ZodType, most: number) {
  const { $schema: _dialect, ...form } = z.toJSONSchema(row, { io: "input", unrepresentable: "any" });
  // SAFETY: JSON Schema 2020-12 is the schema language of OpenAPI 3.1; the types of the generator cover a subset of it.
  const documented = z.unknown().openapi(name, form as Parameters<z.ZodUnknown["openapi"]>[1]);
  return z
    .array(documented)
    .min(1)
    .max(most)
    .openapi({
      description: `Rows with the schema ${name}. A row that breaks a rule is refused alone, with its index, field and rule.`,
    });
}

/**
 * Checks each row by itself.
 * @param name of the list. Error paths begin with it: `rows[3].user_id`.
 * @param altered the part of a row that a parser would have changed, with its path in the row; null: none.
 */
export function readRows<T>(
  name: string,
  row: z.ZodType<T>,
  inputs: readonly unknown[],
  altered: (index: number) => FieldError | null,
): BatchRow<T>[] {
  return inputs.map((input, index) => {
    const fault = altered(index);
    if (fault !== null) {
      const path = `${name}[${index}]${fault.path === "" ? "" : `.${fault.path}`}`;
      return { ok: false, errors: [{ ...fault, path }] };
    }
    const parsed = row.safeParse(input);
    if (parsed.success) return { ok: true, value: parsed.data };
    const errors = zodErrors(parsed.error, `${name}[${index}]`);
    return { ok: false, errors: errors.slice(0, MAX_LISTED) };
  });
}

/**
 * Refuses, in place, each row with the same meaning as an earlier one, and names the earlier one.
 * @param name of the list, as in {@link readRows}.
 * @param keyOf the meaning of a row.
 * @param field the field to blame; absent: the row as a whole.
 */
export function refuseTwice<T>(name: string, rows: BatchRow<T>[], keyOf: (value: T) => string, field?: string): void {
  const first = new Map<string, number>();
  rows.forEach((row, index) => {
    if (!row.ok) return;
    const key = keyOf(row.value);
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, index);
      return;
    }
    const path = `${name}[${index}]${field === undefined ? "" : `.${field}`}`;
    const message = `the same is in ${name}[${before}] already; only that row is done`;
    rows[index] = { ok: false, errors: [{ path, rule: "duplicate", message }] };
  });
}

/** The refusal of a batch in which no row can be done, with the faults of the first rows. Null if one can be done. */
export function refusedRows(rows: readonly BatchRow<unknown>[]): Refusal | null {
  const errors: FieldError[] = [];
  for (const row of rows) {
    if (row.ok) return null;
    if (errors.length < MAX_LISTED_OF_ALL) errors.push(...row.errors);
  }
  return { code: "invalid_input", errors };
}

/** Field errors in an answer of a batch. */
export const rowErrorsSchema = z
  .array(z.object({ path: z.string(), rule: z.string(), message: z.string() }))
  .optional()
  .openapi({ description: "For a refused row: which field breaks which rule." });
