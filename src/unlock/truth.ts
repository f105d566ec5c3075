// Over 350 lines: the meaning of each kind of leaf is beside the walk that needs it, and all of it is one switch.

import { ACCEPT, NONE, OP, STANDING, STATE, UNTHREADED } from "./program.ts";

import {
  countedFrom,
  doneAt,
  excusedAt,
  isCompleted,
  isDone,
  isExcused,
  isLockedByStaff,
  isStarted,
  isUndone,
  type Scope,
} from "./scope.ts";
import { gradesAt, isScoreKnown, totalOf } from "./scores.ts";
import { shareOf } from "./share.ts";

export {
  countedFrom,
  doneAt,
  excusedAt,
  isCompleted,
  isExcused,
  isLockedByStaff,
  isStarted,
  isUndone,
  type Scope,
  shareOf,
};

// The truth of leaves, groups and rules for one learner at one instant.

/** Truth of a node. IGNORED is the neutral element: a prerequisite that does not count, whatever group it is in. */
export const FALSE = 0;
export const TRUE = 1;
export const IGNORED = 2;
export type Truth = typeof FALSE | typeof TRUE | typeof IGNORED;

export function passesTutorial(scope: Scope, item: number): boolean {
  const { tutorial } = scope.program;
  // The tutorial locks its own chapter, but does not undo it.
  if (tutorial === NONE || tutorial === item) return true;
  return isDone(scope.locked === null ? scope : { ...scope, locked: null }, tutorial);
}

export function passesPrevious(scope: Scope, item: number): boolean {
  const previous = scope.program.previous[item] ?? NONE;
  return previous === NONE || isDone(scope, previous);
}

/**
 * Whether an item's own rule holds. It follows the thread that the compiler laid: each leaf names the leaf that decides
 * next when it holds and when it does not. So no group is entered and nothing is evaluated in vain.
 */
export function ruleHolds(scope: Scope, item: number): boolean {
  const { entries, nodes, roots } = scope.program;
  const { op, arg, whenTrue, whenFalse } = nodes;
  let node = entries[item] ?? NONE;
  if (node === UNTHREADED) return evaluateNode(scope, roots[item] ?? NONE, item) !== FALSE;
  while (node >= 0) {
    // Most leaves ask for completion, so they skip the call.
    const isHeld = op[node] === OP.COMPLETED ? isDone(scope, arg[node] ?? NONE) : holds(scope, node, item);
    node = (isHeld ? whenTrue[node] : whenFalse[node]) ?? NONE;
  }
  return node === ACCEPT;
}

/** Whether a node holds for the learner, in a rule without ignored leaves. */
function holds(scope: Scope, node: number, owner: number): boolean {
  const { learner, now } = scope;
  const { nodes } = scope.program;
  const { op, arg, value } = nodes;
  const item = arg[node] ?? NONE;
  const operand = value[node] ?? Number.NaN;
  switch (op[node]) {
    case OP.COMPLETED:
      return isDone(scope, item);
    case OP.ATTEMPTED:
      return (learner.attemptedAt[item] ?? Number.NaN) <= scope.asOf || isExcused(scope, item);
    case OP.SCORE:
      return (
        ((gradesAt(scope, node).bestScore[item] ?? Number.NaN) >= operand - scope.program.scoreSlack &&
          isScoreKnown(scope, item)) ||
        isExcused(scope, item)
      );
    case OP.SCORE_RANGE:
      return isScoreIn(scope, node, item, operand, nodes.upper[node] ?? Number.NaN);
    case OP.PROGRESS:
      return progressHolds(scope, node);
    case OP.AT_LEAST:
      return atLeastHolds(scope, node, owner);
    case OP.FROM:
      return now >= begins(scope, node, owner, operand);
    case OP.UNTIL:
      return now < extended(scope, node, owner, operand);
    case OP.AFTER_ENROLLMENT:
      return now >= extended(scope, node, owner, learner.enrolledAt + operand);
    case OP.AFTER:
      return now >= extended(scope, node, owner, doneAt(scope, item) + operand);
    case OP.COHORT:
      return learner.cohorts[item] === 1;
    case OP.STATE:
      return isInState(scope, item, operand);
    case OP.AVERAGE:
      return averageHolds(scope, node);
    case OP.TOTAL:
      return totalHolds(scope, node);
    case OP.VIEWED: {
      // A learner who began an item has opened it.
      const { viewedAt, attemptedAt } = learner;
      const isSeen = (viewedAt[item] ?? Number.NaN) <= scope.asOf || (attemptedAt[item] ?? Number.NaN) <= scope.asOf;
      return isSeen || isExcused(scope, item);
    }
    case OP.SUBMITTED:
      return (learner.submittedAt[item] ?? Number.NaN) <= scope.asOf || isExcused(scope, item);
    case OP.POINTS: {
      const points = gradesAt(scope, node).points[item] ?? Number.NaN;
      return points >= operand && points < (nodes.upper[node] ?? Number.NaN) && isScoreKnown(scope, item);
    }
    case OP.COHORT_SET:
    case OP.PROFILE:
    case OP.COURSE:
      return learner.traits[item] === 1;
    case OP.MISSING:
      return operand === 1;
    default:
      return evaluateNode(scope, node, owner) === TRUE;
  }
}

