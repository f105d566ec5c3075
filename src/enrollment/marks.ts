import type { Marks } from "./requests.ts";

/**
 * The parts of a verdict besides score and comment, in the form of answers: absent values become null or an empty list.
 */
export function verdictMarks({ points = undefined, rubric = [], comments = [] }: Marks) {
  return { points: points ?? null, rubric, comments };
}
