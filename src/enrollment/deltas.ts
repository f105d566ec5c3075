import type { Delta } from "../unlock/index.ts";

/** "Nothing opened, nothing locked". */
export const NO_CHANGE: Delta = { unlocked: [], locked: [] };

/** Joins two deltas in a row. Items that opened and locked again in between are left out. */
export function combine(first: Delta, second: Delta): Delta {
  const without = (items: string[], others: string[]) => items.filter((item) => !others.includes(item));
  return {
    unlocked: [...without(first.unlocked, second.locked), ...without(second.unlocked, first.locked)],
    locked: [...without(first.locked, second.unlocked), ...without(second.locked, first.unlocked)],
  };
}