/** The item's completion state as a bit of STATE, from the facts up to `asOf`. */
export function completionOf({ learner, asOf }: Scope, item: number): number {
  if ((learner.outcomeAt[item] ?? Number.NaN) <= asOf) return learner.outcome[item] ?? 0;
  return (learner.completedAt[item] ?? Number.NaN) <= asOf ? STATE.COMPLETE : STATE.INCOMPLETE;
}

/** The state that counts for others: an undone item is incomplete. */
export function countedStateOf(scope: Scope, item: number): number {
  const state = completionOf(scope, item);
  return (state & (STATE.COMPLETE | STATE.PASSED)) !== 0 && isUndone(scope, item) ? STATE.INCOMPLETE : state;
}

/** Whether the item is in one of some states. An excused learner satisfies any state but incomplete. */
function isInState(scope: Scope, item: number, states: number): boolean {
  if (item === NONE) return false;
  const state = scope.locked === null ? completionOf(scope, item) : countedStateOf(scope, item);
  if (scope.exceptions === null || !isExcused(scope, item)) return (state & states) !== 0;
  return (states & (STATE.COMPLETE | STATE.PASSED)) !== 0 || (state & states & ~STATE.INCOMPLETE) !== 0;
}

/** Whether there is a score, and it is between two bounds. An excuse counts as any score that is high enough. */
function isScoreIn(scope: Scope, node: number, item: number, min: number, below: number): boolean {
  const score = gradesAt(scope, node).bestScore[item] ?? Number.NaN;
  const { scoreSlack } = scope.program;
  if (score >= min - scoreSlack && score < below - scoreSlack && isScoreKnown(scope, item)) return true;
  return below === Number.POSITIVE_INFINITY && isExcused(scope, item);
}

function atLeastHolds(scope: Scope, node: number, owner: number): boolean {
  const { arg, first, count, kids } = scope.program.nodes;
  const start = first[node] ?? 0;
  const end = start + (count[node] ?? 0);
  let missing = arg[node] ?? Number.NaN;
  for (let at = start; at < end && missing > 0; at += 1) {
    if (holds(scope, kids[at] ?? NONE, owner)) missing -= 1;
    else if (end - at <= missing) return false;
  }
  return missing <= 0;
}

function progressHolds(scope: Scope, node: number): boolean {
  const { first, count, kids } = scope.program.nodes;
  const start = first[node] ?? 0;
  const total = count[node] ?? 0;
  let missing = neededOf(scope, node, total);
  for (let at = start; at < start + total && missing > 0; at += 1) if (isDone(scope, kids[at] ?? NONE)) missing -= 1;
  return missing <= 0;
}

/** How many of `total` items make the percentage of a progress leaf. */
function neededOf(scope: Scope, node: number, total: number): number {
  return shareOf(operandOf(scope, node), total);
}

function operandOf(scope: Scope, node: number): number {
  return scope.program.nodes.value[node] ?? Number.NaN;
}

/** Truth of one node in the rule of `owner`. MAX_RULE_DEPTH limits the recursion. */
export function evaluateNode(scope: Scope, node: number, owner: number): Truth {
  const { nodes } = scope.program;
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
    case OP.ATTEMPTED:
    case OP.SCORE:
    case OP.SCORE_RANGE:
    case OP.STATE:
    case OP.POINTS:
    case OP.VIEWED:
    case OP.SUBMITTED:
    case OP.AFTER:
      // A deprecated item counts for learners who have it and is required of nobody.
      if (holds(scope, node, owner)) return TRUE;
      return scope.program.standing[nodes.arg[node] ?? NONE] === STANDING.DEPRECATED ? IGNORED : FALSE;
    case OP.PROGRESS: {
      const { done, needed, total, listed } = progressOf(scope, node);
      if (total === 0 && listed > 0) return IGNORED;
      return done >= needed ? TRUE : FALSE;
    }
    case OP.AVERAGE: {
      if (averageHolds(scope, node)) return TRUE;
      const { counted, excused, listed } = averageOf(scope, node);
      return counted === 0 && excused === 0 && listed > 0 ? IGNORED : FALSE;
    }
    case OP.FROM:
    case OP.UNTIL:
    case OP.AFTER_ENROLLMENT:
    case OP.COHORT:
    case OP.COHORT_SET:
    case OP.PROFILE:
    case OP.COURSE:
    case OP.MISSING:
    case OP.TOTAL:
      return holds(scope, node, owner) ? TRUE : FALSE;
    default:
      return FALSE; // an unknown node locks, it never opens (invariant 7)
  }
}

/**
 * The mean score of an average leaf's items; null while none of them has one. An item without a score counts as 0,
 * unless it is deprecated or the learner is excused from it: then it is left out.
 */
