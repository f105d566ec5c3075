import { actsToComplete, isDerived } from "../completion/needs.ts";
import { type Evaluation, scopeOf } from "../evaluate.ts";
import { mayAppear } from "../hiding.ts";
import { kidsOf } from "../nodes.ts";
import { NONE, OP, STATE } from "../program.ts";
import type { Reach } from "../reach.ts";
import { acceptsWork, windowAsWritten, windowOf } from "../scope.ts";
import { doneAt, evaluateNode, passesPrevious, passesTutorial, type Scope, TRUE, turnOf } from "../truth.ts";
import { courseNeed, keyOf, type Need } from "./plan.ts";

/** The part of a course that decides one item: what may have to be done for it, and what may change by itself. */
export interface Region {
  /** Every item whose lock matters, each after the items it depends on; the item itself is last. */
  readonly items: readonly number[];
  /** Everything that might have to be done, in the order of the rules. */
  readonly actions: readonly Need[];
  /** Instants after now at which something changes by itself, ascending. */
  readonly instants: readonly number[];
  /** Waiting periods that completing an item starts. */
  readonly drips: readonly { item: number; delay: number }[];
  /** Nothing in it forbids or ends: doing more never locks, so order and speed do not matter. */
  readonly isPlain: boolean;
  readonly forbids: boolean;
}

/**
 * The actions that would make a `state` leaf hold (or, if not `wanted`, fail) if done now. Completing an item does not
 * change what a verdict decided; a chapter gets no verdict.
 */
export function actsToward(scope: Scope, node: number, wanted: boolean): ("complete" | "pass")[] {
  const { program, learner } = scope;
  const item = program.nodes.arg[node] ?? NONE;
  const states = program.nodes.value[node] ?? 0;
  // Only a trial shows what its requirement makes of it.
  if (isDerived(scope, item)) return ["complete"];
  const decided = learner.outcome[item] ?? 0;
  const afterwards = { complete: decided === 0 ? STATE.COMPLETE : decided, pass: STATE.PASSED };
  const acts = (["complete", "pass"] as const).filter((act) => ((afterwards[act] & states) !== 0) === wanted);
  return item < program.chapterCount ? acts.filter((act) => act === "complete") : acts;
}

const FULL_SCORE = 100;

/** At most this many problems are considered for raising a course total. */
const MAX_RAISING = 300;

/** Problems that the learner can work on now and does not have the full score for. */
export function workable(scope: Scope, { open, visible }: Evaluation): number[] {
  const { program } = scope;
  const { bestScore } = scope.learner.live ?? scope.learner;
  const found: number[] = [];
  for (let item = program.chapterCount; item < program.size && found.length < MAX_RAISING; item += 1) {
    const isFull = (bestScore[item] ?? Number.NaN) >= FULL_SCORE;
    if (open[item] === 1 && visible[item] === 1 && !isFull && acceptsWork(scope, item)) found.push(item);
  }
  return found;
}

/** Nodes whose argument is not an item. */
const NAMELESS: ReadonlySet<number | undefined> = new Set([
  OP.COHORT,
  OP.AT_LEAST,
  OP.COHORT_SET,
  OP.PROFILE,
  OP.COURSE,
  OP.MISSING,
  OP.TOTAL,
]);

