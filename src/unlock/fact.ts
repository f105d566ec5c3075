/** What one learner did with one item. Instants in epoch ms. Absent is the same as null. */
export interface Fact {
  attempted_at: number | null;
  completed_at: number | null;
  /** Best score in percent: 0 to 100, or beyond where an attempt's points lie outside its own range. */
  best_score: number | null;
  /** What the latest verdict that decides says of the item, and when that was. */
  outcome?: Outcome | null;
  outcome_at?: number | null;
  /** When the learner first opened it, and first submitted something. */
  viewed_at?: number | null;
  submitted_at?: number | null;
  /** Points of the best attempt with the range they are in, where it was told in points. */
  points?: number | null;
  points_min?: number | null;
  points_max?: number | null;
  /**
   * How it came to be completed, each the earliest: told as a whole by a service, marked by the learner, passed by an
   * attempt. What was completed before this was noted has a `completed_at` earlier than all three.
   */
  told_at?: number | null;
  marked_at?: number | null;
  passed_at?: number | null;
  /** When a service first told that the learner contributed. */
  contributed_at?: number | null;
  /** When the best score was reached; null where that was not noted. */
  scored_at?: number | null;
  /** Lower scores that were reached before it, see {@link stepsOf}. */
  steps?: string | null;
  /** The latest score, which may be lower than the best, see `latestOf`; null where nothing asks for it. */
  latest?: string | null;
}

/** How an item was completed, where it was: told by a service, marked by the learner, or passed by an attempt. */
export type How = "told" | "marked" | "passed";

export type Outcome = "passed" | "failed";

/** Points of an attempt, and the range that this very attempt could reach. */
export interface Points {
  points: number;
  min: number;
  max: number;
}

/** One thing that happened. `score` is what `points` are in percent, where those are given. */
export interface News {
  at: number;
  completed: boolean;
  score: number | null;
  outcome?: Outcome | null;
  points?: Points | null;
  /** It was opened; by itself that is no attempt. */
  viewed?: boolean;
  /** Something was submitted. */
  submitted?: boolean;
  /** How it was completed; nothing where that was not noted. */
  how?: How | null;
  /** A service tells that the learner contributed. */
  contributed?: boolean;
  /** Something rests on the grade that counts now, so that it is noted, too. */
  live?: boolean;
}
