import type { Evaluation } from "./evaluate.ts";
import { Candidates } from "./plan/candidates.ts";
import { addNeed, byCost, type Need, type Plan, signature } from "./plan/plan.ts";
import { type Region, regionOf } from "./plan/region.ts";
import { MAX_WORK, Trial } from "./plan/trial.ts";
import { World } from "./plan/world.ts";
import { type Reach, reachOf } from "./reach.ts";
import { acceptsWork } from "./scope.ts";
import type { Scope } from "./truth.ts";

/**
 * At most this many plans are tried on the learner. More than a handful only arise if a rule also forbids something.
 */
const MAX_TRIED = 128;
/**
 * Alternatives are compared if at most this many locked items are behind the item; beyond that, the cheapest way of
 * each is used.
 */
const MAX_WEIGHED = 300;
/** In a plan of at most this many steps, each step is left out once, to see whether the plan needs it. */
const MAX_LEFT_OUT = 60;

/**
 * Finds the smallest list of actions that opens an item, in an order in which each can be done: an item is open by the
 * time it must be completed. Each answer was tried on a copy of the learner, step by step, with the evaluator itself.
 *
 * There are three searches, each bounded. First, everything that the learner can never reach is left out ({@link
 * reachOf}); if that includes the item itself, it is certain that there is no plan. Then candidates are made from the
 * rules, smallest first. Then every order of doing and waiting is tried that could be shorter than the best so far. If
 * this ends within {@link MAX_WORK}, the answer is certainly the smallest (null: there is none) among all lists of
 * actions taken now or at instants at which something opens or closes. If it does not end, the answer still opens the
 * item.
 */
export class StepSearch {
  readonly #scope: Scope;
  readonly #evaluation: Evaluation;
  readonly #reach: Reach;
  readonly #candidates: Candidates;

  constructor(scope: Scope, evaluation: Evaluation, reach: Reach = reachOf(scope, evaluation)) {
    this.#scope = scope;
    this.#evaluation = evaluation;
    this.#reach = reach;
    this.#candidates = new Candidates(scope, evaluation, reach);
  }

