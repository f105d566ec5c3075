import type { Learner } from "../laid-out.ts";
import type { Program } from "../program.ts";
import { deriveItem, derivingOf } from "./derive.ts";

/**
 * A learner's layout with the excuses that are in force at an instant. It is the same object if these are the excuses
 * of the layout, which is so unless one has run out.
 */
export function derivedAt(program: Program, learner: Learner, now: number): Learner {
  const excuses = excusesAt(learner.overrides, now);
  const { completion } = program;
  if (completion === null || isSame(learner.excuses, excuses)) return learner;
  const other: Learner = {
    ...learner,
    attemptedAt: learner.attemptedAt.slice(),
    completedAt: learner.completedAt.slice(),
    outcome: learner.outcome.slice(),
    outcomeAt: learner.outcomeAt.slice(),
    excuses,
  };
  const deriving = derivingOf(program, other);
  // Excuses of items only change what chapters count.
  if (deriving !== null) {
    for (const item of completion.order) if (item < program.chapterCount) deriveItem(deriving, item);
  }
  return other;
}

/** Since when the learner is excused, item by item, with what is in force at an instant; null if nothing is. */
export function excusesAt(overrides: Learner["overrides"], now: number): ReadonlyMap<number, number> | null {
  let found: Map<number, number> | null = null;
  for (const { index, kind, created_at, expires_at } of overrides) {
    if (kind !== "excuse" || (expires_at !== null && now >= expires_at)) continue;
    found ??= new Map();
    found.set(index, Math.min(found.get(index) ?? created_at, created_at));
  }
  return found;
}

function isSame(a: ReadonlyMap<number, number> | null, b: ReadonlyMap<number, number> | null): boolean {
  if (a === null || b === null) return a === b;
  return a.size === b.size && [...a].every(([item, at]) => b.get(item) === at);
}
