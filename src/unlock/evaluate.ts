import { isClosed } from "./ends.ts";
import { isConcealed } from "./hiding.ts";
import type { Change, Learner } from "./learner.ts";
import { pauseAt } from "./pause.ts";
import { NONE, type Program, STANDING } from "./program.ts";
import { plainScope } from "./scope.ts";
import {
  countedFrom,
  doneAt,
  isCompleted,
  isLockedByStaff,
  isStarted,
  passesPrevious,
  passesTutorial,
  ruleHolds,
  type Scope,
} from "./truth.ts";

/** The state of every item for one learner at one instant. Arrays are indexed by item number. */
export interface Evaluation {
  /** 1 if the learner may open the item. */
  readonly open: Uint8Array;
  /** 1 if the rules alone (without overrides and practice mode) open it, or if it is kept open. */
  readonly earned: Uint8Array;
  /** 1 if the learner may know of it. */
  readonly visible: Uint8Array;
  /** First instant (epoch ms, exclusive end) at which time alone may change the answer; Infinity if never. */
  validUntil: number;
}

/**
 * Evaluates every item. Snapshot, realtime answers, explanations, dry runs and time travel all use this one function.
 * @param now epoch ms. `from` is inclusive, `until` exclusive.
 */
export function evaluate(program: Program, learner: Learner, now: number): Evaluation {
  const scope = scopeOf(program, learner, now);
  const evaluation = blank(program.size, nextBoundary(scope));
  evaluateItems(scope, 0, program.size, evaluation);
  if (pauseAt(learner.pauses, now) !== null) evaluation.open.fill(0);
  return evaluation;
}

/** What the evaluator reads for a learner at an instant, with the locked chapters if the course needs them. */
export function scopeOf(course: Program, learner: Learner, now: number): Scope {
  const scope = plainScope(course, learner, now);
  const { relocks } = scope.program;
  if (relocks === null) return scope;
  // Each chapter after everything it depends on: that is known by then. Until a chapter is decided, it counts as
  // locked.
  const locked = new Uint8Array(scope.program.chapterCount).fill(1);
  const knowing = { ...scope, locked };
  const into = blank(scope.program.size, now);
  for (const chapter of relocks) {
    evaluateItems(knowing, chapter, chapter + 1, into);
    locked[chapter] = into.open[chapter] === 1 ? 0 : 1;
  }
  return knowing;
}

export function blank(size: number, validUntil: number): Evaluation {
  return { open: new Uint8Array(size), earned: new Uint8Array(size), visible: new Uint8Array(size), validUntil };
}

/** Numbers of the items that a learner can open now but could not open before, and the reverse; in course order. */
export interface Opening {
  readonly opened: number[];
  readonly closed: number[];
}

/**
 * Evaluates again, IN PLACE, only what new facts can affect: the items that depend on them, and the problems of
 * chapters that opened or locked as a result. The cost grows with those items and not with the course. If a transaction
 * may fail, its caller drops the evaluation then and makes a new one.
 *
 * Afterwards it equals a full {@link evaluate}, `validUntil` included, if two things are true: nothing but those facts
 * (and what they keep open) has changed since it was made, and `now` is no earlier and has not reached `validUntil`.
 * Otherwise callers evaluate in full. A property test checks this.
 *
 * @param changes the results of `setFact`, in that order.
 */
export function reevaluate(
  course: Program,
  learner: Learner,
  evaluation: Evaluation,
  changes: readonly Change[],
  now: number,
): Opening {
  const scope = scopeOf(course, learner, now);
  const { program } = scope;
  if (program.relocks !== null || pauseAt(learner.pauses, now) !== null) return renewAll(scope, evaluation);
  const { chapterCount, chapterOf, closes, comesWith, dependents, problemsOf, gate, standing } = program;
  const opening: Opening = { opened: [], closed: [] };
  const movedChapters = new Set<number>();
  const renewChapter = (chapter: number) => {
    // The facts of a chapter alone may change whether its end closes its problems, without a change of its own lock.
    // The same is true for whether a deprecated chapter is known: its problems depend on it, and it does not show while
    // the chapter is concealed.
    const isVeiled = standing[chapter] === STANDING.DEPRECATED && program.conceals[chapter] === 1;
    if (renew(scope, chapter, evaluation, opening) || closes[chapter] === 1 || isVeiled) movedChapters.add(chapter);
  };
  // A rule on the course total depends on every problem.
  const askers = program.asksTotal && changes.some(({ item }) => item >= chapterCount) ? program.askTotal : NO_ITEMS;
  // Chapters decide problems, so they go first. Deciding an item twice does no harm.
  for (const asker of askers) if (asker < chapterCount) renewChapter(asker);
  for (const { item } of changes) {
    for (const dependent of dependents[item] ?? []) {
      if (dependent >= chapterCount) break;
      renewChapter(dependent);
    }
    const home = chapterOf[item] ?? NONE;
    if (home !== NONE && standing[home] === STANDING.DEPRECATED) renewChapter(home);
  }
  for (const asker of askers) if (asker >= chapterCount) renew(scope, asker, evaluation, opening);
  for (const { item } of changes) {
    for (const dependent of dependents[item] ?? []) {
      if (dependent >= chapterCount) renew(scope, dependent, evaluation, opening);
    }
  }
  for (const chapter of movedChapters) {
    for (const problem of problemsOf[chapter] ?? []) {
      if (gate[problem] === chapter || comesWith[problem] === chapter) renew(scope, problem, evaluation, opening);
    }
  }
  evaluation.validUntil = boundaryAfter(scope, changes, evaluation.validUntil);
  opening.opened.sort((a, b) => a - b);
  opening.closed.sort((a, b) => a - b);
  return opening;
}

