import { z } from "@hono/zod-openapi";
import { zodErrors } from "../http/field-errors.ts";
import type { FieldError, Refusal } from "../results.ts";

/** A row of a batch: what it says, or which of its fields break which rules. */
export type BatchRow<T> = { ok: true; value: T } | { ok: false; errors: FieldError[] };

/** Broken rules listed for one row: the first ones say what is wrong with it. */
const MAX_LISTED = 5;
/** Broken rules listed, more or less, for a batch that is refused as a whole. */
const MAX_LISTED_OF_ALL = 100;

/**
 * A list of which each row is judged by itself: the request's schema takes any row, {@link readRows} says what is wrong
 * with each. In the OpenAPI document it is a list of the row's own form, under `name`.
 *
 * @param most rows of one call.
 */
export function rowsSchema(name: string, row: z.ZodType, most: number) {
  const { $schema: _dialect, ...form } = z.toJSONSchema(row, { io: "input", unrepresentable: "any" });
  // SAFETY: JSON Schema 2020-12 is the schema language of OpenAPI 3.1; the generator's types know a subset of it.
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
 * Judges each row by itself.
 * @param name of the list, with which error paths begin: `rows[3].user_id`.
 * @param altered what of a row a parser would have altered, with its path in the row; null: nothing.
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
 * Refuses, in place, each row that stands for the same as one before it, which it names.
 * @param name of the list, as in {@link readRows}.
 * @param keyOf what a row stands for.
 * @param field of the row that is to blame; none: the row as a whole.
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

/** The refusal of a batch that has no row to be done: what is wrong with the first of them. Null where one can be done. */
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
