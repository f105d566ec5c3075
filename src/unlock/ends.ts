import { NONE, OP } from "./program.ts";
import { evaluateNode, excusedAt, FALSE, requiredOf, ruleHolds, type Scope, turnOf } from "./truth.ts";

// How items are kept open, and when that ends.

/** Whether the item is kept open. An undone tutorial still locks it, and so does an end that has come. */
export function isKept(scope: Scope, item: number): boolean {
  return scope.learner.kept[item] === 1 && !isClosed(scope, item);
}

/**
 * Whether time has closed an item that is otherwise kept open. A sticky course promises that learning more never locks
 * an item. But an end always ends, in whatever way the rule says it. The item has ended if the rule held at some time,
 * and would not hold any more with all that the learner had then: the facts stay as they were when it last held, and
 * only time goes on. If it never held for this learner (staff opened the item, or an older version allowed it), the
 * item has ended if no facts at all could make the rule hold now, but could earlier.
 * at all could make it hold, though at some earlier time they could.
 */
export function isClosed(scope: Scope, item: number): boolean {
  const { program } = scope;
  if (program.closes[item] === 1 && hasEnded(scope, item)) return true;
  const chapter = program.gate[item] ?? NONE;
  return chapter !== NONE && program.closes[chapter] === 1 && hasEnded(scope, chapter);
}

/** {@link isClosed} for the item's own rule. Costs more than one check only if the rule does not hold now. */
function hasEnded(scope: Scope, item: number): boolean {
  const root = scope.program.roots[item] ?? NONE;
  if (root === NONE || ruleHolds(scope, item)) return false;
  const past = pastOf(scope, root, item);
  const couldEver = (ofAnyCohort: boolean) =>
    past.moments.some((at) => couldBe({ ...scope, now: at }, root, item, true, ofAnyCohort));
  if (!couldBe(scope, root, item, true, false)) {
    if (couldEver(false)) return true;
    // It never held for the learner's cohorts: then the last end of all cohorts counts.
    if (!couldBe(scope, root, item, true, true) && couldEver(true)) return true;
    // A rule that nobody could make true may still have held while its items were required of nobody.
  }
  // An item that an end has closed says nothing about what else was locked then.
  const held = whenLastHeld({ ...scope, locked: null, earlyScores: true }, past, root, item);
  if (held === null || stillHolds(held, scope.now, root, item)) return false;
  // A better score must not end an item that is open without that score.
  const without = whenLastHeld({ ...scope, locked: null, earlyScores: false }, past, root, item);
  return without === null || !stillHolds(without, scope.now, root, item);
}

function stillHolds(held: Scope, now: number, root: number, owner: number): boolean {
  return evaluateNode({ ...held, now }, root, owner) !== FALSE;
}

interface Past {
  /** Instants up to now at which the rule may have changed its value, latest first, and one before all of them. */
  readonly moments: readonly number[];
  /** Those instants at which a fact was added. */
  readonly facts: ReadonlySet<number>;
}

/** The learner's facts and the time when the rule held for the last time; null if it never did. */
function whenLastHeld(scope: Scope, { moments, facts }: Past, root: number, owner: number): Scope | null {
  const holdsAt = (now: number, asOf: number): Scope | null => {
    const then = { ...scope, now, asOf };
    return evaluateNode(then, root, owner) === FALSE ? null : then;
  };
  for (const at of moments) {
    // A fact and a date at the same instant: the fact may have come after the date. Instants are whole milliseconds.
    const held = holdsAt(at, at) ?? (facts.has(at) ? holdsAt(at, at - 1) : null);
    if (held !== null) return held;
  }
  return null;
}

/** Everything in the past of a rule that may have changed its value. */
function pastOf(scope: Scope, root: number, owner: number): Past {
  const { learner, now, program } = scope;
  const { op, arg, first, count, kids } = program.nodes;
  const moments = new Set<number>([Number.NEGATIVE_INFINITY]);
  const facts = new Set<number>();
  const moment = (at: number) => {
    if (at <= now) moments.add(at);
  };
  const factsOf = (item: number) => {
    const { attemptedAt, completedAt, outcomeAt, viewedAt, submittedAt } = learner;
    const deeds = [attemptedAt, completedAt, outcomeAt, viewedAt, submittedAt].map((list) => list[item]);
    for (const at of [...deeds, excusedAt(scope, item)]) {
      if (at !== undefined && at <= now) facts.add(at);
    }
  };
  const walk = (node: number): void => {
    const item = arg[node] ?? NONE;
    const start = first[node] ?? 0;
    const children = kids.subarray(start, start + (count[node] ?? 0));
    switch (op[node]) {
      case OP.FROM:
      case OP.UNTIL:
      case OP.AFTER_ENROLLMENT:
        moment(turnOf(scope, node, owner));
        break;
      case OP.AFTER:
        moment(turnOf(scope, node, owner));
        factsOf(item);
        break;
      case OP.PROGRESS:
      case OP.AVERAGE:
        children.forEach(factsOf);
        break;
      case OP.TOTAL:
        for (let problem = program.chapterCount; problem < program.size; problem += 1) factsOf(problem);
        break;
      case OP.COMPLETED:
      case OP.ATTEMPTED:
      case OP.SCORE:
      case OP.SCORE_RANGE:
      case OP.STATE:
      case OP.POINTS:
      case OP.VIEWED:
      case OP.SUBMITTED:
        factsOf(item);
        break;
      default:
        children.forEach(walk);
        break;
    }
  };
  walk(root);
  for (const at of facts) moments.add(at);
  return { moments: [...moments].sort((a, b) => b - a), facts };
}

/**
 * Whether a node can be true (or, if not `wanted`, false) at `scope.now`, whatever the learner's facts: each leaf takes
 * the value that helps most. Time and cohorts stay as they are; the caller may ask for any cohorts instead. A waiting
 * period that is over stays over.
 */
export function couldBe(scope: Scope, node: number, owner: number, wanted: boolean, ofAnyCohort = false): boolean {
  const { learner, now } = scope;
  const { op, arg, value, first, count, kids } = scope.program.nodes;
  switch (op[node]) {
    case OP.FROM:
    case OP.AFTER_ENROLLMENT:
      return now >= turnOf(scope, node, owner) === wanted;
    case OP.UNTIL:
      return now < turnOf(scope, node, owner) === wanted;
    case OP.AFTER:
      return wanted || value[node] === 0 || !(now >= turnOf(scope, node, owner));
    case OP.COHORT:
      return ofAnyCohort || (learner.cohorts[arg[node] ?? NONE] === 1) === wanted;
    case OP.COHORT_SET:
    case OP.PROFILE:
      return ofAnyCohort || (learner.traits[arg[node] ?? NONE] === 1) === wanted;
    case OP.MISSING:
      return (value[node] === 1) === wanted;
    case OP.NOT:
      return couldBe(scope, kids[first[node] ?? 0] ?? NONE, owner, !wanted, ofAnyCohort);
    case OP.ALL:
    case OP.ANY:
    case OP.AT_LEAST: {
      const start = first[node] ?? 0;
      const total = count[node] ?? 0;
      const required = requiredOf(scope, node, 0);
      const needed = wanted ? required : total - required + 1;
      let able = 0;
      for (let at = start; at < start + total && able < needed; at += 1) {
        if (couldBe(scope, kids[at] ?? NONE, owner, wanted, ofAnyCohort)) able += 1;
      }
      return able >= needed;
    }
    default:
      return true;
  }
}
