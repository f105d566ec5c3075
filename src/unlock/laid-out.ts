import type { Deeds } from "./completion/deeds.ts";
import type { Live } from "./latest.ts";
import type { Pauses } from "./pause.ts";
import type { Program } from "./program.ts";

export const OVERRIDE_KINDS = ["unlock", "lock", "excuse", "extend"] as const;
export type OverrideKind = (typeof OVERRIDE_KINDS)[number];

/**
 * An exception for one learner and item. unlock: open whatever the rule says. lock: locked whatever the rule says,
 * together with the problems of a locked chapter. excuse: counts as completed when it is a prerequisite. extend: each
 * end in its rule comes at `extend_to` instead, if that is later, in whatever way the rule says it.
 */
export interface Override {
  item: string;
  kind: OverrideKind;
  created_at: number;
  /** The override has no effect from this instant on; null lasts. */
  expires_at: number | null;
  extend_to: number | null;
}

/**
 * A learner's record, arranged by the item numbers of a program. NaN means "never". Facts on items that the version
 * does not have are left out here but kept in storage: a later version may bring the item back.
 */
export interface Learner {
  /** The course as this learner has it: without items that are meant for others, see `meantFor`. */
  readonly program: Program;
  /** The time since the enrollment counts from this instant. In a scope, earlier pauses have moved it. */
  readonly enrolledAt: number;
  /** The same without pauses. */
  readonly begunAt: number;
  /** Null for a learner who was never paused. */
  readonly pauses: Pauses | null;
  /** How much earlier everything begins for this learner, ms. */
  readonly early: number;
  readonly attemptedAt: Float64Array;
  readonly completedAt: Float64Array;
  readonly bestScore: Float64Array;
  /** STATE.PASSED or STATE.FAILED, or 0; and since when. Empty if no rule needs it. */
  readonly outcome: Uint8Array;
  readonly outcomeAt: Float64Array;
  /** When the item was first opened, and when something was first submitted. Empty if no rule needs it. */
  readonly viewedAt: Float64Array;
  readonly submittedAt: Float64Array;
  /** Points of the best attempt. Empty if no rule needs it. */
  readonly points: Float64Array;
  /** The weight of each item's score in the course total, if it was reported in points. Empty if no rule needs it. */
  readonly weight: Float64Array;
  /** The grades that count now; null if nothing depends on them. */
  readonly live: Live | null;
  /**
   * What was reported of items, if requirements derive the values above from it; null if the course has no
   * requirements.
   */
  readonly deeds: Deeds | null;
  /**
   * Since when the learner is excused from items that chapters count; null if there is no excuse, or nothing is
   * derived.
   */
  readonly excuses: ReadonlyMap<number, number> | null;
  readonly kept: Uint8Array;
  readonly cohorts: Uint8Array;
  /** 1 for each of the program's traits that the learner has. */
  readonly traits: Uint8Array;
  readonly practiceMode: boolean;
  readonly overrides: readonly (Override & { index: number })[];
}

/** One item whose facts changed: what a new evaluation must know about it. */
export interface Change {
  readonly item: number;
  /** When it had been completed before the change, epoch ms; NaN if it had not. */
  readonly completedBefore: number;
}
