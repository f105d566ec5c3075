import type { Completion } from "./completion/compile.ts";
import type { ItemStatus, Outline } from "./outline.ts";
import type { ProfileTest } from "./rules.ts";

// The form of a course version that the evaluator uses.

/** Node kinds of a compiled rule. They are numbers because they are stored in a typed array. */
export const OP = {
  ALL: 0,
  ANY: 1,
  AT_LEAST: 2,
  NOT: 3,
  COMPLETED: 4,
  ATTEMPTED: 5,
  SCORE: 6,
  PROGRESS: 7,
  FROM: 8,
  UNTIL: 9,
  AFTER_ENROLLMENT: 10,
  AFTER: 11,
  COHORT: 12,
  /** A score with an upper bound, or any score at all. */
  SCORE_RANGE: 13,
  COHORT_SET: 14,
  PROFILE: 15,
  /**
   * Something that the course does not have: it holds for everybody or for nobody, depending on its place in the rule.
   */
  MISSING: 16,
  STATE: 17,
  POINTS: 18,
  VIEWED: 19,
  SUBMITTED: 20,
  /** The mean score of some items, which are stored like the items of a progress leaf. */
  AVERAGE: 21,
  /** The percentage of all points of the course that are decided. */
  TOTAL: 22,
  /** Another course that the learner has completed. */
  COURSE: 23,
} as const;

/** Completion states as bits, so that a `state` leaf can ask for one of several. */
export const STATE = { INCOMPLETE: 1, COMPLETE: 2, PASSED: 4, FAILED: 8 } as const;

/** Who sees an item, before its rule is considered. */
export const VEIL = { SHOWN: 0, UNLISTED: 1, HIDDEN: 2 } as const;

/**
 * What a rule asks about the learner as a person: a set of cohorts (null: any cohort at all), a field of the profile,
 * or another completed course.
 */
export type Trait = { cohorts: readonly string[] | null } | { profile: ProfileTest } | { course: string };

/** The meaning of an item's status when rules are evaluated. */
export const STANDING = { OFFERED: 0, DRAFT: 1, DEPRECATED: 2 } as const;

/** "No node", "no item". A thread that ends here means: the rule does not hold. */
export const NONE = -1;
/** A thread that ends here means: the rule holds. */
export const ACCEPT = -2;
/** There is no thread: the rule names deprecated items, so a leaf may be neither true nor false. */
export const UNTHREADED = -3;

/**
 * A course version in the form that the evaluator uses: items are numbers (chapters first, then problems, each in
 * course order), and all rules are nodes in one arena of typed arrays. Built once per version and isolate, never
 * stored.
 */
