import { Store } from "../lib/store.ts";

/** How long an item has its mark after it has opened, milliseconds, unless it is visited before. */
const MARK_MS = 120_000;

/** Items that opened a moment ago while the page was visible, with the moment. */
export const opened = new Store<ReadonlyMap<string, number>>(new Map());

/** Gives items the mark. */
export function markOpened(items: readonly string[], now = Date.now()): void {
  if (items.length === 0) return;
  opened.set(new Map([...opened.get(), ...items.map((item) => [item, now] as const)]));
  setTimeout(() => {
    opened.set(new Map([...opened.get()].filter(([item, at]) => !(at === now && items.includes(item)))));
  }, MARK_MS);
}

/** Removes the mark from items: they have been visited, or locked again. */
export function unmarkOpened(items: readonly string[]): void {
  const current = opened.get();
  if (!items.some((item) => current.has(item))) return;
  opened.set(new Map([...current].filter(([item]) => !items.includes(item))));
}