const NO_ITEMS = new Int32Array(0);

/**
 * The same in full. If locked items undo what depends on them, one fact may reach everything; and in a pause, other
 * items are open than the rules open.
 */
function renewAll(scope: Scope, evaluation: Evaluation): Opening {
  const { size } = scope.program;
  const before = Uint8Array.from({ length: size }, (_, item) => (canOpen(evaluation, item) ? 1 : 0));
  evaluateItems(scope, 0, size, evaluation);
  if (pauseAt(scope.learner.pauses, scope.now) !== null) evaluation.open.fill(0);
  evaluation.validUntil = nextBoundary(scope);
  const opening: Opening = { opened: [], closed: [] };
  for (let item = 0; item < size; item += 1) {
    if (canOpen(evaluation, item) !== (before[item] === 1)) {
      (before[item] === 1 ? opening.closed : opening.opened).push(item);
    }
  }
  return opening;
}

/** Evaluates one item again and notes whether it opened or closed. True if anything about it changed. */
function renew(scope: Scope, item: number, evaluation: Evaluation, opening: Opening): boolean {
  const { open, earned, visible } = evaluation;
  const wasOpen = open[item];
  const wasEarned = earned[item];
  const wasVisible = visible[item];
  const couldOpen = canOpen(evaluation, item);
  evaluateItems(scope, item, item + 1, evaluation);
  if (canOpen(evaluation, item) !== couldOpen) (couldOpen ? opening.closed : opening.opened).push(item);
  return open[item] !== wasOpen || earned[item] !== wasEarned || visible[item] !== wasVisible;
}

/** A hidden item cannot be opened. */
function canOpen({ open, visible }: Evaluation, item: number): boolean {
  return open[item] === 1 && visible[item] === 1;
}

/**
 * Evaluates the items `from` to `to` (exclusive). Chapters have lower numbers than problems, so a problem's chapter is
 * decided before it. This is one pass, because most of the time of an evaluation is spent here: values that all items
 * share are read once, and what few courses and learners have (order, tutorial, exceptions) is checked only here.
 */
function evaluateItems(scope: Scope, from: number, to: number, into: Evaluation): void {
  const { program, learner } = scope;
  const { standing, gate, tutorial, concealsAny } = program;
  const { kept } = learner;
  const { open, earned, visible } = into;
  const isSequential = program.outline.options.sequential;
  const isGated = !passesTutorial(scope, NONE);
  const hasExceptions = scope.exceptions !== null || learner.practiceMode;
  for (let item = from; item < to; item += 1) {
    const status = standing[item];
    if (status === STANDING.DRAFT) continue; // nothing is ever set for it
    let isOpen = 1;
    let isEarned = 1;
    if (isGated && item !== tutorial) {
      isOpen = 0;
      isEarned = 0;
    } else if (kept[item] !== 1 || isClosed(scope, item)) {
      // The rules cannot give more than the chapter has, so they are only evaluated if its chapter has something.
      const chapter = gate[item] ?? NONE;
      if (chapter !== NONE) {
        isEarned = earned[chapter] ?? 0;
        isOpen = isEarned | (open[chapter] ?? 0);
      }
      if (isOpen === 1 && !((!isSequential || passesPrevious(scope, item)) && ruleHolds(scope, item))) {
        isOpen = 0;
        isEarned = 0;
      }
    }
    if (hasExceptions) isOpen = isOpenTo(scope, item, isOpen === 1) ? 1 : 0;
    open[item] = isOpen;
    earned[item] = isEarned;
    visible[item] = status === STANDING.OFFERED || isKnownTo(learner, program, item, visible) ? 1 : 0;
    if (concealsAny && program.conceals[item] === 1 && isConcealed(scope, item, into)) visible[item] = 0;
  }
}

/**
 * Whether a learner still sees a deprecated item: one that the learner started, or whose chapter the learner started.
 */
function isKnownTo(learner: Learner, program: Program, item: number, visible: Uint8Array): boolean {
  if (isStarted(learner, item)) return true;
  const chapter = program.comesWith[item] ?? NONE;
  if (chapter !== item && chapter !== NONE) {
    // A chapter that is concealed for another reason is still known.
    const isAsked = visible[chapter] !== 1 && program.conceals[chapter] === 1;
    return isAsked ? isKnownTo(learner, program, chapter, visible) : visible[chapter] === 1;
  }
  if (chapter === NONE) return false;
  return (program.problemsOf[chapter] ?? []).some(
    (problem) => program.statuses[problem] !== "draft" && isStarted(learner, problem),
  );
}

