import { NONE, STANDING, VEIL } from "../program.ts";
import { doneAt, type Scope } from "../truth.ts";

/**
 * Since when a learner has completed the course: all its chapters and the items that stand in none, as far as they are asked of
 * the learner. NaN where that is not so, and for a course that asks for nothing.
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

/** Most other courses that the rules of one course ask for. */
export const MAX_COURSES_ASKED = 50;
