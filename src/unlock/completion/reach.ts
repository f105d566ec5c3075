import type { Scope } from "../truth.ts";
import { overlaps, since, union, type Windows } from "../windows.ts";
import { ASK, type Asked } from "./compile.ts";
import { childrenOf, metAt } from "./derive.ts";

/** The earliest times at which a learner could do things; instants, Infinity for never. */
interface Chances {
  /** When the item may be open, and when it may be open and accept work. */
  opensAt(item: number): number;
  workAt(item: number): number;
  /** When another item may be done (-Infinity: it is done already). */
  doneAt(item: number): number;
}

/**
 * The earliest time at which an item may be complete by its requirement. It never says "impossible" of something
 * possible.
 */
export function earliestComplete(asked: Asked, scope: Scope, item: number, chances: Chances): Windows {
  const { program, learner } = scope;
  const { deeds } = learner;
  if (deeds !== null && !Number.isNaN(metAt(asked, program, learner, deeds, item))) {
    return since(Number.NEGATIVE_INFINITY);
  }
  if (asked.kind === "group") {
    return overlaps(
      asked.parts.map((part) => earliestComplete(part, scope, item, chances)),
      asked.count,
    );
  }
  if (asked.kind === "leaf") {
    if (asked.ask === ASK.VIEW) return since(chances.opensAt(item));
    const isForProblems = asked.ask !== ASK.MARK && asked.ask !== ASK.CONTRIBUTE;
    return since(isForProblems && item < program.chapterCount ? Number.POSITIVE_INFINITY : chances.workAt(item));
  }
  const times = [...asked.items].map((child) => since(chances.doneAt(child)));
  // By weight, the fewest items may be enough.
  return asked.weights === null ? overlaps(times, childrenOf(asked, program, learner).needed) : union(times);
}
