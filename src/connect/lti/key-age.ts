import { DAY_MS } from "../../platform/instants.ts";

// Which of the tool's keys signs follows from their age: the newest that has been published for a day, because platforms
// remember what they have fetched. A key that signs no more stays published for a month. Pure.

const PUBLISHED_FIRST_MS = DAY_MS;
const STAYS_MS = 30 * DAY_MS;

/** The key that signs: of keys by age, newest first. Where none is old enough, the oldest. */
export function signingOf<T extends { created_at: number }>(keys: readonly T[], now: number): T | undefined {
  return keys.find(({ created_at }) => created_at <= now - PUBLISHED_FIRST_MS) ?? keys.at(-1);
}

/** Keys that need no longer be published: the next one has signed for a month. Of keys by age, newest first. */
export function outlived<T extends { created_at: number }>(keys: readonly T[], now: number): T[] {
  return keys.filter((_, index) => {
    const next = keys[index - 1];
    return next !== undefined && next.created_at <= now - PUBLISHED_FIRST_MS - STAYS_MS;
  });
}
