import { z } from "@hono/zod-openapi";
import { DAY_MS } from "../platform/instants.ts";
import type { AgendaItem } from "../unlock/index.ts";
import { deadline } from "./next.ts";

// What subscribers of a calendar were told. A calendar knows an event by its name (UID) and takes a change of it for news when
// its number (SEQUENCE) has grown (RFC 5545 section 3.8.7.4), so both are kept.

/** One due date as it was told last. Instants in epoch ms. */
export const calendarEntrySchema = z.object({
  item: z.string(),
  at: z.number(),
  /** How often it was told otherwise. */
  sequence: z.number(),
  /** When it was told so first. */
  stamp: z.number(),
  /** It is no longer due: it is told as cancelled for some time. */
  off: z.boolean(),
});
export type CalendarEntry = z.infer<typeof calendarEntrySchema>;

/** Due dates of one calendar: those that come first. Calendars read the whole of it each time. */
export const MAX_ENTRIES = 500;
/** What was due longer ago than this is left out. */
const PAST_DAYS = 180;
/** A cancelled date is told for so long: calendars that were not opened for a month show it on. */
const CANCELLED_DAYS = 30;

/**
 * What is to be told now.
 *
 * @param items the learner's agenda; empty for who is no longer in the course: then every date is cancelled.
 * @param known what was told before.
 * @param now epoch ms.
 */
export function calendarEntries(
  items: readonly AgendaItem[],
  known: readonly CalendarEntry[],
  now: number,
): CalendarEntry[] {
  const before = new Map(known.map((entry) => [entry.item, entry]));
  const dated = items
    .map((item) => ({ item: item.id, at: deadline(item) }))
    .filter(({ at }) => Number.isFinite(at) && at >= now - PAST_DAYS * DAY_MS)
    .sort((a, b) => a.at - b.at || (a.item < b.item ? -1 : 1))
    .slice(0, MAX_ENTRIES);
  const told = dated.map(({ item, at }): CalendarEntry => {
    const old = before.get(item);
    if (old === undefined) return { item, at, sequence: 0, stamp: now, off: false };
    if (old.at === at && !old.off) return old;
    return { item, at, sequence: old.sequence + 1, stamp: now, off: false };
  });
  const present = new Set(items.filter((item) => Number.isFinite(deadline(item))).map(({ id }) => id));
  const cancelled = known
    // What is only too long ago, or beyond the bound, is not cancelled: it is not told.
    .filter(({ item, off, stamp }) => !present.has(item) && !(off && stamp < now - CANCELLED_DAYS * DAY_MS))
    .map((entry) => (entry.off ? entry : { ...entry, sequence: entry.sequence + 1, stamp: now, off: true }));
  return [...told, ...cancelled.slice(0, MAX_ENTRIES)];
}
