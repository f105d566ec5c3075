import type { Reason } from "./explanation.ts";
import type { Trait } from "./program.ts";

/** The failing conditions as a tree: single reasons, joined as the rule joins them. */
export type Clause =
  | {
      kind: "reason";
      reason: Reason;
      /** When the date or period that the reason waits for comes, epoch ms. */
      opensAt?: number;
      /** Ids of the items that a progress reason counts, if they are not done and visible. */
      among?: readonly string[];
      /** Time that must pass after the reason is gone, ms. */
      thenWait?: number;
      /** not_in_cohort, profile_differs: what the rule asks of the learner. */
      trait?: Trait;
      /** not_completed, not_passed: what the item's own requirement still needs. */
      needs?: Clause;
      /** Neither an action of the learner nor time can end it. */
      isLost?: boolean;
    }
  | { kind: "all" | "any"; clauses: Clause[] }
  | { kind: "at_least"; count: number; clauses: Clause[] };

/** Reasons that no learner can change. */
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

/**
 * Joins clauses with "all". An empty group that never holds has no words of its own; it is still reported as locked.
 */
export function joined(clauses: Clause[]): Clause {
  const [only] = clauses;
  if (only === undefined) return { kind: "reason", reason: { code: "excluded" } };
  return clauses.length === 1 ? only : { kind: "all", clauses };
}

/** Whether the clause itself says why it can never hold. */
export function hasLoss(clause: Clause): boolean {
  if (clause.kind !== "reason") return clause.clauses.some(hasLoss);
  return clause.isLost === true || FINAL.has(clause.reason.code);
}

/** Marks a clause that can never hold as a whole: its dates come too late, or its parts cannot all be done in time. */
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

/** The same without dates to wait for, because none of them opens the item. */
export function withoutWaits(clause: Clause): Clause {
  if (clause.kind !== "reason") return { ...clause, clauses: clause.clauses.map(withoutWaits) };
  const { reason } = clause;
  return reason.available_at === undefined ? clause : { ...clause, reason: { ...reason, available_at: null } };
}
