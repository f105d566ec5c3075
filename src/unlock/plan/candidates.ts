// Over 350 lines: the plans for each kind of condition are beside the code that joins plans.

import { isDerived, plansToComplete } from "../completion/needs.ts";
import { isKept } from "../ends.ts";
import { type Evaluation, isOpenIn } from "../evaluate.ts";
import { mayAppear } from "../hiding.ts";
import { completedIn, kidsOf } from "../nodes.ts";
import { lockedUntil } from "../periods.ts";
import { NONE, OP, STANDING } from "../program.ts";
import type { Reach } from "../reach.ts";
import { gradesAt, totalOf, weightIn } from "../scores.ts";
import {
  averageOf,
  doneAt,
  evaluateNode,
  excusedAt,
  FALSE,
  IGNORED,
  isCompleted,
  isLockedByStaff,
  isUndone,
  passesPrevious,
  passesTutorial,
  progressOf,
  requiredOf,
  type Scope,
  TRUE,
  type Truth,
  turnOf,
} from "../truth.ts";
import { addNeed, byCost, courseNeed, keyOf, MAX_ALTERNATIVES, type Need, type Plan, prune } from "./plan.ts";
import { actsToward, workable } from "./region.ts";

const FULL_SCORE = 100;
/** Plans longer than this keep only a few alternatives, so that a rule with hundreds of leaves stays fast. */
const LONG_PLAN = 24;
const FEW_ALTERNATIVES = 4;
/** "n of m" is searched in full while n times m is below this; above it, the n cheapest are used. */
const MAX_CHOICES = 400;
/**
 * After this many plans, the search keeps only the few cheapest of each part. That is some tenths of a second, so that
 * no rule, however wide and deep, delays the object that explains it.
 */
const MAX_JOINS = 20_000;

/** Makes candidate plans from the rules, smallest first. Each must still be tried on the learner. */
export class Candidates {
  /** Whether anything was left out to stay fast, so that the smallest plan may be missing. */
  isCut = false;
  readonly empty: Plan = { needs: new Map(), size: 0, locked: 0, effort: 0 };
  readonly #scope: Scope;
  readonly #evaluation: Evaluation;
  readonly #reach: Reach;
  /** Ways to open each locked item from the present state; null while they are being made. */
  readonly #openings = new Map<number, Plan[] | null>();
  #joins = 0;

  constructor(scope: Scope, evaluation: Evaluation, reach: Reach) {
    this.#scope = scope;
    this.#evaluation = evaluation;
    this.#reach = reach;
  }

