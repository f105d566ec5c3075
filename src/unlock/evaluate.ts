import { NONE, OP, type Program } from "./compile.ts";
import type { Learner } from "./learner.ts";

/** Truth of a node. IGNORED is the neutral element: a prerequisite that does not count, in whatever group it stands. */
export const FALSE = 0;
export const TRUE = 1;
export const IGNORED = 2;
export type Truth = typeof FALSE | typeof TRUE | typeof IGNORED;

/** Scores are compared with this slack: a sum of weighted parts may miss the number it should be by a rounding error. */
const SCORE_SLACK = 1e-6;
/**
 * Percentages are compared as rounded to two decimals, so that 2 of 3 is the 66.67 % an author writes. It never gives
 * an item away: one of the most items a course can have is four times as much.
 */
const PERCENT_SLACK = 0.005 + 1e-9;

/** The state of every item for one learner at one instant. Arrays are indexed by item number. */
export interface Evaluation {
  /** 1 where the learner may open the item. */
  readonly open: Uint8Array;
  /** 1 where the rules alone (without overrides and practice mode) open it, or it is kept open. */
  readonly earned: Uint8Array;
  /** 1 where the learner may know of it. */
  readonly visible: Uint8Array;
  /** First instant (epoch ms, exclusive end) at which time alone may change the answer; Infinity if never. */
  readonly validUntil: number;
}

/** Overrides in force at one instant, by item number; null arrays when there are none. */
interface Exceptions {
  readonly unlock: Uint8Array;
  readonly lock: Uint8Array;
  /** Instant of the excuse, NaN where none. */
  readonly excusedAt: Float64Array;
  /** Extended end, -Infinity where none. */
  readonly extendTo: Float64Array;
}

/** Everything a leaf reads. */
export interface Scope {
  readonly program: Program;
  readonly learner: Learner;
  readonly now: number;
  readonly exceptions: Exceptions | null;
}

export function scopeOf(program: Program, learner: Learner, now: number): Scope {
  const active = learner.overrides.filter((override) => override.expires_at === null || now < override.expires_at);
  if (active.length === 0) return { program, learner, now, exceptions: null };
  const exceptions: Exceptions = {
    unlock: new Uint8Array(program.size),
    lock: new Uint8Array(program.size),
    excusedAt: new Float64Array(program.size).fill(Number.NaN),
    extendTo: new Float64Array(program.size).fill(Number.NEGATIVE_INFINITY),
  };
  // Of several of one kind on one item, the earliest excuse and the latest extension count, in whatever order they come.
  for (const { index, kind, created_at, extend_to } of active) {
    if (kind === "unlock") exceptions.unlock[index] = 1;
    else if (kind === "lock") exceptions.lock[index] = 1;
    else if (kind === "excuse") {
      const earlier = exceptions.excusedAt[index] ?? Number.NaN;
      exceptions.excusedAt[index] = Number.isNaN(earlier) ? created_at : Math.min(earlier, created_at);
    } else {
      const other = exceptions.extendTo[index] ?? Number.NEGATIVE_INFINITY;
      exceptions.extendTo[index] = Math.max(other, extend_to ?? Number.NEGATIVE_INFINITY);
    }
  }
  return { program, learner, now, exceptions };
}

/**
 * Evaluates every item. The one function behind snapshot, real time, explain, dry run and time travel.
 * @param now epoch ms. `from` is inclusive, `until` exclusive.
 */
export function evaluate(program: Program, learner: Learner, now: number): Evaluation {
  const scope = scopeOf(program, learner, now);
  const result: Evaluation = {
    open: new Uint8Array(program.size),
    earned: new Uint8Array(program.size),
    visible: new Uint8Array(program.size),
    validUntil: nextBoundary(scope),
  };
  // Chapters have lower numbers than problems, so a problem's chapter is always decided before it.
  for (let item = 0; item < program.size; item += 1) evaluateItem(scope, item, result);
  return result;
}

/**
 * Evaluates again only what new facts on `changed` can affect: their dependents, and the problems of chapters that
 * thereby opened or locked. Equals {@link evaluate} as long as nothing but those facts (and what they keep open)
 * changed and `now` is before `previous.validUntil`; callers evaluate in full otherwise. A property test holds this.
 *
 * @returns the new evaluation and the numbers of the items whose open state or visibility differs.
 */