/** Precedence: lock, unlock, a locked chapter, practice mode, the rules. */
function isOpenTo(scope: Scope, item: number, isGranted: boolean): boolean {
  if (scope.exceptions !== null) {
    const own = scope.exceptions.get(item);
    if (own?.lock === true) return false;
    if (own?.unlock === true) return true;
    const chapter = scope.program.gate[item] ?? NONE;
    if (chapter !== NONE && isLockedByStaff(scope, chapter)) return false;
  }
  return isGranted || scope.learner.practiceMode;
}

/**
 * Whether one item is open, for callers who need only that item. Equals the answer of {@link evaluate}.
 * @param into overwritten at the item and its chapter; callers with many questions pass the same one each time.
 */
export function isOpenIn(scope: Scope, item: number, into = blank(scope.program.size, scope.now)): boolean {
  if (pauseAt(scope.learner.pauses, scope.now) !== null) return false;
  const chapter = scope.program.gate[item] ?? NONE;
  if (chapter !== NONE) evaluateItems(scope, chapter, chapter + 1, into);
  evaluateItems(scope, item, item + 1, into);
  return into.open[item] === 1;
}

/** First instant after `now` at which time alone may change something. Infinity if there is none. */
function nextBoundary(scope: Scope): number {
  const { program, learner, now } = scope;
  const pause = pauseAt(learner.pauses, now);
  let next = Math.min(
    firstAfter(program.boundaries, now, 0),
    learner.early === 0 ? Number.POSITIVE_INFINITY : firstAfter(program.boundaries, now, -learner.early),
    // In a pause the time since the enrollment does not pass.
    pause === null ? firstAfter(program.enrollmentDelays, now, learner.enrolledAt) : (pause.until ?? Infinity),
  );
  for (let leaf = 0; leaf < program.afterItems.length; leaf += 1) {
    const opens = doneAt(scope, program.afterItems[leaf] ?? NONE) + (program.afterDelays[leaf] ?? Number.NaN);
    if (opens > now && opens < next) next = opens;
  }
  for (const { expires_at, extend_to } of learner.overrides) {
    if (expires_at !== null && expires_at > now && expires_at < next) next = expires_at;
    if (extend_to !== null && extend_to > now && extend_to < next) next = extend_to;
  }
  return next;
}

/**
 * {@link nextBoundary} after changes of facts, computed from its value before them: facts only move the instants of the
 * `after` leaves on their items. All leaves are read only if the instant that was next has itself moved.
 */
function boundaryAfter(scope: Scope, changes: readonly Change[], previous: number): number {
  const { afterItems, afterDelays } = scope.program;
  let next = previous;
  for (const { item, completedBefore } of changes) {
    const before = countedFrom(scope, item, completedBefore);
    const after = doneAt(scope, item);
    if (Object.is(before, after)) continue;
    for (let leaf = indexAfter(afterItems, item - 1, 0); afterItems[leaf] === item; leaf += 1) {
      const delay = afterDelays[leaf] ?? Number.NaN;
      if (before + delay === previous) return nextBoundary(scope);
      const opens = after + delay;
      if (opens > scope.now && opens < next) next = opens;
    }
  }
  return next;
}

/** Smallest `offset + values[i]` greater than `now`, for ascending values. */
function firstAfter(values: Float64Array, now: number, offset: number): number {
  const index = indexAfter(values, now, offset);
  return index < values.length ? (values[index] ?? 0) + offset : Number.POSITIVE_INFINITY;
}

/** Index of that value, by binary search. */
function indexAfter(values: Float64Array | Int32Array, now: number, offset: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) + offset > now) high = middle;
    else low = middle + 1;
  }
  return low;
}

export type ItemState = "locked" | "unlocked" | "started" | "completed";

/**
 * The state shown for an item. A completed item stays `completed` even when it is locked again; `open` says whether it
 * is locked.
 */
export function stateOf(learner: Learner, evaluation: Evaluation, item: number): ItemState {
  if (isCompleted(learner, item)) return "completed";
  if (evaluation.open[item] !== 1) return "locked";
  return isStarted(learner, item) ? "started" : "unlocked";
}

/** What changed between two states of one learner, by item id: exactly the difference of the two sets of open items. */
export interface Delta {
  unlocked: string[];
  locked: string[];
}

/** Ids that a learner can open, as a set that stays valid when the course version changes. */
export function openIds(program: Program, evaluation: Evaluation): Set<string> {
  const open = new Set<string>();
  for (let item = 0; item < program.size; item += 1) {
    if (evaluation.open[item] === 1 && evaluation.visible[item] === 1) open.add(program.ids[item] ?? "");
  }
  return open;
}

export function difference(before: ReadonlySet<string>, after: ReadonlySet<string>): Delta {
  return {
    unlocked: [...after].filter((id) => !before.has(id)),
    locked: [...before].filter((id) => !after.has(id)),
  };
}
