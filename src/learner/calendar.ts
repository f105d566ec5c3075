import { z } from "@hono/zod-openapi";
import { DAY_MS } from "../platform/instants.ts";
import type { AgendaItem } from "../unlock/index.ts";
import { deadline } from "./next.ts";

// The dates that subscribers of a calendar have already. A calendar recognises an event by its name (UID), and accepts
// a change only if its number (SEQUENCE) has grown (RFC 5545 section 3.8.7.4). So both are stored.

/** One due date as it was last sent. Instants in epoch ms. */
export const calendarEntrySchema = z.object({
  item: z.string(),
  at: z.number(),
  /** How often it has changed. */
  sequence: z.number(),
  /** When it first had this value. */
  stamp: z.number(),
  /** It is no longer due: for some time it is sent as cancelled. */
  off: z.boolean(),
});
export type CalendarEntry = z.infer<typeof calendarEntrySchema>;

/** The limit of due dates in one calendar: the first ones. Calendars read all of them each time. */
export const MAX_ENTRIES = 500;
/** Older due dates are left out. */
const PAST_DAYS = 180;
/** A cancelled date is sent for this long, because a calendar that was not opened for a month still shows it. */
const CANCELLED_DAYS = 30;

/**
 * The dates to send now.
 *
 * @param items the learner's agenda; empty for a learner who has left the course: then every date is cancelled.
 * @param known the dates that were sent before.
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
    // A date that is only too old, or beyond the limit, is not cancelled: it is left out.
    .filter(({ item, off, stamp }) => !present.has(item) && !(off && stamp < now - CANCELLED_DAYS * DAY_MS))
    .map((entry) => (entry.off ? entry : { ...entry, sequence: entry.sequence + 1, stamp: now, off: true }));
  return [...told, ...cancelled.slice(0, MAX_ENTRIES)];
}
