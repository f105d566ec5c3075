import { toInstant } from "../../platform/instants.ts";

/** The last instant with a four-digit year. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/**
 * An instant of a source, in the form of documents. Instants before 1970 or after the year 9999 mean "always" and
 * "never" there; the ends of that range mean the same here.
 */
export function clampedInstant(ms: number): string {
  return toInstant(Math.min(LAST_MS, Math.max(0, Number.isNaN(ms) ? 0 : ms)));
}
