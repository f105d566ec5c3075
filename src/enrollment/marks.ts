import type { Marks } from "./requests.ts";

/** What a verdict says beside score and comment, as it is answered: nothing is null or empty, never absent. */
export function verdictMarks({ points = undefined, rubric = [], comments = [] }: Marks) {
  return { points: points ?? null, rubric, comments };
}