  /**
   * Plans each of which makes all failing conditions of an item hold, smallest first; null if there is none.
   * @param isWhole the plans include everything that opens the items they need.
   */
  of(scope: Scope, item: number, isWhole = true): Plan[] | null {
    const { program } = scope;
    if (isOpenIn(scope, item)) return [this.empty];
    const parts: (Plan[] | null)[] = [];
    const gate = program.gate[item] ?? NONE;
    for (const one of [item, gate]) {
      if (one !== NONE && isLockedByStaff(scope, one)) parts.push(this.#wait(lockedUntil(scope, one)));
    }
    const ask = (needed: number) => this.#plan(isWhole, "complete", needed);
    if (!passesTutorial(scope, item)) parts.push(ask(program.tutorial));
    if (!isKept(scope, item)) {
      if (!passesPrevious(scope, item)) parts.push(ask(program.previous[item] ?? NONE));
      if (gate !== NONE && !isOpenIn(scope, gate)) {
        parts.push(isWhole && scope === this.#scope ? this.#opening(gate) : this.of(scope, gate, isWhole));
      }
      const root = program.roots[item] ?? NONE;
      if (root !== NONE && evaluateNode(scope, root, item) === FALSE) {
        parts.push(this.#solve(scope, root, item, true, isWhole));
      }
    }
    return this.#choose(parts, parts.length);
  }

  /** Ways to open a locked item from the present state. */
  #opening(item: number): Plan[] | null {
    const known = this.#openings.get(item);
    if (known !== undefined) return known;
    this.#openings.set(item, null); // ends the walk for rules with a cycle
    const plans = this.of(this.#scope, item);
    this.#openings.set(item, plans);
    return plans;
  }

  /** Plans for one need; null if the learner can never reach it. */
  #plan(
    isWhole: boolean,
    action: Need["action"],
    item: number,
    value = 0,
    below = Number.POSITIVE_INFINITY,
  ): Plan[] | null {
    const scope = this.#scope;
    const chapter = item < scope.program.chapterCount ? item : (scope.program.gate[item] ?? NONE);
    // An item that was done and is locked again only has to be opened.
    const isLockedAgain = action === "complete" && isUndone(scope, item) && isCompleted(scope.learner, item);
    if (action === "complete" && isDerived(this.#scope, item) && !isLockedAgain) {
      return plansToComplete<Plan[]>(this.#scope, item, {
        plan: (act) => this.#plan(isWhole, act.action, act.item, act.value),
        choose: (lists, count) => this.#choose(lists, count),
        cut: () => {
          this.isCut = true;
        },
      });
    }
    const reached = action === "view" || isLockedAgain ? this.#reach.opensAt : this.#reach.workAt;
    if (item === NONE || (reached[item] ?? Number.POSITIVE_INFINITY) === Number.POSITIVE_INFINITY) return null;
    if (!mayAppear(this.#scope.program, this.#evaluation, item)) return null;
    const isOpen = this.#evaluation.open[isLockedAgain ? chapter : item] === 1;
    const need: Need = { action, item, value, ...(below < Number.POSITIVE_INFINITY ? { below } : {}) };
    const plan = this.#planOf(new Map([[keyOf(need), need]]));
    if (isOpen || !isWhole) return [plan];
    const openings = this.#opening(isLockedAgain ? chapter : item);
    return openings === null ? null : prune(openings.map((opening) => this.join(opening, plan)));
  }

  #wait(until: number): Plan[] | null {
    if (until === Number.POSITIVE_INFINITY) return null;
    const need: Need = { action: "wait", item: NONE, value: until };
    return [this.#planOf(new Map([[keyOf(need), need]]))];
  }

  #planOf(needs: ReadonlyMap<string, Need>): Plan {
    let locked = 0;
    let effort = 0;
    let isDripping = false;
    for (const need of needs.values()) {
      if (need.action === "wait" || this.#evaluation.open[need.item] !== 1) locked += 1;
      if (need.action === "complete" && need.value > 0) isDripping = true;
      effort += need.value;
    }
    return { needs, size: needs.size + (isDripping && !needs.has("wait") ? 1 : 0), locked, effort };
  }

  /**
   * Plans that make a node hold or, below a `not`, fail. Facts only grow, so only dates and better scores can make a
   * leaf fail.
   */
  #solve(scope: Scope, node: number, owner: number, holds: boolean, isWhole: boolean): Plan[] | null {
    if (evaluateNode(scope, node, owner) === (holds ? TRUE : FALSE)) return [this.empty];
    const { program, learner } = scope;
    const { nodes } = program;
    const op = nodes.op[node];
    const arg = nodes.arg[node] ?? NONE;
    const value = nodes.value[node] ?? 0;
    const kids = kidsOf(program, node);
    if (op === OP.NOT) return this.#solve(scope, kids[0] ?? NONE, owner, !holds, isWhole);
    if (op === OP.ALL || op === OP.ANY || op === OP.AT_LEAST) {
      return this.#solveGroup(scope, node, owner, holds, isWhole);
    }
    const upper = nodes.upper[node] ?? Number.POSITIVE_INFINITY;
    if (op === OP.STATE) {
      return this.#choose(
        actsToward(scope, node, holds).map((act) => this.#plan(isWhole, act, arg)),
        1,
      );
    }
    if (!holds && (op === OP.AVERAGE || op === OP.TOTAL)) return null;
    if (!holds) {
      if (upper < Number.POSITIVE_INFINITY && op === OP.POINTS) return this.#plan(isWhole, "points", arg, upper);
      if (upper < Number.POSITIVE_INFINITY) return this.#plan(isWhole, "score", arg, upper);
      return op === OP.UNTIL ? this.#wait(turnOf(scope, node, owner)) : null;
    }
    switch (op) {
      case OP.FROM:
        return this.#wait(value - learner.early);
      case OP.AFTER_ENROLLMENT:
        return this.#wait(learner.enrolledAt + value);
      case OP.PROGRESS: {
        const { done, needed } = progressOf(scope, node);
        return this.#choose(this.#candidates(scope, kids, owner, isWhole), needed - done);
      }
      case OP.COMPLETED:
        return this.#plan(isWhole, "complete", arg);
      case OP.ATTEMPTED: // the only way to attempt a chapter is to complete it
        return this.#plan(isWhole, arg < program.chapterCount ? "complete" : "attempt", arg);
      case OP.SCORE: // a chapter gets no score
        return arg < program.chapterCount ? null : this.#plan(isWhole, "score", arg, value);
      case OP.SCORE_RANGE: {
        const isTooHigh =
          nodes.live[node] !== 1 && (learner.bestScore[arg] ?? Number.NaN) >= upper - program.scoreSlack;
        if (arg < program.chapterCount || isTooHigh) return null;
        return this.#plan(isWhole, "score", arg, Math.max(0, value), upper);
      }
      case OP.AVERAGE:
        return this.#raise(scope, node, kids, isWhole);
      case OP.TOTAL:
        return this.#raiseTotal(scope, node, value, upper, isWhole);
      case OP.VIEWED:
        return this.#plan(isWhole, "view", arg);
      case OP.SUBMITTED:
        return arg < program.chapterCount ? null : this.#plan(isWhole, "submit", arg);
      case OP.POINTS: {
        const isTooHigh = nodes.live[node] !== 1 && (learner.points[arg] ?? Number.NaN) >= upper;
        if (arg < program.chapterCount || isTooHigh) return null;
        return this.#plan(isWhole, "points", arg, Math.max(0, value), upper);
      }
      case OP.COURSE: {
        const need = courseNeed(program, arg);
        return [this.#planOf(new Map([[keyOf(need), need]]))];
      }
      case OP.AFTER: {
        const done = doneAt(scope, arg);
        return Number.isNaN(done) ? this.#plan(isWhole, "complete", arg, value) : this.#wait(done + value);
      }
      default:
        return null; // past an end, or in another cohort: no action of the learner helps
    }
  }

  /** The fewest full scores that raise a mean to the required value; the last one only as high as necessary. */
  #raise(scope: Scope, node: number, kids: readonly number[], isWhole: boolean): Plan[] | null {
    const { program } = scope;
    const { sum, counted } = averageOf(scope, node);
    const min = program.nodes.value[node] ?? 0;
    let missing = Math.max(0, min) * counted - sum;
    const { bestScore } = gradesAt(scope, node);
    const scoreOf = (kid: number) => bestScore[kid] || 0;
    const open = kids
      .filter((kid) => kid >= program.chapterCount && program.standing[kid] === STANDING.OFFERED)
      .filter((kid) => scoreOf(kid) < FULL_SCORE && Number.isNaN(excusedAt(scope, kid)))
      .map((kid) => ({ kid, alone: this.#plan(isWhole, "score", kid, FULL_SCORE) }))
      .filter(({ alone }) => alone !== null)
      .sort((a, b) => scoreOf(a.kid) - scoreOf(b.kid));
    this.isCut = true;
    const parts: (Plan[] | null)[] = [];
    for (const { kid } of open) {
      if (missing <= 0 && parts.length > 0) break;
      const gain = Math.min(FULL_SCORE - scoreOf(kid), Math.max(0, missing));
      parts.push(this.#plan(isWhole, "score", kid, Math.ceil((scoreOf(kid) + gain) * 100) / 100));
      missing -= gain;
    }
    return missing > 0 || parts.length === 0 ? null : this.#choose(parts, parts.length);
  }

  /** The fewest full scores, on items that are open now, that raise the course total to the required value. */
  #raiseTotal(scope: Scope, node: number, min: number, upper: number, isWhole: boolean): Plan[] | null {
    this.isCut = true;
    let { percent, sum, weighed } = totalOf(scope, node);
    const grades = gradesAt(scope, node);
    if (percent !== null && percent >= upper - scope.program.scoreSlack) return null;
    const parts: (Plan[] | null)[] = [];
    let left = workable(scope, this.#evaluation);
    while (percent === null || percent < min - scope.program.scoreSlack) {
      const known = { sum, weighed };
      const after = left.map((item) => {
        const weight = weightIn(grades, item);
        const old = grades.bestScore[item] ?? Number.NaN;
        const total = { sum: known.sum + (FULL_SCORE - (old || 0)) * weight, weighed: known.weighed + weight };
        return { item, ...(Number.isNaN(old) ? total : { ...total, weighed: known.weighed }) };
      });
      const [best] = after.sort((a, b) => b.sum / b.weighed - a.sum / a.weighed);
      if (best === undefined || !(best.weighed > 0)) return null;
      parts.push(this.#plan(isWhole, "score", best.item, FULL_SCORE));
      ({ sum, weighed } = best);
      percent = sum / weighed;
      left = left.filter((item) => item !== best.item);
    }
    return this.#choose(parts, parts.length);
  }

  #solveGroup(scope: Scope, node: number, owner: number, holds: boolean, isWhole: boolean): Plan[] | null {
    const kids = kidsOf(scope.program, node);
    const truths = kids.map((kid) => evaluateNode(scope, kid, owner));
    const held = truths.filter((truth) => truth === TRUE).length;
    const ignored = truths.length - held - truths.filter((truth) => truth === FALSE).length;
    const required = requiredOf(scope, node, ignored);
    // An item that is required of nobody helps if it is done, but does not count for what `all` requires.
    const helps = (truth: Truth) =>
      truth === (holds ? FALSE : TRUE) || (truth === IGNORED && scope.program.nodes.op[node] !== OP.ALL);
    const movable = kids.filter((_, place) => helps(truths[place] ?? FALSE));
    const missing = holds ? required - held : held - required + 1;
    if (movable.length < missing) return null;
    return this.#choose(
      movable.map((kid) => this.#solve(scope, kid, owner, holds, isWhole)),
      missing,
    );
  }

  /**
   * Undone items of a progress leaf: first those that the owner's rules require anyway, then open ones, in course
   * order.
   */
  #candidates(scope: Scope, kids: readonly number[], owner: number, isWhole: boolean): (Plan[] | null)[] {
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
      .map((kid) => this.#plan(isWhole, "complete", kid));
  }

  /** Plans that take one alternative from each of `count` of the lists. */
  #choose(lists: readonly (Plan[] | null)[], count: number): Plan[] | null {
    const possible = lists.filter((list) => list !== null);
    if (possible.length < count) return null;
    const all = (chosen: readonly Plan[][]) => chosen.reduce((sets, list) => this.#combine(sets, list), [this.empty]);
    if (possible.length === count) return all(possible);
    if (count <= 1) return this.#pruned(possible.flat());
    if (possible.length * count > MAX_CHOICES || this.#joins > MAX_JOINS) {
      this.isCut = true;
      const cheapest = possible.map((list) => list.slice(0, 1)).sort((a, b) => (a[0] && b[0] ? byCost(a[0], b[0]) : 0));
      return all(cheapest.slice(0, count));
    }
    // sets[k]: the best plans that take one alternative from k of the lists seen so far.
    let sets: Plan[][] = [[this.empty], ...Array.from({ length: count }, () => [])];
    for (const list of possible) {
      sets = sets.map((without, k) => {
        const smaller = sets[k - 1] ?? [];
        return smaller.length === 0 ? without : this.#pruned([...without, ...this.#combine(smaller, list)]);
      });
    }
    return sets[count] ?? null;
  }

  #combine(left: readonly Plan[], right: readonly Plan[]): Plan[] {
    if (right.length === 1 && right[0] === this.empty) return [...left];
    const isLong = (left[0]?.needs.size ?? 0) > LONG_PLAN;
    const width = this.#joins > MAX_JOINS ? 2 : isLong ? FEW_ALTERNATIVES : MAX_ALTERNATIVES;
    if (left.length > width || right.length > width) this.isCut = true;
    const others = right.slice(0, width);
    return this.#pruned(left.slice(0, width).flatMap((plan) => others.map((other) => this.join(plan, other))));
  }

  #pruned(plans: Plan[]): Plan[] {
    if (plans.length > MAX_ALTERNATIVES) this.isCut = true;
    return prune(plans);
  }

  join(a: Plan, b: Plan): Plan {
    if (a.needs.size === 0) return b;
    if (b.needs.size === 0) return a;
    const needs = new Map(a.needs);
    for (const need of b.needs.values()) addNeed(needs, need);
    this.#joins += 1 + needs.size / LONG_PLAN;
    return this.#planOf(needs);
  }
}
