import type { SpooledItem } from "./spool.ts";

/** Items and characters of JSON that one batch holds at most. */
export interface BatchLimits {
  items: number;
  characters: number;
}

export interface Cut {
  /** How many of the items, from the first on, make the next batch. */
  count: number;
  /** Whether nothing that is written later could still join it. */
  isClosed: boolean;
}

/**
 * Where the next batch ends: a batch is of one kind and one owner, and within the limits. The order of writing is kept,
 * so that a session goes before its tasks and an item's versions go one after the other.
 */
export function cutBatch(items: readonly SpooledItem[], limits: BatchLimits): Cut {
  const [first] = items;
  if (first === undefined) return { count: 0, isClosed: false };
  let characters = 0;
  for (const [count, next] of items.entries()) {
    if (count >= limits.items) return { count, isClosed: true };
    const isOther = next.kind !== first.kind || ownerOf(next) !== ownerOf(first);
    characters += JSON.stringify(next.item).length;
    // An item that is too large by itself goes alone, and the server says what it thinks of it.
    if (count > 0 && (isOther || characters > limits.characters)) return { count, isClosed: true };
  }
  return { count: items.length, isClosed: items.length >= limits.items };
}

function ownerOf({ item }: SpooledItem): string {
  return item.session_id.slice(0, Math.max(0, item.session_id.indexOf(":")));
}
