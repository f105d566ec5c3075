import type { ExportPage, ExportPosition } from "../platform/cell/export-rows.ts";
import type { Result } from "../platform/results.ts";
import type { ExportedRecord } from "./source.ts";

/** All pages of an object's export. @throws when the object cannot answer: an export is complete or it is cut. */
export async function* exportedBy(
  page: (from: ExportPosition | null) => Promise<Result<ExportPage>>,
): AsyncIterable<ExportedRecord> {
  let from: ExportPosition | null = null;
  do {
    const { rows, next }: ExportPage = answered(await page(from));
    yield* rows;
    from = next;
  } while (from !== null);
}

/** @throws when the call was refused: a source cannot return a refusal. */
export function answered<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.refusal.code}`);
  return result.value;
}
