import type { Need } from "../plan/plan.ts";
import { NONE } from "../program.ts";
import { PASSED } from "./deeds.ts";
import { cascade, type Deriving } from "./derive.ts";

/**
 * Writes an action of a rehearsal (see `plan/world.ts`) into the layout, and derives what depends on it.
 * @param before the old values of the layout: attempted, completed, best score, in this order.
 * @returns a function that undoes it.
 */
export function doDerived(
  deriving: Deriving,
  { action, item }: Pick<Need, "action" | "item">,
  now: number,
  before: readonly number[],
): () => void {
  const { completion, deeds, learner } = deriving;
  const parent = completion.parent[item] ?? NONE;
  const own = [
    deeds.attemptedAt,
    deeds.markedAt,
    deeds.passedAt,
    deeds.contributedAt,
    deeds.scoredAt,
    deeds.outcome,
    deeds.outcomeAt,
  ];
  const oldOwn = own.map((list) => list[item] ?? Number.NaN);
  const { attemptedAt, completedAt, outcome, outcomeAt } = learner;
  const derived = [attemptedAt, completedAt, outcome, outcomeAt];
  const oldParent = derived.map((list) => list[parent] ?? Number.NaN);
  const oldDone = deeds.doneIn[parent] ?? 0;
  const oldSteps = deeds.steps.get(item);
  const first = (list: Float64Array) => {
    if (!((list[item] ?? Number.NaN) <= now)) list[item] = now;
  };
  if (action !== "view") first(deeds.attemptedAt);
  if (action === "mark") first(deeds.markedAt);
  if (action === "contribute") first(deeds.contributedAt);
  if (action === "pass") {
    first(deeds.passedAt);
    deeds.outcome[item] = PASSED;
    deeds.outcomeAt[item] = now;
  }
  const [, completedBefore = Number.NaN, scoreBefore = Number.NaN] = before;
  if ((action === "score" || action === "points") && !Object.is(learner.bestScore[item], scoreBefore)) {
    const at = deeds.scoredAt[item] ?? Number.NaN;
    if (!Number.isNaN(scoreBefore)) deeds.steps.set(item, [...(oldSteps ?? []), { at, score: scoreBefore }]);
    deeds.scoredAt[item] = now;
  }
  cascade(deriving, item, completedBefore);
  return () => {
    own.forEach((list, place) => {
      list[item] = oldOwn[place] ?? Number.NaN;
    });
    derived.forEach((list, place) => {
      if (parent !== NONE) list[parent] = oldParent[place] ?? Number.NaN;
    });
    if (parent !== NONE) deeds.doneIn[parent] = oldDone;
    if (oldSteps === undefined) deeds.steps.delete(item);
    else deeds.steps.set(item, oldSteps);
  };
}
