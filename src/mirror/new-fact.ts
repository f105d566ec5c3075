import type { How, Outcome, Points } from "../unlock/index.ts";

/** One thing that a learner did. `at` is epoch ms; null is now. */
export interface NewFact {
  item: string;
  completed: boolean;
  score: number | null;
  at: number | null;
  /** The item is passed or failed by it. */
  outcome?: Outcome | null;
  /** The score in points; the percentage follows from them. */
  points?: Points | null;
  /** It was opened; this alone is no attempt. */
  viewed?: boolean;
  submitted?: boolean;
  /** How it was completed, if it was; an older Worker does not send it. */
  how?: How | null;
  /** The completion does not name a score; without this, what is done without a score is done fully. */
  without_score?: boolean;
  /** A service reports that the learner contributed. */
  contributed?: boolean;
  /** It waits for its release: until then it does not count and is not shown. */
  held?: boolean;
  /** The held score of the item counts from now on. It comes without other fields. */
  release?: boolean;
  /** It replaces all facts of the item, also by lower scores and earlier dates. */
  correct?: boolean;
  /** With `correct`: items that the replaced fact opened lock again, if the rules do not open them now. */
  relock?: boolean;
}

/** A score that is not released. */
export interface HeldScore {
  item: string;
  fact: NewFact;
  held_at: number;
  actor: string;
}
