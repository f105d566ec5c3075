import { toInstant } from "../../platform/instants.ts";
import { ALWAYS, type Windows } from "../windows.ts";
import type { Bits } from "./bits.ts";

/** What must be true whenever a part of a rule holds. */
export interface Part {
  /** The times at which it can hold. */
  readonly windows: Windows;
  /** Items that are completed by then, and items that are begun by then. Null for none. */
  readonly done: Bits | null;
  readonly begun: Bits | null;
  /** Items that are not completed, and items that are not begun. */
  readonly notDone: readonly number[];
  readonly notBegun: readonly number[];
  /** Cohorts the learner is in, or was in when the requirement was met; and cohorts the learner is not in. */
  readonly cohorts: readonly string[];
  readonly otherCohorts: readonly string[];
  /** The learner is, or was, in one of these cohorts. Empty if a learner in none of them may be meant as well. */
  readonly among: readonly string[];
  /** Why it can never hold; null if it can. A consequence of another item's dead end is reported for that item. */
  readonly dead: Dead | null;
}

interface Dead {
  readonly path: string;
  readonly why: string;
  readonly isInherited: boolean;
  /** A closed item for which this one waits only because of course order, chapter or tutorial. */
  readonly behind?: number;
}

export const FREE: Part = {
  windows: ALWAYS,
  done: null,
  begun: null,
  notDone: [],
  notBegun: [],
  cohorts: [],
  otherCohorts: [],
  among: [],
  dead: null,
};

/** `from`: the item that comes before by course order, chapter or tutorial; none for a part of the rule. */
export type Condition = Part & { path: string; what: string; from?: number };

export function dateOf(instant: number): string {
  return Number.isFinite(instant) ? toInstant(instant) : "no day at all";
}
