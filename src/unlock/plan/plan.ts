import type { Program } from "../program.ts";

/** The kinds of things that a learner can do or wait for. */
type Act =
  | "complete"
  | "attempt"
  | "score"
  | "points"
  | "pass"
  | "view"
  | "submit"
  | "mark"
  | "contribute"
  | "complete_course"
  | "wait";

/** One thing to do or to wait for. */
export interface Need {
  action: Act;
  /** complete_course: the number of the trait, after the numbers of all items; see {@link courseNeed}. */
  item: number;
  /** score, points: the least value. wait: the instant, epoch ms. complete: the time that must pass afterwards, ms. */
  value: number;
  /** score, points: the upper bound (exclusive); absent if any better score is enough. */
  below?: number;
}

/** The need of completing another course that a rule asks for. */
export function courseNeed({ size }: Program, trait: number): Need {
  return { action: "complete_course", item: size + trait, value: 0 };
}

/** The course of such a need. */
export function courseOf({ size, traits }: Program, item: number): string {
  const trait = traits[item - size];
  return trait !== undefined && "course" in trait ? trait.course : "";
}

/**
 * Alternatives kept for each part of a rule during the search. Up to this number the answer is the smallest; beyond it,
 * a good one.
 */
export const MAX_ALTERNATIVES = 64;

/** Needs of one plan; none of them includes another. */
export interface Plan {
  readonly needs: ReadonlyMap<string, Need>;
  /** The number of steps, with a wait at the end if time must pass. */
  readonly size: number;
  /** How many of them cannot be done right now: decides between plans of the same size. */
  readonly locked: number;
  /** Sum of their values, the next tie-break: an earlier instant, a shorter drip or a lower score is easier. */
  readonly effort: number;
}

export function keyOf({ action, item }: Need): string {
  return action === "wait" ? action : `${action} ${item}`;
}

/**
 * Adds a need unless another includes it, and drops the needs that it includes: completing or scoring includes an
 * attempt, a later wait includes an earlier one.
 */
export function addNeed(needs: Map<string, Need>, need: Need): void {
  const key = keyOf(need);
  const same = needs.get(key);
  const { item } = need;
  if (need.action === "attempt" && MORE.some((action) => needs.has(`${action} ${item}`))) return;
  if (need.action === "view" && [...MORE, "attempt"].some((action) => needs.has(`${action} ${item}`))) return;
  if (need.action !== "view" && need.action !== "wait") needs.delete(`view ${item}`);
  if (MORE.some((action) => action === need.action)) needs.delete(`attempt ${item}`);
  needs.set(key, same === undefined || same.value < need.value ? need : same);
}

/** The actions that include an attempt. */
const MORE = ["complete", "score", "points", "pass", "submit", "mark", "contribute"] as const;

export function byCost(a: Plan, b: Plan): number {
  return a.size - b.size || a.locked - b.locked || a.effort - b.effort;
}

export function signature({ needs }: Plan): string {
  return [...needs.values()]
    .map((need) => `${keyOf(need)} ${need.value}`)
    .sort()
    .join();
}

export function prune(plans: Plan[]): Plan[] {
  if (plans.length <= 1) return plans;
  const different = new Map(plans.map((plan) => [signature(plan), plan]));
  return [...different.values()].sort(byCost).slice(0, MAX_ALTERNATIVES);
}
