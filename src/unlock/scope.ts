import { DAY_MS } from "../platform/instants.ts";
import { derivedAt } from "./completion/excuses.ts";
import type { Learner } from "./learner.ts";
import { pausedBy, pausedInAll } from "./pause.ts";
import { NONE, type Program } from "./program.ts";

// What the evaluator knows of one learner at one instant: facts up to then, and the overrides in force.

/** Everything a leaf reads. */
export interface Scope {
  readonly program: Program;
  readonly learner: Learner;
  readonly now: number;
  /** Only facts up to this instant (inclusive) count. Infinity for all of them; `isClosed` uses less. */
  readonly asOf: number;
  /**
   * Whether a best score counts from the first try on, or only when all facts do. It is not known when it was reached.
   */
  readonly earlyScores: boolean;
  /** Overrides in force, by item; null when there are none. */
  readonly exceptions: ReadonlyMap<number, Exception> | null;
  /**
   * By chapter number: 1 for each locked chapter, if locked chapters count as undone for what depends on them. Null if
   * they do not, and for a past of the facts.
   */
  readonly locked: Uint8Array | null;
}

/** The overrides in force on one item. */
interface Exception {
  unlock: boolean;
  lock: boolean;
  /** Earliest instant of its excuses, NaN if there is none. */
  excusedAt: number;
  /** Latest end of its extensions, -Infinity if there is none. */
  extendTo: number;
}

/** A scope in which the locked chapters are not known yet; see `scopeOf`. */
export function plainScope(course: Program, laidOut: Learner, now: number): Scope {
  const program = course.assignments.length === 0 ? course : laidOut.program;
  let exceptions: Map<number, Exception> | null = null;
  for (const { index, kind, created_at, expires_at, extend_to } of laidOut.overrides) {
    if (expires_at !== null && now >= expires_at) continue;
    exceptions ??= new Map();
    let exception = exceptions.get(index);
    if (exception === undefined) {
      exception = { unlock: false, lock: false, excusedAt: Number.NaN, extendTo: Number.NEGATIVE_INFINITY };
      exceptions.set(index, exception);
    }
    // If there are several of one kind for one item, the earliest excuse and the latest extension count, in any order.
    if (kind === "unlock") exception.unlock = true;
    else if (kind === "lock") exception.lock = true;
    else if (kind === "excuse") exception.excusedAt = earlier(exception.excusedAt, created_at);
    else exception.extendTo = Math.max(exception.extendTo, extend_to ?? Number.NEGATIVE_INFINITY);
  }
  // What chapters count depends on the excuses in force.
  const derived = laidOut.deeds === null ? laidOut : derivedAt(program, laidOut, now);
  const { pauses, begunAt } = derived;
  const learner = pauses === null ? derived : { ...derived, enrolledAt: begunAt + pausedBy(pauses, now) };
  return { program, learner, now, asOf: Number.POSITIVE_INFINITY, earlyScores: true, exceptions, locked: null };
}

/** The earlier of two instants; each may be NaN for "never". */
function earlier(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return a <= b || Number.isNaN(b) ? a : b;
}

/** The time in which an item accepts work, with the learner's extension; its end is exclusive. */
export function windowOf(scope: Scope, item: number): { from: number; until: number } {
  const { from, until } = windowAsWritten(scope, item);
  const extendTo = scope.exceptions?.get(item)?.extendTo ?? Number.NEGATIVE_INFINITY;
  return { from, until: Math.max(until, extendTo) };
}

/** The same without an extension. */
export function windowAsWritten({ program, learner, now }: Scope, item: number): { from: number; until: number } {
  let from = program.workFrom[item] ?? Number.NEGATIVE_INFINITY;
  let until = program.workUntil[item] ?? Number.POSITIVE_INFINITY;
  if (program.relative !== null) {
    const enrolledAt = datesFrom(learner, now);
    const begins = enrolledAt + (program.relative.from[item] ?? Number.NaN);
    const ends = enrolledAt + (program.relative.until[item] ?? Number.NaN);
    if (!Number.isNaN(begins)) from = begins;
    if (!Number.isNaN(ends)) until = Math.min(until, ends);
  }
  return { from: from - learner.early, until };
}

/**
 * When the work of an item is due for the learner, epoch ms: an extension makes it later, as it does with the end of the
 * window. Null: it has no due date.
 */
export function dueOf(scope: Scope, item: number): number | null {
  const due = dueAsWritten(scope, item);
  return due === null ? null : Math.max(due, scope.exceptions?.get(item)?.extendTo ?? due);
}

/** The same without an extension. */
export function dueAsWritten({ program, learner, now }: Scope, item: number): number | null {
  const { outline, chapterCount } = program;
  const due = (item < chapterCount ? outline.chapters[item] : outline.problems[item - chapterCount])?.due;
  if (due === undefined) return null;
  return typeof due === "string" ? Date.parse(due) : datesFrom(learner, now) + Math.round(due.days * DAY_MS);
}

/**
 * The instant from which dates in days since the enrollment count, as it is shown now: a pause in force counts up to
 * its end.
 */
function datesFrom({ pauses, begunAt }: Learner, now: number): number {
  return begunAt + pausedInAll(pauses, now);
}

/** Whether an item would accept work now if it were open. */
export function acceptsWork(scope: Scope, item: number): boolean {
  if (!scope.program.hasWindows) return true;
  const { from, until } = windowOf(scope, item);
  return scope.now >= from && scope.now < until;
}

export function isStarted(learner: Learner, item: number): boolean {
  return !Number.isNaN(learner.attemptedAt[item] ?? Number.NaN);
}

export function isCompleted(learner: Learner, item: number): boolean {
  return !Number.isNaN(learner.completedAt[item] ?? Number.NaN);
}

export function isLockedByStaff({ exceptions }: Scope, item: number): boolean {
  return exceptions?.get(item)?.lock === true;
}

/** Instant from which the learner is excused from the item, NaN if not. */
export function excusedAt({ exceptions, asOf }: Scope, item: number): number {
  const at = exceptions?.get(item)?.excusedAt ?? Number.NaN;
  return at <= asOf ? at : Number.NaN;
}

export function isExcused(scope: Scope, item: number): boolean {
  return scope.exceptions !== null && !Number.isNaN(excusedAt(scope, item));
}

/** Whether the item counts as completed for others. */
export function isDone(scope: Scope, item: number): boolean {
  const isCompleted = (scope.learner.completedAt[item] ?? Number.NaN) <= scope.asOf;
  return (isCompleted && (scope.locked === null || !isUndone(scope, item))) || isExcused(scope, item);
}

/** Whether what was done with an item does not count now, because the item is a locked chapter or is in one. */
export function isUndone({ locked, program }: Scope, item: number): boolean {
  if (locked === null || item === NONE) return false;
  return locked[item < program.chapterCount ? item : (program.gate[item] ?? NONE)] === 1;
}

/**
 * Instant from which the item counts as completed for others: completed or excused, whichever came first. (Completing
 * an item after an excuse must not start a waiting period again.) NaN if neither.
 */
export function doneAt(scope: Scope, item: number): number {
  return countedFrom(scope, item, scope.learner.completedAt[item] ?? Number.NaN);
}

/** {@link doneAt} for a learner who completed the item at `completedAt` (NaN: did not). */
export function countedFrom(scope: Scope, item: number, completedAt: number): number {
  const counts = completedAt <= scope.asOf && (scope.locked === null || !isUndone(scope, item));
  const known = counts ? completedAt : Number.NaN;
  return scope.exceptions === null ? known : earlier(known, excusedAt(scope, item));
}
