import type { Need } from "../plan/plan.ts";
import { NONE, STANDING } from "../program.ts";
import type { Scope } from "../truth.ts";
import { ASK, type Asked, type Children } from "./compile.ts";
import { childDoneAt, childrenOf, metAt } from "./derive.ts";

// What a learner can do to meet an item's requirement.

type Act = Pick<Need, "action" | "item" | "value">;

/** Functions that put plans together; see `plan/candidates.ts`. */
interface Planning<Plans> {
  /** Plans for one thing to do; null if the learner can never reach it. */
  plan(act: Act): Plans | null;
  /** Plans that take one alternative from each of `count` of the lists. */
  choose(lists: readonly (Plans | null)[], count: number): Plans | null;
  /** Notes that something was left out to stay fast. */
  cut(): void;
}

/** Plans after which an item is complete by its requirement; null if there is none. */
export function plansToComplete<Plans>(scope: Scope, item: number, planning: Planning<Plans>): Plans | null {
  const asked = scope.program.completion?.asked[item] ?? null;
  return asked === null ? null : plansFor(asked, scope, item, planning);
}

function plansFor<Plans>(asked: Asked, scope: Scope, item: number, planning: Planning<Plans>): Plans | null {
  const { program, learner } = scope;
  if (learner.deeds === null) return null;
  if (!Number.isNaN(metAt(asked, program, learner, learner.deeds, item))) return planning.choose([], 0);
  if (asked.kind === "leaf") {
    const act = actOf(scope, asked.ask, asked.min, item);
    return act === null ? null : planning.plan(act);
  }
  if (asked.kind === "children") return plansForChildren(asked, scope, planning);
  const { deeds } = learner;
  const open = asked.parts.filter((part) => Number.isNaN(metAt(part, program, learner, deeds, item)));
  const lists = open.map((part) => plansFor(part, scope, item, planning));
  return planning.choose(lists, asked.count - (asked.parts.length - open.length));
}

function plansForChildren<Plans>(asked: Children, scope: Scope, planning: Planning<Plans>): Plans | null {
  const { program, learner } = scope;
  const { done, needed, weighed, doneWeight } = childrenOf(asked, program, learner);
  const undone = undoneChildren(asked, scope);
  const lists = undone.map((child) => planning.plan({ action: "complete", item: child, value: 0 }));
  if (asked.weights === null) return planning.choose(lists, needed - done);
  // The heaviest first, so that the fewest items reach the share.
  const weightOf = (child: number) => asked.weights?.[asked.items.indexOf(child)] ?? 1;
  const byWeight = undone
    .map((child, place) => ({ weight: weightOf(child), plans: lists[place] ?? null }))
    .filter(({ plans }) => plans !== null)
    .sort((a, b) => b.weight - a.weight);
  planning.cut();
  let weight = doneWeight;
  const chosen: (Plans | null)[] = [];
  for (const one of byWeight) {
    if ((weight * 100) / weighed >= asked.percent) break;
    weight += one.weight;
    chosen.push(one.plans);
  }
  return (weight * 100) / weighed + 0.01 < asked.percent ? null : planning.choose(chosen, chosen.length);
}

/** A chapter's items that are required of the learner and not done. */
function undoneChildren({ items }: Children, { program, learner }: Scope): number[] {
  return [...items].filter(
    (child) => program.standing[child] === STANDING.OFFERED && Number.isNaN(childDoneAt(learner, child)),
  );
}

/** Plans that meet one part; null if no learner can. A chapter gets no score, no verdict and no submission. */
function actOf({ program }: Scope, ask: number, min: number, item: number): Act | null {
  const least = Math.max(0, min);
  if (ask === ASK.VIEW) return { action: "view", item, value: 0 };
  if (ask === ASK.MARK) return { action: "mark", item, value: 0 };
  if (ask === ASK.CONTRIBUTE) return { action: "contribute", item, value: 0 };
  if (item < program.chapterCount) return null;
  if (ask === ASK.SUBMIT) return { action: "submit", item, value: 0 };
  if (ask === ASK.PASS) return { action: "pass", item, value: 0 };
  if (ask === ASK.SCORE || ask === ASK.PASS_SCORE) return { action: "score", item, value: least };
  return { action: "points", item, value: least };
}

/** Everything that may be necessary to complete an item, its items included. */
export function actsToComplete(scope: Scope, item: number): Act[] {
  const found: Act[] = [];
  const walk = (asked: Asked): void => {
    if (asked.kind === "group") asked.parts.forEach(walk);
    else if (asked.kind === "leaf") {
      const act = actOf(scope, asked.ask, asked.min, item);
      if (act !== null) found.push(act);
    } else for (const child of asked.items) found.push({ action: "complete", item: child, value: 0 });
  };
  const asked = scope.program.completion?.asked[item] ?? null;
  if (asked !== null) walk(asked);
  return found;
}

/** Whether an item is completed by what is done, and not by a report. */
export function isDerived({ program }: Pick<Scope, "program">, item: number): boolean {
  return item !== NONE && (program.completion?.asked[item] ?? null) !== null;
}
