import type { Completion } from "./completion/compile.ts";
import type { ItemStatus, Outline } from "./outline.ts";
import type { ProfileTest } from "./rules.ts";

// The form of a course version that the evaluator runs.

/** Node kinds of a compiled rule. Numbers, because they live in a typed array. */
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
  /** A score with an upper bound, or with no bound at all. */
  SCORE_RANGE: 13,
  COHORT_SET: 14,
  PROFILE: 15,
  /** What the course does not have: as it stands in the rule, it holds or does not, for everybody. */
  MISSING: 16,
  STATE: 17,
  POINTS: 18,
  VIEWED: 19,
  SUBMITTED: 20,
  /** The mean score of some items, which stand where a progress leaf has its. */
  AVERAGE: 21,
  /** The percentage of all points of the course that are decided. */
  TOTAL: 22,
  /** Another course that the learner has completed. */
  COURSE: 23,
} as const;

/** Completion states as bits: a `state` leaf asks for one of several. */
export const STATE = { INCOMPLETE: 1, COMPLETE: 2, PASSED: 4, FAILED: 8 } as const;

/** Who sees an item, apart from what its rule says. */
export const VEIL = { SHOWN: 0, UNLISTED: 1, HIDDEN: 2 } as const;

/**
 * What a rule asks of the learner as a person: a set of cohorts (null: any cohort at all), a field of the profile, or another
 * course that is completed.
 */
export type Trait = { cohorts: readonly string[] | null } | { profile: ProfileTest } | { course: string };

/** What an item's status means when rules are evaluated. */
export const STANDING = { OFFERED: 0, DRAFT: 1, DEPRECATED: 2 } as const;

/** "No node", "no item"; where a thread ends here, the rule does not hold. */
export const NONE = -1;
/** Where a thread ends here, the rule holds. */
export const ACCEPT = -2;
/** Instead of a thread: the rule names deprecated items, so that a leaf may be neither true nor false. */
export const UNTHREADED = -3;

/**
 * A course version in the form the evaluator runs: items are numbers (chapters first, then problems, each in course
 * order), all rules are nodes in one arena of typed arrays. Built once per version and isolate, never stored.
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
  /** Chapter that must be open for the problem to be open, or NONE. */
  readonly gate: Int32Array;
  /** Chapter the problem stands in, or NONE. */
  readonly chapterOf: Int32Array;
  /** Problems standing in each chapter (all of them), by chapter number. */
  readonly problemsOf: readonly Int32Array[];
  /** Sequential mode: the chapter that must be completed before this one, or NONE. */
  readonly previous: Int32Array;
  /** The item that gates everything else, or NONE. */
  readonly tutorial: number;
  /** Root node of each item's rule, or NONE for "open". */
  readonly roots: Int32Array;
  /** Where the thread through the item's rule begins: a node, ACCEPT or NONE; or UNTHREADED. See {@link NodeArena}. */
  readonly entries: Int32Array;
  /** 1 where time alone can make the rule false: only those rules can close what is kept open. */
  readonly closes: Uint8Array;
  /**
   * Deprecated chapter that brings the item back into sight for those who have started anything in it, or NONE: for such
   * a chapter itself, and for its problems that are not deprecated themselves.
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
  /** The different lists of cohorts that items are meant for, see `meantFor`. */
  readonly assignments: readonly (readonly string[])[];
  /** Cohort names, numbered. */
  readonly cohorts: readonly string[];
  /** What rules ask of the learner beside single cohorts, numbered. */
  readonly traits: readonly Trait[];
  /** By how much a score may miss what is asked of it. */
  readonly scoreSlack: number;
  /** Whether rules ask for outcomes, and for points: only then a learner's are laid out. */
  readonly asksOutcomes: boolean;
  readonly asksPoints: boolean;
  readonly asksSubmissions: boolean;
  /** Whether rules ask for the course total, and the items whose rules do: they depend on every problem. */
  readonly asksTotal: boolean;
  /** Whether anything rests on the grades that count now: only then they are laid out. */
  readonly asksLive: boolean;
  /** 1 where something rests on the item's grade that counts now: only of those it is noted. */
  readonly graded: Uint8Array;
  /** 1 for items whose rule and requirement ask for the grades that count now. */
  readonly live: Uint8Array;
  /** 1 for items that stay open once they were, and whether there are any. */
  readonly keeps: Uint8Array;
  readonly keepsAny: boolean;
  readonly askTotal: Int32Array;
  /** Whether rules or requirements ask for outcomes, points, submissions or views at all. */
  readonly asksMore: boolean;
  /** 1 where a rule, or the item's requirement, asks whether it was opened: only of those is it noted. */
  readonly watched: Uint8Array;
  readonly asksViews: boolean;
  /** How items become complete by what is done; null where no item says. */
  readonly completion: Completion | null;
  /** From when, and until when (exclusive), each item accepts work, epoch ms; Infinities for always. */
  readonly workFrom: Float64Array;
  readonly workUntil: Float64Array;
  /** The same in ms after the learner enrolled, NaN where it is an instant or none; null where no item has such a window. */
  readonly relative: { readonly from: Float64Array; readonly until: Float64Array } | null;
  /** Whether any item has such a window. */
  readonly hasWindows: boolean;
  /** Each item's {@link VEIL}: a problem in a hidden chapter is hidden with it (from Moodle: unlisted). */
  readonly veils: Uint8Array;
  /** 1 where a learner who may not open the item may be kept from knowing of it. */
  readonly conceals: Uint8Array;
  /** Whether there is any such item: where there is none, nobody asks. */
  readonly concealsAny: boolean;
  /** What stands in a locked chapter is hidden with it, not locked. */
  readonly hidesInLocked: boolean;
  /**
   * Where a chapter that is locked counts as undone for what rests on it (from Canvas): all chapters, each after those it rests
   * on. Null elsewhere.
   */
  readonly relocks: Int32Array | null;
  /** Every item after all items it depends on. Empty if the rules have a cycle (publishing refuses those). */
  readonly order: Int32Array;
}

/** Nodes of all rules. A group's children are `kids[first .. first + count)`; the items of progress and average stand there too. */
export interface NodeArena {
  readonly op: Uint8Array;
  /** Item of a leaf, cohort number, or the count of `at_least`. */
  readonly arg: Int32Array;
  /** min score, min points, min percent, epoch ms, delay in ms, or the bits of a `state` leaf. */
  readonly value: Float64Array;
  /** What the score or the points have to be below; Infinity for no such bound, and for all other leaves. */
  readonly upper: Float64Array;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly kids: Int32Array;
  /**
   * 1 for a date or period whose coming makes the rule's part false: an end, however it is spelled (`until`, or `from` and
   * the waiting periods below a `not`). An extension moves it.
   */
  readonly ends: Uint8Array;
  /** 1 for a leaf on scores that asks for the grade that counts now. */
  readonly live: Uint8Array;
  /** 1 for a part that hides the item, and does not lock it, where its failing is what keeps the item closed. */
  readonly hides: Uint8Array;
  /**
   * The node that decides next when this one holds and when it does not, or ACCEPT or NONE when that settles the rule.
   * Such a thread leads from leaf to leaf, past `all`, `any` and `not`; an `at_least` is one node of it, asked as a whole.
   */
  readonly whenTrue: Int32Array;
  readonly whenFalse: Int32Array;
}
