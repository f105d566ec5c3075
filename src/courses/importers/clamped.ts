import { toInstant } from "../../platform/instants.ts";

/** The last instant that is written with a year of four digits. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/**
 * An instant of a source as a document writes it. What lies before 1970 or beyond the year 9999 means "always" and
 * "never" there, and does so at these ends too.
 */
export function clampedInstant(ms: number): string {
  return toInstant(Math.min(LAST_MS, Math.max(0, Number.isNaN(ms) ? 0 : ms)));
}