export function reevaluate(
  program: Program,
  learner: Learner,
  previous: Evaluation,
  changed: readonly number[],
  now: number,
): { evaluation: Evaluation; differing: number[] } {
  const scope = scopeOf(program, learner, now);
  const evaluation: Evaluation = {
    open: previous.open.slice(),
    earned: previous.earned.slice(),
    visible: previous.visible.slice(),
    validUntil: nextBoundary(scope),
  };
  const queue: number[] = [];
  const seen = new Set<number>();
  const enqueue = (item: number) => {
    if (!seen.has(item)) {
      seen.add(item);
      queue.push(item);
    }
  };
  for (const item of changed) for (const dependent of program.dependents[item] ?? []) enqueue(dependent);
  queue.sort((a, b) => a - b);
  const differing: number[] = [];
  const chapters = queue.filter((item) => item < program.chapterCount);
  for (const item of chapters) {
    const before = packed(evaluation, item);
    evaluateItem(scope, item, evaluation);
    const after = packed(evaluation, item);
    if (before === after) continue;
    if (isDifferent(before, after)) differing.push(item);
    for (const problem of program.problemsOf[item] ?? []) if (program.gate[problem] === item) enqueue(problem);
  }
  for (const item of queue) {
    if (item < program.chapterCount) continue;
    const before = packed(evaluation, item);
    evaluateItem(scope, item, evaluation);
    if (isDifferent(before, packed(evaluation, item))) differing.push(item);
  }
  return { evaluation, differing };
}

function packed(evaluation: Evaluation, item: number): number {
  return (evaluation.open[item] ?? 0) | ((evaluation.visible[item] ?? 0) << 1) | ((evaluation.earned[item] ?? 0) << 2);
}

/** Whether open or visible differ (what a learner can see), leaving `earned` out. */
function isDifferent(before: number, after: number): boolean {
  return ((before ^ after) & 3) !== 0;
}

function evaluateItem(scope: Scope, item: number, into: Evaluation): void {
  const { program, learner, exceptions } = scope;
  const status = program.statuses[item];
  const visible = status !== "draft" && (status !== "deprecated" || isStarted(learner, item));
  into.visible[item] = visible ? 1 : 0;
  if (status === "draft") {
    into.earned[item] = 0;
    into.open[item] = 0;
    return;
  }
  const chapter = program.gate[item] ?? NONE;
  const root = program.roots[item] ?? NONE;
  const tutorialDone = passesTutorial(scope, item);
  const ruleHolds =
    tutorialDone && passesPrevious(scope, item) && (root === NONE || evaluateNode(scope, root, item) !== FALSE);
  const kept = tutorialDone && isKept(scope, item);
  const earned = kept || (ruleHolds && (chapter === NONE || into.earned[chapter] === 1));
  into.earned[item] = earned ? 1 : 0;
  into.open[item] = decideOpen() ? 1 : 0;

  /** Precedence: lock, unlock, a locked chapter, practice mode, the rules. */
  function decideOpen(): boolean {
    if (exceptions !== null) {
      if (exceptions.lock[item] === 1) return false;
      if (exceptions.unlock[item] === 1) return true;
      if (chapter !== NONE && exceptions.lock[chapter] === 1) return false;
    }
    if (learner.practiceMode) return true;
    return earned || (ruleHolds && (chapter === NONE || into.open[chapter] === 1));
  }
}

/** Whether one item is open, for those who only ask about that one. Equals {@link evaluate}'s answer. */
export function isOpenIn(scope: Scope, item: number): boolean {
  const { size, gate } = scope.program;
  const into: Evaluation = {
    open: new Uint8Array(size),
    earned: new Uint8Array(size),
    visible: new Uint8Array(size),
    validUntil: scope.now,
  };
  const chapter = gate[item] ?? NONE;
  if (chapter !== NONE) evaluateItem(scope, chapter, into);
  evaluateItem(scope, item, into);
  return into.open[item] === 1;
}

export function isStarted(learner: Learner, item: number): boolean {
  return !Number.isNaN(learner.attemptedAt[item] ?? Number.NaN);
}

export function isCompleted(learner: Learner, item: number): boolean {
  return !Number.isNaN(learner.completedAt[item] ?? Number.NaN);
}

/**
 * Instant from which the item counts as completed for others: completed or excused, whichever was earlier (completing
 * what one was excused from must not start a waiting period again); NaN if neither.
 */
