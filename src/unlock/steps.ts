import { NONE, OP, type Program } from "./compile.ts";
import { type Evaluation, isOpenIn } from "./evaluate.ts";
import type { Learner } from "./learner.ts";
import {
  doneAt,
  evaluateNode,
  FALSE,
  isKept,
  isLockedByStaff,
  passesPrevious,
  passesTutorial,
  progressOf,
  requiredOf,
  type Scope,
  scopeOf,
  TRUE,
  untilOf,
} from "./truth.ts";

/** One thing to do or to wait for. */
export interface Need {
  action: "complete" | "attempt" | "score" | "wait";
  item: number;
  /** score: the least score. wait: the instant, epoch ms. complete: what has to pass afterwards, ms. */
  value: number;
}

/** Alternatives kept per part of a rule while searching. Up to here the answer is the smallest, beyond it a good one. */
const MAX_ALTERNATIVES = 64;
/** Plans longer than this are carried with few alternatives only, so that a rule of hundreds of leaves stays quick. */
const LONG_PLAN = 24;
const FEW_ALTERNATIVES = 4;
/** "n of m" is searched in full while n times m stays below this, and answered with the n cheapest beyond it. */
const MAX_CHOICES = 400;
/**
 * Plans put together before the search narrows to the few cheapest of each part: some tenths of a second, so that no
 * rule, however wide and deep, holds up the object that explains it.
 */
const MAX_JOINS = 20_000;
/** Plans tried on the learner before giving up. More than a handful only arise where a rule also forbids something. */
const MAX_TRIED = 128;

/** Locked prerequisites looked through for what can be done now. */
const MAX_LOOK_THROUGH = 200;

/** Needs that belong together, none of which another one covers. */
interface Plan {
  readonly needs: ReadonlyMap<string, Need>;
  /** How many of them cannot be done right now: the tie-break between plans of one size. */
  readonly locked: number;
  /** Sum of their values, the next tie-break: an earlier instant, a shorter drip or a lower score is less to ask. */
  readonly effort: number;
}

/**
 * Finds the smallest set of things that opens an item. Candidates come from the rule, smallest first, and each is tried
 * on a copy of the learner's facts: where a rule also forbids things (`not`, `until`), what satisfies one part of it
 * may break another, and then the search goes on from there. Facts only grow, so this ends.
 */
export class StepSearch {
  readonly #scope: Scope;
  readonly #evaluation: Evaluation;
  readonly #empty: Plan = { needs: new Map(), locked: 0, effort: 0 };
  #joins = 0;

  constructor(scope: Scope, evaluation: Evaluation) {
    this.#scope = scope;
    this.#evaluation = evaluation;
  }

