// Staff may pause a learner's course: while a pause is in force nothing is open, and the time since the enrollment does
// not pass. Pure: `now` is an argument.

/** A pause. Instants in epoch ms. */
export interface Pause {
  since: number;
  /** The pause ends at this instant; null: when staff end it. */
  until: number | null;
  /** What staff wrote for the learner. */
  reason: string;
}

/** The pauses of a learner so far. */
export interface Pauses {
  /** Length of the pauses before the last one, ms. */
  over: number;
  /** The last pause, in force or run out; null if staff ended it, and then it counts in `over`. */
  last: Pause | null;
}

/** The pause in force at an instant. */
export function pauseAt(pauses: Pauses | null, now: number): Pause | null {
  const last = pauses?.last ?? null;
  if (last === null || now < last.since) return null;
  return last.until === null || now < last.until ? last : null;
}

/** How long the learner was paused in total up to an instant, ms. */
export function pausedBy(pauses: Pauses | null, now: number): number {
  if (pauses === null) return 0;
  const { over, last } = pauses;
  if (last === null || now <= last.since) return over;
  return over + Math.min(last.until ?? now, now) - last.since;
}

/**
 * How much later dates come that count from the enrollment, as far as is known: a pause in force counts up to its end,
 * and not at all while it has no end.
 */
export function pausedInAll(pauses: Pauses | null, now: number): number {
  const current = pauseAt(pauses, now);
  if (current === null) return pausedBy(pauses, now);
  return (pauses?.over ?? 0) + (current.until === null ? 0 : current.until - current.since);
}

/** The same, with the pause in force ended at this instant. */
export function resumed(pauses: Pauses | null, now: number): Pauses | null {
  return pauses === null || pauseAt(pauses, now) === null ? pauses : { over: pausedBy(pauses, now), last: null };
}

/** The same, with a pause from now on; a pause in force gets the new end and reason. */
export function paused(pauses: Pauses | null, pause: Omit<Pause, "since">, now: number): Pauses {
  const current = pauseAt(pauses, now);
  if (current !== null) return { over: pauses?.over ?? 0, last: { ...pause, since: current.since } };
  return { over: pausedBy(pauses, now), last: { ...pause, since: now } };
}
