import { z } from "zod";

// What a learner's progress is in a gradebook (Assignment and Grade Services 2.0, section 3.4). Pure.

/** How a learner stands with an item, as D1 has it. */
export const factRow = z.object({
  attempted_at: z.number().nullable(),
  completed_at: z.number().nullable(),
  submitted_at: z.number().nullable(),
  best_score: z.number().nullable(),
  revoked_at: z.number().nullable(),
});
type FactRow = z.output<typeof factRow>;

export const courseRow = z.object({ completed_count: z.int(), item_count: z.int() });

export interface Score {
  activityProgress: "Initialized" | "InProgress" | "Submitted" | "Completed";
  gradingProgress: "NotReady" | "Pending" | "FullyGraded";
  scoreGiven?: number;
  scoreMaximum?: number;
}

/** Percent with two decimals: gradebooks show no more. */
const rounded = (percent: number) => Math.round(percent * 100) / 100;

/** The score of one item; null where there is nothing to tell. Its own score counts; what only completes is worth all of it. */
export function itemScore(fact: FactRow | null): Score | null {
  if (fact === null || fact.revoked_at !== null) return null;
  const { completed_at, submitted_at, attempted_at, best_score } = fact;
  const isDone = completed_at !== null;
  if (best_score !== null || isDone) {
    const given = rounded(Math.min(Math.max(best_score ?? 100, 0), 100));
    const activityProgress = isDone ? "Completed" : "Submitted";
    return { activityProgress, gradingProgress: "FullyGraded", scoreGiven: given, scoreMaximum: 100 };
  }
  if (submitted_at !== null) return { activityProgress: "Submitted", gradingProgress: "Pending" };
  return attempted_at === null ? null : { activityProgress: "InProgress", gradingProgress: "NotReady" };
}

/** The score of a course: how much of it is complete. */
export function courseScore({ completed_count, item_count }: z.output<typeof courseRow>): Score | null {
  if (item_count === 0 || completed_count === 0) return null;
  const isDone = completed_count >= item_count;
  return {
    activityProgress: isDone ? "Completed" : "InProgress",
    // A part of a course is no grade yet, and gradebooks show it.
    gradingProgress: "FullyGraded",
    scoreGiven: rounded((Math.min(completed_count, item_count) * 100) / item_count),
    scoreMaximum: 100,
  };
}
