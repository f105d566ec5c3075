import type { NewFact, ProjectedFact } from "../mirror/index.ts";
import { setStatement } from "../platform/database/set-statement.ts";
import type { Fact, How, News, Outcome, Points } from "../unlock/index.ts";

/** The reason with which the log notes a fact that replaced another. */
const CORRECTION = "correction";
const FACTS_OF = setStatement((set) => `SELECT * FROM facts WHERE item IN (SELECT value FROM ${set})`);

type FactRow = Record<string, SqlStorageValue> & ProjectedFact;

/** A row of the log. */
interface LoggedFact {
  item: string;
  kind: string;
  score: number | null;
  at: number;
  outcome: Outcome | null;
  points: number | null;
  points_min: number | null;
  points_max: number | null;
  viewed: number | null;
  submitted: number | null;
  how: How | null;
  contributed: number | null;
}

export interface StoredFact extends Fact {
  revoked_at: number | null;
  seq: number;
}

/** What the learner did: the facts of each item, and the log of how they came about. */
export class FactStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** All, by item. */
  all(): Map<string, StoredFact> {
    const facts = new Map<string, StoredFact>();
    for (const { item, ...fact } of this.#sql.exec<FactRow>("SELECT * FROM facts")) facts.set(item, fact);
    return facts;
  }

  of(items: readonly string[]): ProjectedFact[] {
    return FACTS_OF.exec<FactRow>(this.#sql, items);
  }

  save(item: string, fact: StoredFact): void {
    const { outcome = null, outcome_at = null, points = null, points_min = null, points_max = null } = fact;
    const { viewed_at = null, submitted_at = null, told_at = null, marked_at = null, passed_at = null } = fact;
    const { contributed_at = null, scored_at = null, steps = null } = fact;
    this.#sql.exec(
      `INSERT OR REPLACE INTO facts (item, attempted_at, completed_at, best_score, revoked_at, seq, outcome, outcome_at,
         points, points_min, points_max, viewed_at, submitted_at, told_at, marked_at, passed_at, contributed_at, scored_at, steps,
         latest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      item,
      fact.attempted_at,
      fact.completed_at,
      fact.best_score,
      fact.revoked_at,
      fact.seq,
      outcome,
      outcome_at,
      points,
      points_min,
      points_max,
      viewed_at,
      submitted_at,
      told_at,
      marked_at,
      passed_at,
      contributed_at,
      scored_at,
      steps,
      fact.latest ?? null,
    );
  }

  log(seq: number, fact: NewFact & { at: number }, recordedAt: number, actor: string): void {
    const reason = fact.correct === true ? CORRECTION : null;
    this.#write({ ...fact, seq, kind: kindOf(fact), recorded_at: recordedAt, actor, reason });
  }

  /** Whether the item's last correction was the same and nothing was revoked since: then it is a repetition. */
  isLastCorrection(fact: NewFact & { at: number }): boolean {
    const last = this.#sql
      .exec<LoggedFact & Record<string, SqlStorageValue>>(
        `SELECT * FROM fact_log WHERE item = ?1 AND reason = ?2 AND kind <> 'revoked' AND seq >
           (SELECT coalesce(max(seq), 0) FROM fact_log AS taken WHERE taken.item = ?1 AND taken.kind = 'revoked')
         ORDER BY seq DESC LIMIT 1`,
        fact.item,
        CORRECTION,
      )
      .toArray()[0];
    if (last === undefined || last.kind !== kindOf(fact)) return false;
    const { score, at, outcome = null, points = null } = fact;
    const isSameAttempt =
      last.score === score &&
      last.points === (points?.points ?? null) &&
      last.points_min === (points?.min ?? null) &&
      last.points_max === (points?.max ?? null);
    const { viewed = false, submitted = false, contributed = false } = fact;
    const isSameRest =
      (last.viewed === 1) === viewed &&
      (last.submitted === 1) === submitted &&
      (last.contributed === 1) === contributed;
    return isSameAttempt && isSameRest && last.at === at && last.outcome === outcome;
  }

  /**
   * What was reported about an item since the last revocation, apart from its submissions.
   * @param submitted instants of its submissions. They identify log entries from before submissions were marked.
   */
  notSubmitted(item: string, submitted: ReadonlySet<number>): NewFact[] {
    return this.#sql
      .exec<LoggedFact & Record<string, SqlStorageValue>>(
        `SELECT * FROM fact_log WHERE item = ?1 AND kind <> 'revoked' AND submitted IS NULL AND seq >
           (SELECT coalesce(max(seq), 0) FROM fact_log AS taken WHERE taken.item = ?1 AND taken.kind = 'revoked')
         ORDER BY seq`,
        item,
      )
      .toArray()
      .filter(({ at }) => !submitted.has(at))
      .map((row) => ({ item, ...newsOf(row) }));
  }

  hasLogged(seq: number): boolean {
    return this.#sql.exec("SELECT 1 FROM fact_log WHERE seq = ?", seq).toArray().length > 0;
  }

  logRevocation(seq: number, item: string, at: number, actor: string, reason: string): void {
    this.#write({ seq, item, kind: "revoked", score: null, at, recorded_at: at, actor, reason });
  }

  #write(entry: {
    seq: number;
    item: string;
    kind: string;
    score: number | null;
    at: number;
    recorded_at: number;
    actor: string;
    reason: string | null;
    outcome?: Outcome | null;
    points?: Points | null;
    viewed?: boolean;
    submitted?: boolean;
    how?: How | null;
    contributed?: boolean;
  }): void {
    const { seq, item, kind, score, at, recorded_at, actor, reason, outcome = null, points = null } = entry;
    this.#sql.exec(
      `INSERT INTO fact_log (seq, item, kind, score, at, recorded_at, actor, reason, outcome, points, points_min, points_max,
         viewed, submitted, how, contributed)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seq,
      item,
      kind,
      score,
      at,
      recorded_at,
      actor,
      reason,
      outcome,
      points?.points ?? null,
      points?.min ?? null,
      points?.max ?? null,
      entry.viewed === true ? 1 : null,
      entry.submitted === true ? 1 : null,
      entry.how ?? null,
      entry.contributed === true ? 1 : null,
    );
  }

  /** The fact log up to an instant, in order. */
  logUntil(until: number): LoggedFact[] {
    return this.#sql
      .exec<LoggedFact & Record<string, SqlStorageValue>>(
        "SELECT * FROM fact_log WHERE recorded_at <= ? ORDER BY seq",
        until,
      )
      .toArray();
  }
}

function kindOf({ completed }: NewFact): string {
  return completed ? "completed" : "attempted";
}

/** What a row of the log reported. */
export function newsOf({ kind, score, at, outcome, points, points_min, points_max, ...rest }: LoggedFact): News {
  const told =
    points === null || points_min === null || points_max === null ? null : { points, min: points_min, max: points_max };
  const { viewed, submitted, contributed, how } = rest;
  const deed = { at, completed: kind === "completed", score, outcome, points: told, how };
  return { ...deed, viewed: viewed === 1, submitted: submitted === 1, contributed: contributed === 1 };
}
