import type { NewFact, ProjectedFact } from "../mirror/index.ts";
import { setStatement } from "../platform/database/set-statement.ts";
import type { Fact } from "../unlock/index.ts";

/** Reason under which the log notes a fact that replaced another. */
const CORRECTION = "correction";
const FACTS_OF = setStatement((set) => `SELECT * FROM facts WHERE item IN (SELECT value FROM ${set})`);

type FactRow = Record<string, SqlStorageValue> & ProjectedFact;

export interface StoredFact extends Fact {
  revoked_at: number | null;
  seq: number;
}

/** What the learner did: each item's facts, and the log of how they came about. */
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
    this.#sql.exec(
      `INSERT OR REPLACE INTO facts (item, attempted_at, completed_at, best_score, revoked_at, seq)
       VALUES (?, ?, ?, ?, ?, ?)`,
      item,
      fact.attempted_at,
      fact.completed_at,
      fact.best_score,
      fact.revoked_at,
      fact.seq,
    );
  }

  log(seq: number, fact: NewFact & { at: number }, recordedAt: number, actor: string): void {
    const kind = fact.completed ? "completed" : "attempted";
    this.#write(
      seq,
      fact.item,
      kind,
      fact.score,
      fact.at,
      recordedAt,
      actor,
      fact.correct === true ? CORRECTION : null,
    );
  }

  /** Whether the item's last correction said just this and nothing was revoked since: then it is being repeated. */
  isLastCorrection(fact: NewFact & { at: number }): boolean {
    const last = this.#sql
      .exec<{ kind: string; score: number | null; at: number }>(
        `SELECT kind, score, at FROM fact_log WHERE item = ?1 AND reason = ?2 AND kind <> 'revoked' AND seq >
           (SELECT coalesce(max(seq), 0) FROM fact_log AS taken WHERE taken.item = ?1 AND taken.kind = 'revoked')
         ORDER BY seq DESC LIMIT 1`,
        fact.item,
        CORRECTION,
      )
      .toArray()[0];
    const kind = fact.completed ? "completed" : "attempted";
    return last !== undefined && last.kind === kind && last.score === fact.score && last.at === fact.at;
  }

  hasLogged(seq: number): boolean {
    return this.#sql.exec("SELECT 1 FROM fact_log WHERE seq = ?", seq).toArray().length > 0;
  }

  logRevocation(seq: number, item: string, at: number, actor: string, reason: string): void {
    this.#write(seq, item, "revoked", null, at, at, actor, reason);
  }

  #write(
    seq: number,
    item: string,
    kind: string,
    score: number | null,
    at: number,
    recordedAt: number,
    actor: string,
    reason: string | null,
  ): void {
    this.#sql.exec(
      "INSERT INTO fact_log (seq, item, kind, score, at, recorded_at, actor, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      seq,
      item,
      kind,
      score,
      at,
      recordedAt,
      actor,
      reason,
    );
  }

  /** The fact log up to an instant, in order. */
  logUntil(until: number): { item: string; kind: string; score: number | null; at: number }[] {
    return this.#sql
      .exec<{ item: string; kind: string; score: number | null; at: number }>(
        "SELECT item, kind, score, at FROM fact_log WHERE recorded_at <= ? ORDER BY seq",
        until,
      )
      .toArray();
  }
}
