import type { Reason } from "./explanation.ts";
import type { Trait } from "./program.ts";

/** What fails, as a tree: single reasons, joined as the rule joined them. */
export type Clause =
  | {
      kind: "reason";
      reason: Reason;
      /** When what is waited for comes about, epoch ms. */
      opensAt?: number;
      /** Ids of the items a progress reason counts, as far as they are undone and visible. */
      among?: readonly string[];
      /** Time that has to pass once the reason is gone, ms. */
      thenWait?: number;
      /** not_in_cohort, profile_differs: what is asked of the learner. */
      trait?: Trait;
      /** not_completed, not_passed: what the item's own requirement still asks for. */
      needs?: Clause;
      /** Nothing the learner does or waits for makes an end of it. */
      isLost?: boolean;
    }
  | { kind: "all" | "any"; clauses: Clause[] }
  | { kind: "at_least"; count: number; clauses: Clause[] };

/** Reasons that no learner can do anything about. */
export const FINAL: ReadonlySet<Reason["code"]> = new Set([
  "closed",
  "excluded",
  "score_too_high",
  "points_too_high",
  "average_too_high",
  "total_too_high",
  "not_in_cohort",
  "profile_differs",
  "missing",
  "locked_by_staff",
  "paused",
]);

export type ReasonClause = Clause & { kind: "reason" };

export function reasonsIn(clause: Clause): Reason[] {
  if (clause.kind === "reason") return [clause.reason];
  return clause.clauses.flatMap(reasonsIn);
}

/** All of some clauses. What cannot be put into words (an empty group that never holds) is still said to be locked. */
export function joined(clauses: Clause[]): Clause {
  const [only] = clauses;
  if (only === undefined) return { kind: "reason", reason: { code: "excluded" } };
  return clauses.length === 1 ? only : { kind: "all", clauses };
}

/** Whether it says itself why it can never come right. */
export function hasLoss(clause: Clause): boolean {
  if (clause.kind !== "reason") return clause.clauses.some(hasLoss);
  return clause.isLost === true || FINAL.has(clause.reason.code);
}

/** The same as what cannot come right as a whole: its dates come too late, or else none of it can be done in time. */
export function asLost(clause: Clause): Clause {
  const hasDates = (one: Clause): boolean =>
    one.kind === "reason" ? one.opensAt !== undefined : one.clauses.some(hasDates);
  const onlyDates = hasDates(clause);
  const mark = (one: Clause): Clause => {
    if (one.kind !== "reason") return { ...one, clauses: one.clauses.map(mark) };
    return onlyDates && one.opensAt === undefined ? one : { ...one, isLost: true };
  };
  return mark(clause);
}

/** The same with no date to wait for: none of them opens the item. */
export function withoutWaits(clause: Clause): Clause {
  if (clause.kind !== "reason") return { ...clause, clauses: clause.clauses.map(withoutWaits) };
  const { reason } = clause;
  return reason.available_at === undefined ? clause : { ...clause, reason: { ...reason, available_at: null } };
}
