import { z } from "@hono/zod-openapi";
import { broken } from "./http/field-errors.ts";

/** Milliseconds of one day; drip rules count days of exactly this length (no calendar, no daylight saving time). */
export const DAY_MS = 86_400_000;

/** An RFC 3339 instant with a time zone, as authors and clients write it. Parsed to epoch milliseconds at the edge. */
export const instantSchema = z.iso
  .datetime({ offset: true, error: "an RFC 3339 instant with a time zone, e.g. 2026-12-01T00:00:00Z" })
  .openapi({ example: "2026-12-01T00:00:00Z" });

/** No real event here is earlier: a date in the first century is the default value of some other system. */
const EARLIEST_MS = Date.UTC(1970, 0, 1);

/** An instant at which something happened: 1970 or later. */
export const happenedSchema = instantSchema.refine(
  (instant) => Date.parse(instant) >= EARLIEST_MS,
  broken("too_early", "1970-01-01T00:00:00Z or later"),
);

/** Epoch milliseconds in the form that every answer uses. */
export function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}

export function toInstantOrNull(ms: number | null): string | null {
  return ms === null ? null : toInstant(ms);
}
