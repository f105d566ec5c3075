import type { NewFact, ProjectedSubmission } from "../mirror/index.ts";
import type { Marks } from "./requests.ts";

/** The fact of a submission about its item. */
export function factOf({ item, status, score, submitted_at, marks }: ProjectedSubmission & { marks: Marks }): NewFact {
  const { points } = marks;
  return {
    item,
    completed: status === "passed",
    how: status === "passed" ? "passed" : null,
    score,
    at: submitted_at,
    submitted: true,
    outcome: marks.decides === true && status !== "pending" ? status : null,
    ...(points === undefined || status === "pending"
      ? {}
      : { points: { points: points.points, min: 0, max: points.max } }),
  };
}