  /** The needs that open an item (its chapter, sequence and tutorial included); null if nothing the learner does can. */
  stepsOf(item: number): Need[] | null {
    let frontier: Plan[] = [this.#empty];
    const seen = new Set<string>();
    for (let tried = 0; tried < MAX_TRIED; tried += 1) {
      const plan = frontier.shift();
      if (plan === undefined) return null;
      const after = this.#tried(plan);
      if (isOpenIn(after, item)) return [...plan.needs.values()];
      const further = (this.#alternatives(after, item) ?? []).map((more) => this.#join(plan, more));
      frontier.push(...further.filter((next) => signature(next) !== signature(plan) && !seen.has(signature(next))));
      for (const next of further) seen.add(signature(next));
      frontier = frontier.sort(byCost);
    }
    return null;
  }

  /** The open ends of a plan: what can be done now as it is, locked items replaced by what opens them. */
  openEnds(item: number, needs: readonly Need[]): Need[] {
    const found = new Map<string, Need>();
    const looked = new Set<number>([item]);
    const queue = [...needs];
    for (let need = queue.shift(); need !== undefined; need = queue.shift()) {
      if (need.action === "wait" || this.#evaluation.open[need.item] === 1) {
        addNeed(found, need);
      } else if (!looked.has(need.item) && looked.size < MAX_LOOK_THROUGH) {
        looked.add(need.item);
        queue.push(...(this.stepsOf(need.item) ?? []));
      }
    }
    return [...found.values()];
  }

  /** What the evaluator would read, had the learner done all that is in the plan. */
  #tried(plan: Plan): Scope {
    if (plan.needs.size === 0) return this.#scope;
    const { program, learner, now } = this.#scope;
    const attemptedAt = learner.attemptedAt.slice();
    const completedAt = learner.completedAt.slice();
    const bestScore = learner.bestScore.slice();
    let then = now;
    for (const { action, item, value } of plan.needs.values()) {
      if (action === "wait") then = Math.max(then, value);
      if (action === "wait") continue;
      if (Number.isNaN(attemptedAt[item])) attemptedAt[item] = now;
      if (action === "score") bestScore[item] = Math.max(value, learner.bestScore[item] || 0);
      if (action === "complete") {
        completedAt[item] = now;
        then = Math.max(then, now + value);
      }
    }
    const imagined: Learner = { ...learner, attemptedAt, completedAt, bestScore };
    return scopeOf(program, imagined, then);
  }

  /** Plans each of which makes what now fails for an item hold, smallest first; null when there is none. */
  #alternatives(scope: Scope, item: number): Plan[] | null {
    const { program } = scope;
    if (isOpenIn(scope, item)) return [this.#empty];
    if (isLockedByStaff(scope, item)) return null;
    const parts: (Plan[] | null)[] = [];
    if (!passesTutorial(scope, item)) parts.push([this.#plan("complete", program.tutorial)]);
    if (!isKept(scope, item)) {
      if (!passesPrevious(scope, item)) parts.push([this.#plan("complete", program.previous[item] ?? NONE)]);
      const gate = program.gate[item] ?? NONE;
      if (gate !== NONE) parts.push(this.#alternatives(scope, gate));
      const root = program.roots[item] ?? NONE;
      if (root !== NONE) parts.push(this.#solve(scope, root, item, true));
    }
    return this.#choose(parts, parts.length);
  }

  #plan(action: Need["action"], item: number, value = 0): Plan {
    const need: Need = { action, item, value };
    return { needs: new Map([[keyOf(need), need]]), locked: this.#isLocked(need) ? 1 : 0, effort: value };
  }

  #isLocked(need: Need): boolean {
    return need.action === "wait" || this.#evaluation.open[need.item] !== 1;
  }

  /** Plans that make a node hold or, below a `not`, fail. Facts only grow, so only dates can make a leaf fail. */
  #solve(scope: Scope, node: number, owner: number, holds: boolean): Plan[] | null {
    if ((evaluateNode(scope, node, owner) !== FALSE) === holds) return [this.#empty];
    const { program, learner } = scope;
    const { nodes } = program;
    const op = nodes.op[node];
    const arg = nodes.arg[node] ?? NONE;
    const value = nodes.value[node] ?? 0;
    const kids = kidsOf(program, node);
    if (op === OP.NOT) return this.#solve(scope, kids[0] ?? NONE, owner, !holds);
    if (op === OP.ALL || op === OP.ANY || op === OP.AT_LEAST) return this.#solveGroup(scope, node, owner, holds);
    if (!holds) return op === OP.UNTIL ? [this.#plan("wait", NONE, untilOf(scope, value, owner))] : null;
    if (op === OP.FROM) return [this.#plan("wait", NONE, value)];
    if (op === OP.AFTER_ENROLLMENT) return [this.#plan("wait", NONE, learner.enrolledAt + value)];
    if (op === OP.PROGRESS) {
      const { done, needed } = progressOf(scope, node);
      return this.#choose(this.#candidates(scope, kids, owner), needed - done);
    }
    if (arg === NONE) return null; // dangling: never satisfied
    if (op === OP.COMPLETED) return [this.#plan("complete", arg)];
    if (op === OP.ATTEMPTED) return [this.#plan("attempt", arg)];
    if (op === OP.SCORE) return [this.#plan("score", arg, value)];
    if (op === OP.AFTER) {
      const done = doneAt(scope, arg);
      return [Number.isNaN(done) ? this.#plan("complete", arg, value) : this.#plan("wait", NONE, done + value)];
    }
    return null; // past an end, in another cohort: nothing a learner does helps
  }

  #solveGroup(scope: Scope, node: number, owner: number, holds: boolean): Plan[] | null {
    const kids = kidsOf(scope.program, node);
    const truths = kids.map((kid) => evaluateNode(scope, kid, owner));
    const held = truths.filter((truth) => truth === TRUE).length;
    const ignored = truths.length - held - truths.filter((truth) => truth === FALSE).length;
    const required = requiredOf(scope, node, ignored);
    const movable = kids.filter((_, place) => truths[place] === (holds ? FALSE : TRUE));
    const missing = holds ? required - held : held - required + 1;
    if (movable.length < missing) return null;
    return this.#choose(
      movable.map((kid) => this.#solve(scope, kid, owner, holds)),
      missing,
    );
  }

  /** Undone items of a progress leaf; those the owner's rules ask for anyway first, then open ones, in course order. */
  #candidates(scope: Scope, kids: readonly number[], owner: number): Plan[][] {
    const { program } = scope;
    const wanted = new Set([program.tutorial, program.previous[owner] ?? NONE]);
    for (const item of [owner, program.gate[owner] ?? NONE]) {
      const root = program.roots[item] ?? NONE;
      if (root !== NONE) for (const named of completedIn(program, root)) wanted.add(named);
    }
    const rank = (item: number) => (wanted.has(item) ? 0 : this.#evaluation.open[item] === 1 ? 1 : 2);
    return kids
      .filter((kid) => kid !== NONE && Number.isNaN(doneAt(scope, kid)) && program.statuses[kid] !== "deprecated")
      .sort((a, b) => rank(a) - rank(b) || a - b)
      .map((kid) => [this.#plan("complete", kid)]);
  }

  /** Plans that take one alternative from each of `count` of the lists. */
  #choose(lists: readonly (Plan[] | null)[], count: number): Plan[] | null {
    const possible = lists.filter((list) => list !== null);
    if (possible.length < count) return null;
    const all = (chosen: readonly Plan[][]) => chosen.reduce((sets, list) => this.#combine(sets, list), [this.#empty]);
    if (possible.length === count) return all(possible);
    if (count <= 1) return prune(possible.flat());
    if (possible.length * count > MAX_CHOICES || this.#joins > MAX_JOINS) {
      const cheapest = possible.map((list) => list.slice(0, 1)).sort((a, b) => (a[0] && b[0] ? byCost(a[0], b[0]) : 0));
      return all(cheapest.slice(0, count));
    }
    // sets[k]: the best plans that take one alternative from k of the lists seen so far.
    let sets: Plan[][] = [[this.#empty], ...Array.from({ length: count }, () => [])];
    for (const list of possible) {
      sets = sets.map((without, k) => {
        const smaller = sets[k - 1] ?? [];
        return smaller.length === 0 ? without : prune([...without, ...this.#combine(smaller, list)]);
      });
    }
    return sets[count] ?? null;
  }

  #combine(left: readonly Plan[], right: readonly Plan[]): Plan[] {
    if (right.length === 1 && right[0] === this.#empty) return [...left];
    const isLong = (left[0]?.needs.size ?? 0) > LONG_PLAN || this.#joins > MAX_JOINS;
    const width = isLong ? FEW_ALTERNATIVES : MAX_ALTERNATIVES;
    const others = right.slice(0, width);
    return prune(left.slice(0, width).flatMap((plan) => others.map((other) => this.#join(plan, other))));
  }

  #join(a: Plan, b: Plan): Plan {
    if (a.needs.size === 0) return b;
    if (b.needs.size === 0) return a;
    this.#joins += 1;
    const needs = new Map(a.needs);
    for (const need of b.needs.values()) addNeed(needs, need);
    let locked = 0;
    let effort = 0;
    for (const need of needs.values()) {
      if (this.#isLocked(need)) locked += 1;
      effort += need.value;
    }
    return { needs, locked, effort };
  }
}

function keyOf({ action, item }: Need): string {
  return action === "wait" ? action : `${action} ${item}`;
}

/** Adds a need unless another covers it, and drops what it covers: who completes or scores has attempted, the later wait includes the earlier. */
function addNeed(needs: Map<string, Need>, need: Need): void {
  const key = keyOf(need);
  const same = needs.get(key);
  const { item } = need;
  if (need.action === "attempt" && (needs.has(`complete ${item}`) || needs.has(`score ${item}`))) return;
  if (need.action === "complete" || need.action === "score") needs.delete(`attempt ${item}`);
  needs.set(key, same === undefined || same.value < need.value ? need : same);
}

function byCost(a: Plan, b: Plan): number {
  return a.needs.size - b.needs.size || a.locked - b.locked || a.effort - b.effort;
}

function signature({ needs }: Plan): string {
  return [...needs.values()]
    .map((need) => `${keyOf(need)} ${need.value}`)
    .sort()
    .join();
}

function prune(plans: Plan[]): Plan[] {
  if (plans.length <= 1) return plans;
  const different = new Map(plans.map((plan) => [signature(plan), plan]));
  return [...different.values()].sort(byCost).slice(0, MAX_ALTERNATIVES);
}

/** Children of a group, or the items of a progress leaf. */
export function kidsOf(program: Program, node: number): number[] {
  const first = program.nodes.first[node] ?? 0;
  return [...program.nodes.kids.subarray(first, first + (program.nodes.count[node] ?? 0))];
}

/** Items that leaves of a rule ask to be completed one by one. */
function completedIn(program: Program, node: number): number[] {
  const op = program.nodes.op[node];
  if (op === OP.COMPLETED || op === OP.AFTER) return [program.nodes.arg[node] ?? NONE];
  if (op !== OP.ALL && op !== OP.ANY && op !== OP.AT_LEAST) return [];
  return kidsOf(program, node).flatMap((kid) => completedIn(program, kid));
}