  /**
   * The steps that open an item (its chapter, sequence and tutorial included), in order; null if no action of the
   * learner does.
   */
  stepsOf(item: number): Need[] | null {
    if ((this.#reach.opensAt[item] ?? Number.POSITIVE_INFINITY) === Number.POSITIVE_INFINITY) return null;
    const region = regionOf(this.#scope, this.#evaluation, this.#reach, item);
    const found = region.items.length <= MAX_WEIGHED ? this.#weighed(item, region) : this.#cheapest(item, region);
    const best = found === null ? null : this.#shortened(found, item, region);
    const isCertain =
      best !== null && region.isPlain && !this.#candidates.isCut && best.every((need) => need.action !== "wait");
    if (isCertain || best?.length === 1) return best;
    return this.#tryAll(item, region, best) ?? best;
  }

  /** The steps of a plan that can be done right now; if there are none, its first wait. */
  doNext(item: number, steps: readonly Need[]): Need[] {
    const isNow = (need: Need) =>
      need.action === "complete_course" ||
      (need.action !== "wait" &&
        this.#evaluation.open[need.item] === 1 &&
        (need.action === "view" || acceptsWork(this.#scope, need.item)));
    const now = steps.filter(isNow);
    if (now.length === 0) return steps.slice(0, 1);
    const later = steps.filter((need) => !isNow(need));
    const region = regionOf(this.#scope, this.#evaluation, this.#reach, item);
    if (new World(this.#scope, this.#evaluation, region).opensBy([...now, ...later], item)) return now;
    // Their order matters: only those before the first wait.
    const end = steps.findIndex((need) => !isNow(need));
    return end <= 0 ? steps.slice(0, 1) : steps.slice(0, end);
  }

  #weighed(item: number, region: Region): Need[] | null {
    let frontier: Plan[] = [this.#candidates.empty];
    const seen = new Set<string>();
    for (let tried = 0; tried < MAX_TRIED; tried += 1) {
      const plan = frontier.shift();
      if (plan === undefined) return null;
      const world = new World(this.#scope, this.#evaluation, region);
      const steps = world.follow([...plan.needs.values()], item);
      if (steps !== null) return steps;
      const further = (this.#candidates.of(world.scope, item) ?? []).map((more) => this.#candidates.join(plan, more));
      frontier.push(...further.filter((next) => signature(next) !== signature(plan) && !seen.has(signature(next))));
      for (const next of further) seen.add(signature(next));
      frontier = frontier.sort(byCost);
    }
    this.#candidates.isCut = true;
    return null;
  }

  /** For large parts of a course: the cheapest way of each item, found from the first to the last. */
  #cheapest(item: number, region: Region): Need[] | null {
    this.#candidates.isCut = true;
    const cost = new Map<number, number>();
    const ways = new Map<number, Need[]>();
    const costOf = (needs: readonly Need[]) =>
      needs.reduce((sum, need) => sum + 1 + (need.action === "wait" ? 0 : (cost.get(need.item) ?? 0)), 0);
    for (const one of region.items) {
      const plans =
        this.#evaluation.open[one] === 1 ? [this.#candidates.empty] : this.#candidates.of(this.#scope, one, false);
      let best: Need[] = [];
      let least = Number.POSITIVE_INFINITY;
      for (const plan of plans ?? []) {
        const needs = [...plan.needs.values()];
        const price = costOf(needs);
        if (price < least) [best, least] = [needs, price];
      }
      cost.set(one, least);
      ways.set(one, best);
    }
    const wanted = new Set<number>([item]);
    const needs = new Map<string, Need>();
    // Backwards: `region.items` lists an item after those it needs, so the items that need it are seen before it.
    for (const one of [...region.items].reverse()) {
      if (!wanted.has(one)) continue;
      for (const need of ways.get(one) ?? []) {
        addNeed(needs, need);
        if (need.action !== "wait") wanted.add(need.item);
      }
    }
    const order = new Map(region.items.map((one, place) => [one, place]));
    const sorted = [...needs.values()].sort((a, b) => (order.get(a.item) ?? 0) - (order.get(b.item) ?? 0));
    return new World(this.#scope, this.#evaluation, region).follow(sorted, item);
  }

  /** The same without unnecessary steps, and with as few waits as possible. */
  #shortened(steps: Need[], item: number, region: Region): Need[] {
    const opens = (list: readonly Need[]) => new World(this.#scope, this.#evaluation, region).opensBy(list, item);
    let best = steps;
    const waits = best.filter((need) => need.action === "wait").length;
    for (let place = 0; waits > 1 && place < best.length && best.length <= MAX_LEFT_OUT; ) {
      const without = withoutWait(best, place);
      if (without !== null && opens(without)) best = without;
      else place += 1;
    }
    if (region.isPlain && !this.#candidates.isCut) return best;
    for (let place = 0; place < best.length && best.length <= MAX_LEFT_OUT; ) {
      const without = best.filter((_, at) => at !== place);
      if (opens(without)) best = without;
      else place += 1;
    }
    return best;
  }

  /** Every order of doing and waiting that is shorter than the best known; null if none opens the item. */
  #tryAll(item: number, region: Region, best: Need[] | null): Need[] | null {
    const world = new World(this.#scope, this.#evaluation, region);
    const limit = best === null ? Number.POSITIVE_INFINITY : best.length - 1;
    for (let depth = 1; depth <= limit; depth += 1) {
      const trail: Need[] = [];
      const outcome = new Trial(world, item, region.actions).within(depth, trail);
      if (outcome === "found") return trail;
      if (outcome === "ended" || world.work > MAX_WORK) return null;
    }
    return null;
  }
}

/**
 * The steps without the wait at a place; the steps after it move behind the next wait. Null if there is no such wait.
 */
function withoutWait(steps: readonly Need[], place: number): Need[] | null {
  if (steps[place]?.action !== "wait") return null;
  const next = steps.findIndex((need, at) => at > place && need.action === "wait");
  if (next < 0) return null;
  return [
    ...steps.slice(0, place),
    ...steps.slice(next, next + 1),
    ...steps.slice(place + 1, next),
    ...steps.slice(next + 1),
  ];
}
