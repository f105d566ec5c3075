import type { Entry } from "./table.ts";

/** Items behind another that are named in its warning; of more, only the number. */
const MAX_NAMED_BEHIND = 5;

/** A sentence about the items behind another: the first by name, and how many they are. */
export function saidOf(entries: readonly Entry[], what: string): string {
  if (entries.length === 0) return "";
  const named = entries.slice(0, MAX_NAMED_BEHIND).map((entry) => entry.item.id);
  const left = entries.length - named.length;
  return ` ${entries.length} more ${what}: ${named.join(", ")}${left > 0 ? ` and ${left} more` : ""}.`;
}

/** Where a finding about what opens an item is reported. */
export function rulePath(entry: Entry): string {
  return entry.item.rule === null ? entry.path : `${entry.path}.rule`;
}
