import type { How, Outcome, Points } from "../unlock/index.ts";

/** One thing a learner did. `at` is epoch ms; null is now. */
export interface NewFact {
  item: string;
  completed: boolean;
  score: number | null;
  at: number | null;
  /** The item is passed or failed by it. */
  outcome?: Outcome | null;
  /** The score in points; the percentage follows from them. */
  points?: Points | null;
  /** It was opened; without anything else that is no attempt. */
  viewed?: boolean;
  submitted?: boolean;
  /** How it was completed, where it was; an older Worker does not say. */
  how?: How | null;
  /** A service tells that the learner contributed. */
  contributed?: boolean;
  /** It waits for its release: until then it neither counts nor shows. */
  held?: boolean;
  /** What is held of the item counts from now on. Nothing else goes with it. */
  release?: boolean;
  /** It replaces all that is recorded of the item, lower scores and earlier dates included. */
  correct?: boolean;
  /** With `correct`: what rested on the replaced fact locks again, where the rules do not open it now. */
  relock?: boolean;
}

/** A score that is not released. */
export interface HeldScore {
  item: string;
  fact: NewFact;
  held_at: number;
  actor: string;
}