export function doneAt(scope: Scope, item: number): number {
  const completed = scope.learner.completedAt[item] ?? Number.NaN;
  const excused = scope.exceptions?.excusedAt[item] ?? Number.NaN;
  if (Number.isNaN(completed)) return excused;
  return Number.isNaN(excused) ? completed : Math.min(completed, excused);
}

export function passesTutorial(scope: Scope, item: number): boolean {
  const { tutorial } = scope.program;
  return tutorial === NONE || tutorial === item || !Number.isNaN(doneAt(scope, tutorial));
}

export function passesPrevious(scope: Scope, item: number): boolean {
  const previous = scope.program.previous[item] ?? NONE;
  return previous === NONE || !Number.isNaN(doneAt(scope, previous));
}

/** Truth of one node of the rule of `owner`. Recursion is bounded by MAX_RULE_DEPTH. */
export function evaluateNode(scope: Scope, node: number, owner: number): Truth {
  const { nodes } = scope.program;
  const arg = nodes.arg[node] ?? NONE;
  const value = nodes.value[node] ?? Number.NaN;
  switch (nodes.op[node]) {
    case OP.ALL:
    case OP.ANY:
    case OP.AT_LEAST:
      return evaluateGroup(scope, node, owner);
    case OP.NOT: {
      const inner = evaluateNode(scope, nodes.kids[nodes.first[node] ?? 0] ?? NONE, owner);
      return inner === IGNORED ? IGNORED : inner === TRUE ? FALSE : TRUE;
    }
    case OP.COMPLETED:
      return factTruth(scope, arg, !Number.isNaN(doneAt(scope, arg)));
    case OP.ATTEMPTED:
      return factTruth(scope, arg, isStarted(scope.learner, arg) || isExcused(scope, arg));
    case OP.SCORE:
      return factTruth(
        scope,
        arg,
        (scope.learner.bestScore[arg] ?? Number.NaN) >= value - SCORE_SLACK || isExcused(scope, arg),
      );
    case OP.PROGRESS:
      return progressTruth(scope, node);
    case OP.FROM:
      return scope.now >= value ? TRUE : FALSE;
    case OP.UNTIL:
      return scope.now < untilOf(scope, value, owner) ? TRUE : FALSE;
    case OP.AFTER_ENROLLMENT:
      return scope.now >= scope.learner.enrolledAt + value ? TRUE : FALSE;
    case OP.AFTER:
      return factTruth(scope, arg, scope.now >= doneAt(scope, arg) + value);
    case OP.COHORT:
      return scope.learner.cohorts[arg] === 1 ? TRUE : FALSE;
    default:
      return FALSE; // an unknown node locks, it never opens (invariant 7)
  }
}

function isExcused(scope: Scope, item: number): boolean {
  return scope.exceptions !== null && !Number.isNaN(scope.exceptions.excusedAt[item] ?? Number.NaN);
}

/** A deprecated item counts for those who have it and is demanded of nobody. */
function factTruth(scope: Scope, item: number, holds: boolean): Truth {
  if (holds) return TRUE;
  return scope.program.statuses[item] === "deprecated" ? IGNORED : FALSE;
}

/** End of an `until` leaf for its owner, with the owner's extension. */
export function untilOf(scope: Scope, end: number, owner: number): number {
  return Math.max(end, scope.exceptions?.extendTo[owner] ?? Number.NEGATIVE_INFINITY);
}

function evaluateGroup(scope: Scope, node: number, owner: number): Truth {
  const { nodes } = scope.program;
  const op = nodes.op[node];
  const first = nodes.first[node] ?? 0;
  const count = nodes.count[node] ?? 0;
  let held = 0;
  let ignored = 0;
  for (let at = first; at < first + count; at += 1) {
    const truth = evaluateNode(scope, nodes.kids[at] ?? NONE, owner);
    if (truth === TRUE) held += 1;
    else if (truth === IGNORED) ignored += 1;
    if (truth === FALSE && op === OP.ALL) return FALSE;
    if (truth === TRUE && op === OP.ANY) return TRUE;
  }
  if (count > 0 && ignored === count) return IGNORED;
  return held >= requiredOf(scope, node, ignored) ? TRUE : FALSE;
}

/** How many children of a group must hold when `ignored` of them do not count. */
export function requiredOf(scope: Scope, node: number, ignored: number): number {
  const { nodes } = scope.program;
  const counting = (nodes.count[node] ?? 0) - ignored;
  if (nodes.op[node] === OP.ALL) return counting;
  if (nodes.op[node] === OP.ANY) return 1;
  const required = nodes.arg[node] ?? 0;
  return ignored > 0 ? Math.min(required, counting) : required;
}

