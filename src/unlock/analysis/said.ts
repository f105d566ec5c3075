import type { Entry } from "./table.ts";

/** A warning names this many items that depend on another, and gives only the number of the rest. */
const MAX_NAMED_BEHIND = 5;

/** A sentence about the items that depend on another: the first few by name, and how many there are. */
export function saidOf(entries: readonly Entry[], what: string): string {
  if (entries.length === 0) return "";
  const named = entries.slice(0, MAX_NAMED_BEHIND).map((entry) => entry.item.id);
  const left = entries.length - named.length;
  return ` ${entries.length} more ${what}: ${named.join(", ")}${left > 0 ? ` and ${left} more` : ""}.`;
}

/** The place in the document where a finding about an item's opening is reported. */
export function rulePath(entry: Entry): string {
  return entry.item.rule === null ? entry.path : `${entry.path}.rule`;
}
