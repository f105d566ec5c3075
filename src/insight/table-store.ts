import { decodeTable, encodeTable } from "./table-bytes.ts";
import type { LabelledTable } from "./training.ts";

// Feature tables are in the bucket while a run needs them, and are removed when it ends.

export function tablesPrefix(run: string): string {
  return `insight/runs/${run}/`;
}

function keyOf(run: string, course: string, share: number): string {
  return `${tablesPrefix(run)}${course}/${share.toFixed(3)}`;
}

export async function storeTable(bucket: R2Bucket, run: string, labelled: LabelledTable): Promise<void> {
  await bucket.put(keyOf(run, labelled.table.course, labelled.share), encodeTable(labelled));
}

/** @throws if it does not exist: a step has begun before the step that it depends on. */
export async function loadTable(bucket: R2Bucket, run: string, course: string, share: number): Promise<LabelledTable> {
  const stored = await bucket.get(keyOf(run, course, share));
  if (stored === null) throw new Error(`no feature table of ${course} at ${share}`);
  return decodeTable(await stored.arrayBuffer());
}