/** Done, needed and total of a progress leaf; deprecated items count only for those who completed them. */
export function progressOf(scope: Scope, node: number) {
  const { nodes } = scope.program;
  const first = nodes.first[node] ?? 0;
  const listed = nodes.count[node] ?? 0;
  let done = 0;
  let total = 0;
  for (let at = first; at < first + listed; at += 1) {
    const item = nodes.kids[at] ?? NONE;
    const isDone = !Number.isNaN(doneAt(scope, item));
    if (isDone) done += 1;
    if (isDone || scope.program.statuses[item] !== "deprecated") total += 1;
  }
  const asked = (nodes.value[node] ?? Number.NaN) - PERCENT_SLACK;
  return { done, needed: Math.max(Math.ceil((asked * total) / 100), 0), total, listed };
}

function progressTruth(scope: Scope, node: number): Truth {
  const { done, needed, total, listed } = progressOf(scope, node);
  if (total === 0) return listed > 0 ? IGNORED : TRUE;
  return done >= needed ? TRUE : FALSE;
}

/** Whether the item is kept open: only an undone tutorial still locks it. */
export function isKept(scope: Scope, item: number): boolean {
  return scope.learner.kept[item] === 1 && !isClosed(scope, item);
}

/**
 * Whether dates alone have closed an item that is otherwise kept open: its rule is false however its facts stand
 * (only `until` leaves known), or its chapter is so. What stickiness promises is that learning more never locks; an
 * author's closing date still closes.
 */
function isClosed(scope: Scope, item: number): boolean {
  const { program } = scope;
  const root = program.roots[item] ?? NONE;
  if (program.closes[item] === 1 && root !== NONE && isClosedNode(scope, root, item)) return true;
  const chapter = program.gate[item] ?? NONE;
  return chapter !== NONE && program.closes[chapter] === 1 && isClosed(scope, chapter);
}

function isClosedNode(scope: Scope, node: number, owner: number): boolean {
  const { nodes } = scope.program;
  const op = nodes.op[node];
  if (op === OP.UNTIL) return scope.now >= untilOf(scope, nodes.value[node] ?? Number.NaN, owner);
  if (op !== OP.ALL && op !== OP.ANY && op !== OP.AT_LEAST) return false;
  const first = nodes.first[node] ?? 0;
  const count = nodes.count[node] ?? 0;
  let closed = 0;
  for (let at = first; at < first + count; at += 1) if (isClosedNode(scope, nodes.kids[at] ?? NONE, owner)) closed += 1;
  return closed > 0 && count - closed < requiredOf(scope, node, 0);
}

/** First instant after `now` at which time alone may change something. Infinity if there is none. */
function nextBoundary(scope: Scope): number {
  const { program, learner, now } = scope;
  let next = firstAfter(program.boundaries, now, 0);
  next = Math.min(next, firstAfter(program.enrollmentDelays, now, learner.enrolledAt));
  for (let leaf = 0; leaf < program.afterItems.length; leaf += 1) {
    const opens = doneAt(scope, program.afterItems[leaf] ?? NONE) + (program.afterDelays[leaf] ?? Number.NaN);
    if (opens > now && opens < next) next = opens;
  }
  for (const override of learner.overrides) {
    for (const instant of [override.expires_at, override.extend_to]) {
      if (instant !== null && instant > now && instant < next) next = instant;
    }
  }
  return next;
}

/** Smallest `offset + values[i]` greater than `now` (binary search over ascending values). */
function firstAfter(values: Float64Array, now: number, offset: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) + offset > now) high = middle;
    else low = middle + 1;
  }
  return low < values.length ? (values[low] ?? 0) + offset : Number.POSITIVE_INFINITY;
}

export type ItemState = "locked" | "unlocked" | "started" | "completed";

/** The state shown for an item. A completed item says so even where it is locked again; `open` tells the lock. */
export function stateOf(learner: Learner, evaluation: Evaluation, item: number): ItemState {
  if (isCompleted(learner, item)) return "completed";
  if (evaluation.open[item] !== 1) return "locked";
  return isStarted(learner, item) ? "started" : "unlocked";
}

/** What changed between two states of one learner, by item id: exactly the difference of the two open sets. */
export interface Delta {
  unlocked: string[];
  locked: string[];
}

/** Ids a learner can open, as a set that survives a change of course version. */
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