export function averageOf(scope: Scope, node: number) {
  const { nodes, standing } = scope.program;
  const first = nodes.first[node] ?? 0;
  const listed = nodes.count[node] ?? 0;
  let sum = 0;
  let counted = 0;
  let excused = 0;
  let hasScore = false;
  const { bestScore } = gradesAt(scope, node);
  for (let at = first; at < first + listed; at += 1) {
    const item = nodes.kids[at] ?? NONE;
    const score = bestScore[item] ?? Number.NaN;
    if (!Number.isNaN(score) && isScoreKnown(scope, item)) {
      sum += score;
      hasScore = true;
    } else if (isExcused(scope, item)) {
      excused += 1;
      continue;
    } else if (standing[item] === STANDING.DEPRECATED) continue;
    counted += 1;
  }
  return { mean: hasScore ? sum / counted : null, sum, counted, excused, listed };
}

/** Whether there is a total, and it is between the bounds of its leaf. */
function totalHolds(scope: Scope, node: number): boolean {
  const { nodes, scoreSlack } = scope.program;
  const { percent } = totalOf(scope, node);
  if (percent === null) return false;
  return (
    percent >= (nodes.value[node] ?? Number.NaN) - scoreSlack &&
    percent < (nodes.upper[node] ?? Number.NaN) - scoreSlack
  );
}

function averageHolds(scope: Scope, node: number): boolean {
  const { mean, counted, excused } = averageOf(scope, node);
  const { nodes, scoreSlack } = scope.program;
  const upper = nodes.upper[node] ?? Number.NaN;
  if (mean === null) return counted === 0 && excused > 0 && upper === Number.POSITIVE_INFINITY;
  return mean >= (nodes.value[node] ?? Number.NaN) - scoreSlack && mean < upper - scoreSlack;
}

/** The instant of a date. A beginning comes earlier for some learners. */
function begins(scope: Scope, node: number, owner: number, at: number): number {
  if (scope.program.nodes.ends[node] === 1) return extended(scope, node, owner, at);
  return at - scope.learner.early;
}

/**
 * When a leaf changes that would change at an instant (NaN: never). An end comes later if its owner has an extension.
 */
function extended({ exceptions, program }: Scope, node: number, owner: number, at: number): number {
  if (exceptions === null || program.nodes.ends[node] !== 1) return at;
  return Math.max(at, exceptions.get(owner)?.extendTo ?? Number.NEGATIVE_INFINITY);
}

/**
 * When a leaf about time changes for the owner of its rule, with the owner's extension if it is an end: `until` becomes
 * false then, the others true. NaN for a period that has not begun, and for other leaves.
 */
export function turnOf(scope: Scope, node: number, owner: number): number {
  const { nodes } = scope.program;
  const value = nodes.value[node] ?? Number.NaN;
  switch (nodes.op[node]) {
    case OP.FROM:
      return begins(scope, node, owner, value);
    case OP.UNTIL:
      return extended(scope, node, owner, value);
    case OP.AFTER_ENROLLMENT:
      return extended(scope, node, owner, scope.learner.enrolledAt + value);
    case OP.AFTER:
      return extended(scope, node, owner, doneAt(scope, nodes.arg[node] ?? NONE) + value);
    default:
      return Number.NaN;
  }
}

function evaluateGroup(scope: Scope, node: number, owner: number): Truth {
  const { nodes } = scope.program;
  const op = nodes.op[node];
  const first = nodes.first[node] ?? 0;
  const count = nodes.count[node] ?? 0;
  const enough = requiredOf(scope, node, 0);
  let held = 0;
  let ignored = 0;
  for (let at = first; at < first + count; at += 1) {
    const truth = evaluateNode(scope, nodes.kids[at] ?? NONE, owner);
    if (truth === FALSE) {
      if (op === OP.ALL) return FALSE;
    } else if (truth === IGNORED) ignored += 1;
    else {
      held += 1;
      if (held >= enough) return TRUE;
    }
  }
  if (count > 0 && ignored === count) return IGNORED;
  return held >= requiredOf(scope, node, ignored) ? TRUE : FALSE;
}

/** How many children of a group must hold if `ignored` of them do not count. */
export function requiredOf(scope: Scope, node: number, ignored: number): number {
  const { nodes } = scope.program;
  const counting = (nodes.count[node] ?? 0) - ignored;
  if (nodes.op[node] === OP.ALL) return counting;
  if (nodes.op[node] === OP.ANY) return 1;
  const required = nodes.arg[node] ?? 0;
  return ignored > 0 ? Math.min(required, counting) : required;
}

/** Done, needed and total of a progress leaf; deprecated items count only for learners who completed them. */
export function progressOf(scope: Scope, node: number) {
  const { nodes, standing } = scope.program;
  const first = nodes.first[node] ?? 0;
  const listed = nodes.count[node] ?? 0;
  let done = 0;
  let total = 0;
  for (let at = first; at < first + listed; at += 1) {
    const item = nodes.kids[at] ?? NONE;
    if (isDone(scope, item)) {
      done += 1;
      total += 1;
    } else if (standing[item] !== STANDING.DEPRECATED) total += 1;
  }
  return { done, needed: neededOf(scope, node, total), total, listed };
}
