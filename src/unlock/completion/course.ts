import { NONE, STANDING, VEIL } from "../program.ts";
import { doneAt, type Scope } from "../truth.ts";

/**
 * Since when a learner has completed the course: all chapters, and all items without a chapter, that are required of
 * the learner. NaN if it is not complete, or if the course requires nothing.
 */
export function courseDoneAt(scope: Scope): number {
  const { program } = scope;
  let latest = Number.NaN;
  for (let item = 0; item < program.size; item += 1) {
    const isCounted = item < program.chapterCount || program.chapterOf[item] === NONE;
    if (!isCounted || program.standing[item] !== STANDING.OFFERED || program.veils[item] === VEIL.HIDDEN) continue;
    const at = doneAt(scope, item);
    if (Number.isNaN(at)) return Number.NaN;
    if (!(at <= latest)) latest = at;
  }
  return latest;
}

/** The rules of one course may name at most this many other courses. */
export const MAX_COURSES_ASKED = 50;
