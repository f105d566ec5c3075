import type { Reason } from "../explanation.ts";
import type { CompletionState, ProfileTest } from "../rules.ts";

/** How many of a list are meant: all, one, or a number. */
export type Choice = "all" | "any" | number;

/**
 * Everything that differs between languages. Titles come quoted; phrases come without a capital and without a full
 * stop.
 */
export interface Wording {
  quote(title: string): string;
  titles(titles: string[], choice: Choice): string;
  complete(titles: string): string;
  thenWait(phrase: string, duration: string): string;
  duration(days: number, hours: number, minutes: number): string;
  attempt(title: string): string;
  score(title: string, reason: Reason): string;
  /** Any score at all, or one below a bound. */
  points(title: string, reason: Reason): string;
  pass(title: string): string;
  average(required: string): string;
  averageTooHigh(below: string): string;
  total(required: string): string;
  totalTooHigh(below: string): string;
  view(title: string): string;
  mark(title: string): string;
  contribute(title: string): string;
  /** Items of a chapter by their weight, in percent. */
  share(title: string, required: string): string;
  /** A phrase added to an item: what must be done to complete it. */
  needing(phrase: string, needs: string): string;
  submit(title: string): string;
  anyScore(title: string, below: string | null): string;
  solve(title: string, count: number): string;
  /** For something that can never be done any more. */
  cannot: {
    complete(title: string): string;
    attempt(title: string): string;
    score(title: string, required: string): string;
    pass(title: string): string;
    progress(title: string | null): string;
    chapter(title: string | null): string;
    late(moment: string): string;
  };
  hopeless: string;
  /** Conditions listed one by one, whether they hold or not; denied: below a `not`. */
  condition: {
    completed(title: string, isDenied: boolean): string;
    attempted(title: string, isDenied: boolean): string;
    score(title: string, min: string, isDenied: boolean): string;
    /** From `min` (null: any) to less than `below` (null: no upper bound). */
    scoreRange(title: string, min: string | null, below: string | null, isDenied: boolean): string;
    progress(needed: number, total: number, title: string | null, isDenied: boolean): string;
    since(moment: string): string;
    until(moment: string): string;
    after(title: string, duration: string, isDenied: boolean): string;
    cohort(name: string, isDenied: boolean): string;
    /** One of some cohorts; null: any at all. */
    cohorts(names: readonly string[] | null, isDenied: boolean): string;
    profile(test: ProfileTest, isDenied: boolean): string;
    course(name: string, isDenied: boolean): string;
    points(title: string, min: string | null, below: string | null, isDenied: boolean): string;
    average(total: number, min: string | null, below: string | null, isDenied: boolean): string;
    total(min: string | null, below: string | null, isDenied: boolean): string;
    viewed(title: string, isDenied: boolean): string;
    submitted(title: string, isDenied: boolean): string;
    state(title: string, states: readonly CompletionState[], isDenied: boolean): string;
    missing: string;
  };
  someItem: string;
  someItems(count: number): string;
  openChapter(title: string | null): string;
  previousChapter(title: string): string;
  tutorial(title: string): string;
  wait(moment: string): string;
  more(count: number, choice: Choice): string;
  join(parts: string[], choice: Choice, isNested: boolean): string;
  opens(moment: string): string;
  closed(moment: string): string;
  excluded(title: string | null): string;
  cohort(name: string): string;
  cohorts(names: readonly string[] | null): string;
  profile(test: ProfileTest): string;
  /** Another course, by the name in its address. */
  course(name: string): string;
  missing: string;
  tooHigh(title: string, below: string): string;
  tooManyPoints(title: string, below: string): string;
  lockedByStaff(until: string | null): string;
  paused(until: string | null, note: string): string;
  sentence(phrase: string): string;
  between: string;
}