/** Walks from an item to everything that its lock depends on. */
export function regionOf(scope: Scope, evaluation: Evaluation, reach: Reach, target: number): Region {
  const { program, learner, now } = scope;
  const { nodes } = program;
  /** The state without the exceptions that run out. */
  const lasting = scopeOf(program, learner, Number.POSITIVE_INFINITY);
  const seen = new Set<number>([target]);
  const queue = [target];
  /** All items that rules name: an exception for one of them may run out. */
  const named = new Set<number>([program.tutorial]);
  const actions = new Map<string, Need>();
  const instants = new Set<number>();
  const drips: { item: number; delay: number }[] = [];
  let forbids = false;
  let ends = false;
  const visit = (item: number) => {
    if (item === NONE || seen.has(item)) return;
    seen.add(item);
    queue.push(item);
  };
  const ask = (action: Need["action"], item: number, value = 0, below = Number.POSITIVE_INFINITY) => {
    // It counts only while its chapter is open.
    if (program.relocks !== null && action === "complete" && item !== NONE) {
      visit(item < program.chapterCount ? item : (program.gate[item] ?? NONE));
    }
    if (action === "complete" && isDerived(scope, item)) {
      named.add(item);
      for (const act of actsToComplete(scope, item)) {
        named.add(act.item);
        ask(act.action, act.item, act.value);
      }
      return;
    }
    if (item === NONE || !mayAppear(program, evaluation, item)) return;
    const isPossible = (action === "view" ? reach.opensAt : reach.workAt)[item] ?? Number.POSITIVE_INFINITY;
    if (isPossible === Number.POSITIVE_INFINITY) return;
    const need: Need = { action, item, value, ...(below < Number.POSITIVE_INFINITY ? { below } : {}) };
    actions.set(`${keyOf(need)} ${value}`, need);
    if (program.hasWindows) {
      // Its window with the extension and without it, because the extension may run out.
      const { from, until } = windowOf(scope, item);
      if (until < Number.POSITIVE_INFINITY) ends = true;
      for (const at of [from, until, windowAsWritten(scope, item).until]) instant(at);
    }
    visit(item);
  };
  const instant = (at: number) => {
    if (at > now && at < Number.POSITIVE_INFINITY) instants.add(at);
  };
  const walk = (node: number, owner: number, wanted: boolean): void => {
    const arg = nodes.arg[node] ?? NONE;
    const value = nodes.value[node] ?? 0;
    const op = nodes.op[node];
    const isMissing = () => wanted && evaluateNode(lasting, node, owner) !== TRUE;
    if (op === OP.PROGRESS || op === OP.AVERAGE) for (const kid of kidsOf(program, node)) named.add(kid);
    else if (!NAMELESS.has(op)) named.add(arg);
    switch (op) {
      case OP.NOT:
        forbids = true;
        walk(kidsOf(program, node)[0] ?? NONE, owner, !wanted);
        break;
      case OP.ALL:
      case OP.ANY:
      case OP.AT_LEAST:
        for (const kid of kidsOf(program, node)) walk(kid, owner, wanted);
        break;
      case OP.FROM:
      case OP.UNTIL:
      case OP.AFTER_ENROLLMENT: {
        const turn = turnOf(scope, node, owner);
        if (nodes.ends[node] === 1 && turn > now) ends = true;
        instant(turn);
        // An extension may run out.
        instant(op === OP.AFTER_ENROLLMENT ? learner.enrolledAt + value : value);
        break;
      }
      case OP.PROGRESS:
        if (isMissing()) {
          for (const kid of kidsOf(program, node)) {
            if (kid !== NONE && Number.isNaN(doneAt(lasting, kid))) ask("complete", kid);
          }
        }
        break;
      case OP.COMPLETED:
        if (isMissing()) ask("complete", arg);
        break;
      case OP.ATTEMPTED:
        if (isMissing()) ask(arg < program.chapterCount ? "complete" : "attempt", arg);
        break;
      case OP.SCORE:
        if (isMissing() && arg >= program.chapterCount) ask("score", arg, value);
        break;
      case OP.SCORE_RANGE: {
        const upper = nodes.upper[node] ?? Number.POSITIVE_INFINITY;
        if (upper < Number.POSITIVE_INFINITY) forbids = true;
        if (arg < program.chapterCount) break;
        if (isMissing()) ask("score", arg, Math.max(0, value), upper);
        else if (!wanted && upper < Number.POSITIVE_INFINITY) ask("score", arg, upper);
        break;
      }
      case OP.POINTS: {
        const upper = nodes.upper[node] ?? Number.POSITIVE_INFINITY;
        if (upper < Number.POSITIVE_INFINITY) forbids = true;
        if (arg < program.chapterCount) break;
        if (isMissing()) ask("points", arg, Math.max(0, value), upper);
        else if (!wanted && upper < Number.POSITIVE_INFINITY) ask("points", arg, upper);
        break;
      }
      case OP.AVERAGE: {
        const upper = nodes.upper[node] ?? Number.POSITIVE_INFINITY;
        forbids = forbids || upper < Number.POSITIVE_INFINITY;
        if (!isMissing()) break;
        for (const kid of kidsOf(program, node)) if (kid >= program.chapterCount) ask("score", kid, FULL_SCORE);
        break;
      }
      case OP.TOTAL:
        forbids = true;
        if (isMissing()) for (const one of workable(scope, evaluation)) ask("score", one, FULL_SCORE);
        break;
      case OP.VIEWED:
        if (isMissing()) ask("view", arg);
        break;
      case OP.COURSE: {
        const need = courseNeed(program, arg);
        if (isMissing()) actions.set(keyOf(need), need);
        break;
      }
      case OP.SUBMITTED:
        if (isMissing() && arg >= program.chapterCount) ask("submit", arg);
        break;
      case OP.STATE:
        forbids = true;
        for (const action of actsToward(scope, node, wanted)) ask(action, arg);
        break;
      case OP.AFTER: {
        const completed = learner.completedAt[arg] ?? Number.NaN;
        // Of several beginnings the earliest counts, but the excuse may run out.
        for (const { index, kind, created_at } of learner.overrides) {
          if (index === arg && kind === "excuse") instant(created_at + value);
        }
        instant(completed + value);
        // A learner whose completion lies after the present instant can still complete it earlier.
        if (!(completed <= now)) {
          drips.push({ item: arg, delay: value });
          if (wanted && !(doneAt(lasting, arg) <= now)) ask("complete", arg);
        }
        break;
      }
    }
  };
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
    visit(program.gate[item] ?? NONE);
    named.add(program.previous[item] ?? NONE);
    if (!passesPrevious(lasting, item)) ask("complete", program.previous[item] ?? NONE);
    if (!passesTutorial(lasting, item)) ask("complete", program.tutorial);
    const root = program.roots[item] ?? NONE;
    if (root !== NONE) walk(root, item, true);
  }
  for (const { index, expires_at, extend_to } of learner.overrides) {
    if (!seen.has(index) && !named.has(index)) continue;
    if (expires_at !== null && expires_at > now) {
      ends = true;
      instant(expires_at);
    }
    if (extend_to !== null) instant(extend_to);
  }
  return {
    items: [...program.order].filter((item) => seen.has(item)),
    actions: [...actions.values()],
    instants: [...instants].sort((a, b) => a - b),
    drips,
    isPlain: !forbids && !ends,
    forbids,
  };
}