export interface Program {
  readonly outline: Outline;
  readonly size: number;
  readonly chapterCount: number;
  readonly ids: readonly string[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** Effective status: a problem in a draft chapter is a draft, in a deprecated chapter deprecated. */
  readonly statuses: readonly ItemStatus[];
  /** The same as a {@link STANDING}. */
  readonly standing: Uint8Array;
  /** The chapter that must be open for the problem to be open, or NONE. */
  readonly gate: Int32Array;
  /** The problem's chapter, or NONE. */
  readonly chapterOf: Int32Array;
  /** All problems of each chapter, by chapter number. */
  readonly problemsOf: readonly Int32Array[];
  /** Sequential mode: the chapter that must be completed before this one, or NONE. */
  readonly previous: Int32Array;
  /** The item that everything else waits for, or NONE. */
  readonly tutorial: number;
  /** Root node of each item's rule, or NONE for "open". */
  readonly roots: Int32Array;
  /** Where the thread through the item's rule begins: a node, ACCEPT or NONE; or UNTHREADED. See {@link NodeArena}. */
  readonly entries: Int32Array;
  /** 1 if time alone can make the rule false. Only such rules can close an item that is kept open. */
  readonly closes: Uint8Array;
  /**
   * The deprecated chapter that makes the item visible again for learners who have started anything in it, or NONE. It
   * is set for such a chapter itself, and for its problems that are not deprecated.
   */
  readonly comesWith: Int32Array;
  readonly nodes: NodeArena;
  /** Items to evaluate again when the facts of item i change (i itself included), ascending. */
  readonly dependents: readonly Int32Array[];
  /** Instants of `from` and `until` leaves, ascending, epoch ms. */
  readonly boundaries: Float64Array;
  /** Delays of `after_enrollment` leaves, ascending, ms. */
  readonly enrollmentDelays: Float64Array;
  /** Item and delay (ms) of each `after` leaf, by item. */
  readonly afterItems: Int32Array;
  readonly afterDelays: Float64Array;
  /** The distinct lists of cohorts that items are meant for, see `meantFor`. */
  readonly assignments: readonly (readonly string[])[];
  /** Cohort names, numbered. */
  readonly cohorts: readonly string[];
  /** What rules ask about the learner other than single cohorts, numbered. */
  readonly traits: readonly Trait[];
  /** How far a score may miss the required value. */
  readonly scoreSlack: number;
  /** Whether rules ask for outcomes, and for points. A learner's are only laid out if so. */
  readonly asksOutcomes: boolean;
  readonly asksPoints: boolean;
  readonly asksSubmissions: boolean;
  /** Whether rules ask for the course total, and the items with such rules: they depend on every problem. */
  readonly asksTotal: boolean;
  /** Whether anything depends on the grades that count now. They are only laid out if so. */
  readonly asksLive: boolean;
  /** 1 if something depends on the item's current grade. It is only noted for such items. */
  readonly graded: Uint8Array;
  /** 1 for items whose rule and requirement use the grades that count now. */
  readonly live: Uint8Array;
  /** 1 for items that stay open after they were opened, and whether there are any. */
  readonly keeps: Uint8Array;
  readonly keepsAny: boolean;
  readonly askTotal: Int32Array;
  /** Whether rules or requirements ask for outcomes, points, submissions or views at all. */
  readonly asksMore: boolean;
  /** 1 if a rule, or the item's requirement, asks whether it was opened. This is only noted for such items. */
  readonly watched: Uint8Array;
  readonly asksViews: boolean;
  /** The completion requirements; null if no item has one. */
  readonly completion: Completion | null;
  /** From when and until when (exclusive) each item accepts work, epoch ms; -Infinity and Infinity mean always. */
  readonly workFrom: Float64Array;
  readonly workUntil: Float64Array;
  /**
   * The same in ms after the learner enrolled, NaN if it is an instant or absent; null if no item has such a window.
   */
  readonly relative: { readonly from: Float64Array; readonly until: Float64Array } | null;
  /** Whether any item has such a window. */
  readonly hasWindows: boolean;
  /** Each item's {@link VEIL}: a problem in a hidden chapter is hidden with it (from Moodle: unlisted). */
  readonly veils: Uint8Array;
  /** 1 if the item may be hidden from a learner who may not open it. */
  readonly conceals: Uint8Array;
  /** Whether there is any such item; if not, the check is skipped. */
  readonly concealsAny: boolean;
  /** Problems of a locked chapter are hidden with it, not locked. */
  readonly hidesInLocked: boolean;
  /**
   * Set if a locked chapter counts as undone for what depends on it (courses from Canvas): all chapters, each after
   * those it depends on. Null otherwise.
   */
  readonly relocks: Int32Array | null;
  /** Every item after all items it depends on. Empty if the rules have a cycle (publishing refuses those). */
  readonly order: Int32Array;
}

/**
 * Nodes of all rules. A group's children are `kids[first .. first + count)`; so are the items of progress and average.
 */
export interface NodeArena {
  readonly op: Uint8Array;
  /** Item of a leaf, cohort number, or the count of `at_least`. */
  readonly arg: Int32Array;
  /** min score, min points, min percent, epoch ms, delay in ms, or the bits of a `state` leaf. */
  readonly value: Float64Array;
  /** The upper bound (exclusive) of the score or the points; Infinity for none, and for all other leaves. */
  readonly upper: Float64Array;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly kids: Int32Array;
  /**
   * 1 for a date or period that makes its part of the rule false when it comes. That is an end, in whatever way the
   * rule says it (`until`, or `from` and the waiting periods below a `not`). An extension moves it.
   */
  readonly ends: Uint8Array;
  /** 1 for a leaf on scores that uses the grade that counts now. */
  readonly live: Uint8Array;
  /** 1 for a part that hides the item instead of locking it, if its failing keeps the item closed. */
  readonly hides: Uint8Array;
  /**
   * The node that decides next when this one holds and when it does not; ACCEPT or NONE if the rule is decided. Such a
   * thread leads from leaf to leaf, past `all`, `any` and `not`. An `at_least` is one node of it and is evaluated as a
   * whole.
   */
  readonly whenTrue: Int32Array;
  readonly whenFalse: Int32Array;
}
