/** What one learner did with one item. Instants in epoch ms. An absent field means the same as null. */
export interface Fact {
  attempted_at: number | null;
  completed_at: number | null;
  /** Best score in percent: 0 to 100, or beyond if an attempt's points are outside its own range. */
  best_score: number | null;
  /** The result of the latest verdict that decides about the item, and its instant. */
  outcome?: Outcome | null;
  outcome_at?: number | null;
  /** When the learner first opened it, and first submitted something. */
  viewed_at?: number | null;
  submitted_at?: number | null;
  /** Points of the best attempt with their range, if it was reported in points. */
  points?: number | null;
  points_min?: number | null;
  points_max?: number | null;
  /**
   * How it was completed, each at its earliest instant: reported as a whole by a service, marked by the learner, passed
   * by an attempt. Completions from before these were noted have a `completed_at` earlier than all three.
   */
  told_at?: number | null;
  marked_at?: number | null;
  passed_at?: number | null;
  /** When a service first reported that the learner contributed. */
  contributed_at?: number | null;
  /** When the best score was reached; null if that was not noted. */
  scored_at?: number | null;
  /** Lower scores that were reached before it, see {@link stepsOf}. */
  steps?: string | null;
  /** The latest score, which may be lower than the best, see `latestOf`; null if nothing needs it. */
  latest?: string | null;
}

/**
 * How an item was completed, if that is known: reported by a service, marked by the learner, or passed by an attempt.
 */
export type How = "told" | "marked" | "passed";

export type Outcome = "passed" | "failed";

/** Points of an attempt, and the range of this attempt. */
export interface Points {
  points: number;
  min: number;
  max: number;
}

/** One thing that happened. `score` is `points` in percent, if points are given. */
export interface News {
  at: number;
  completed: boolean;
  score: number | null;
  outcome?: Outcome | null;
  points?: Points | null;
  /** The item was opened; that alone is no attempt. */
  viewed?: boolean;
  /** Something was submitted. */
  submitted?: boolean;
  /** How it was completed; absent if that was not noted. */
  how?: How | null;
  /** A service reports that the learner contributed. */
  contributed?: boolean;
  /** Something depends on the grade that counts now, so it is noted, too. */
  live?: boolean;
}
