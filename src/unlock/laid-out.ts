import type { Deeds } from "./completion/deeds.ts";
import type { Live } from "./latest.ts";
import type { Pauses } from "./pause.ts";
import type { Program } from "./program.ts";

export const OVERRIDE_KINDS = ["unlock", "lock", "excuse", "extend"] as const;
export type OverrideKind = (typeof OVERRIDE_KINDS)[number];

/**
 * An exception for one learner and item. unlock: open whatever the rule says. lock: locked whatever the rule says, and
 * so are the problems of a locked chapter. excuse: counts as completed wherever it is a prerequisite. extend: every end
 * in its rule, however it is spelled, comes at `extend_to` instead, if that is later.
 */
export interface Override {
  item: string;
  kind: OverrideKind;
  created_at: number;
  /** From this instant on the override has no effect; null lasts. */
  expires_at: number | null;
  extend_to: number | null;
}

/**
 * A learner's record laid out along a program's item numbers. NaN means "never". Facts on items that the version does
 * not have are left out here and kept in storage: a later version may bring the item back.
 */
export interface Learner {
  /** The course as this learner has it: without what is meant for others, see `meantFor`. */
  readonly program: Program;
  /** From when the time since the enrollment counts: in a scope, later by what the learner was paused up to then. */
  readonly enrolledAt: number;
  /** The same without pauses. */
  readonly begunAt: number;
  /** Null for a learner who was never paused. */
  readonly pauses: Pauses | null;
  /** By how much what begins does so earlier for the learner, ms. */
  readonly early: number;
  readonly attemptedAt: Float64Array;
  readonly completedAt: Float64Array;
  readonly bestScore: Float64Array;
  /** STATE.PASSED or STATE.FAILED, or 0; and since when. Empty where no rule asks for it. */
  readonly outcome: Uint8Array;
  readonly outcomeAt: Float64Array;
  /** When the item was first opened, and when something was first submitted. Empty where no rule asks for it. */
  readonly viewedAt: Float64Array;
  readonly submittedAt: Float64Array;
  /** Points of the best attempt. Empty where no rule asks for it. */
  readonly points: Float64Array;
  /** How much each item's score weighs in the course total, where it was told in points. Empty where no rule asks for it. */
  readonly weight: Float64Array;
  /** The grades that count now; null where nothing rests on them. */
  readonly live: Live | null;
  /** What was told of items, where requirements make of it what stands above; null where the course has none. */
  readonly deeds: Deeds | null;
  /** Since when the learner is excused from items that chapters count; null where none is, or nothing is derived. */
  readonly excuses: ReadonlyMap<number, number> | null;
  readonly kept: Uint8Array;
  readonly cohorts: Uint8Array;
  /** 1 for each of the program's traits that the learner has. */
  readonly traits: Uint8Array;
  readonly practiceMode: boolean;
  readonly overrides: readonly (Override & { index: number })[];
}

/** One item's facts that changed: what a new evaluation has to know of it. */
export interface Change {
  readonly item: number;
  /** When it had been completed before the change, epoch ms; NaN if it had not. */
  readonly completedBefore: number;
}
