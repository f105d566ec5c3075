import type { SpooledItem } from "./spool.ts";

/** The limits of items and of JSON characters in one batch. */
export interface BatchLimits {
  items: number;
  characters: number;
}

export interface Cut {
  /** How many of the items, from the first on, form the next batch. */
  count: number;
  /** Whether no later item could join it. */
  isClosed: boolean;
}

/**
 * Where the next batch ends. A batch has one kind and one owner, and stays within the limits. The order of writing is
 * kept, so that a session comes before its tasks, and the versions of an item follow each other.
 */
export function cutBatch(items: readonly SpooledItem[], limits: BatchLimits): Cut {
  const [first] = items;
  if (first === undefined) return { count: 0, isClosed: false };
  let characters = 0;
  for (const [count, next] of items.entries()) {
    if (count >= limits.items) return { count, isClosed: true };
    const isOther = next.kind !== first.kind || ownerOf(next) !== ownerOf(first);
    characters += JSON.stringify(next.item).length;
    // An item that is too large is sent alone, and the server answers for it.
    if (count > 0 && (isOther || characters > limits.characters)) return { count, isClosed: true };
  }
  return { count: items.length, isClosed: items.length >= limits.items };
}

function ownerOf({ item }: SpooledItem): string {
  return item.session_id.slice(0, Math.max(0, item.session_id.indexOf(":")));
}
