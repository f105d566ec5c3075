import { z } from "@hono/zod-openapi";
import { type SetStatement, setStatement } from "../../platform/database/set-statement.ts";
import { KINDS, type Kind } from "../translation/types.ts";
import type { StoredRecord } from "../types.ts";
import type { JournalItem } from "./contract.ts";

const WRITE = setStatement(
  (set) => `INSERT INTO pending (id, kind, record, since)
    SELECT value ->> 'id', value ->> 'kind', value ->> 'record', value ->> 'since' FROM ${set}
    RETURNING length(record) AS characters`,
);
const DROP_SEQS = setStatement(
  (set) => `DELETE FROM pending WHERE seq IN (SELECT value FROM ${set}) RETURNING length(record) AS characters`,
);
const DROP_IDS = setStatement(
  (set) => `DELETE FROM pending WHERE id IN (SELECT value FROM ${set}) RETURNING length(record) AS characters`,
);
const PENDING = setStatement((set) => `SELECT record FROM pending WHERE id IN (SELECT value FROM ${set})`);
const WAITING = setStatement((set) => `SELECT id, since FROM pending WHERE id IN (SELECT value FROM ${set})`);

export interface PendingRow {
  seq: number;
  kind: Kind;
  attempts: number;
  record: StoredRecord;
}

const kindSchema = z.enum(KINDS);

/**
 * Records that wait to be stored in backends, and their number and size. Methods that write are called inside the
 * object's transaction.
 */
export class PendingStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds items, or replaces older versions of them. */
  put(items: readonly JournalItem[], now: number): void {
    // A newer version gets a new number (a running flush with the older one must not remove it) and keeps the time
    // since which the item waits.
    const since = this.#waitingSince(items.map(({ record }) => record.id));
    this.#dropSet(DROP_IDS, [...since.keys()]);
    const pending = items.map(({ kind, record }) => ({
      id: record.id,
      kind,
      record: JSON.stringify(record),
      since: since.get(record.id) ?? now,
    }));
    this.#hold(1, WRITE.exec<{ characters: number }>(this.#sql, pending));
  }

  /** Since when those of these ids that wait already do. */
  #waitingSince(ids: readonly string[]): Map<string, number> {
    const rows = WAITING.exec<{ id: string; since: number }>(this.#sql, ids);
    return new Map(rows.map(({ id, since }) => [id, since]));
  }

  /** The next rows to flush, oldest first, sessions before their tasks by having come first. */
  page(limit: number, characters: number): PendingRow[] {
    const rows: PendingRow[] = [];
    let room = characters;
    const cursor = this.#sql.exec<{ seq: number; kind: string; attempts: number; record: string }>(
      "SELECT seq, kind, attempts, record FROM pending WHERE parked_at IS NULL ORDER BY seq LIMIT ?",
      limit,
    );
    for (const { seq, kind, attempts, record } of cursor) {
      if (rows.length > 0 && record.length > room) break;
      room -= record.length;
      rows.push({ seq, kind: kindSchema.parse(kind), attempts, record: readRecord(record) });
    }
    return rows;
  }

  /** These rows are stored in the backends now. One that was replaced meanwhile has another number, and stays. */
  persisted(seqs: readonly number[], now: number): void {
    this.#dropSet(DROP_SEQS, seqs);
    this.#sql.exec("UPDATE counters SET persisted = persisted + ?, flushed_at = ?, error = NULL", seqs.length, now);
  }

  /** A flush has ended that found nothing, or failed: in both cases it is noted that it ran. */
  beat(now: number, error: string | null): void {
    this.#sql.exec("UPDATE counters SET flushed_at = ?, error = ?", now, error);
  }

  /** A row could not be stored though the backend works. */
  failed(seq: number, error: string, parkAfter: number, now: number): void {
    this.#sql.exec(
      `UPDATE pending SET attempts = attempts + 1, error = ?2,
         parked_at = CASE WHEN attempts + 1 >= ?3 THEN ?4 ELSE NULL END WHERE seq = ?1`,
      seq,
      error,
      parkAfter,
      now,
    );
  }

  /** Those of these ids that are not stored in the backends yet. */
  pendingOf(ids: readonly string[]): StoredRecord[] {
    return PENDING.exec<{ record: string }>(this.#sql, ids).map(({ record }) => readRecord(record));
  }

  /**
   * The number and size of all waiting rows, parked or not. It is not counted again, because every batch asks for it.
   */
  held(): { rows: number; characters: number; isDown: boolean } {
    const { held_rows, held_characters, error } = this.#sql
      .exec<{ held_rows: number; held_characters: number; error: string | null }>(
        "SELECT held_rows, held_characters, error FROM counters",
      )
      .one();
    return { rows: held_rows, characters: held_characters, isDown: error !== null };
  }

  /** The newest number of the journal. */
  seq(): number {
    return (
      this.#sql.exec<{ seq: number | null }>("SELECT seq FROM sqlite_sequence WHERE name = 'pending'").toArray()[0]
        ?.seq ?? 0
    );
  }

  /** Removes waiting rows, and subtracts them from the number and size. */
  drop(where: string, ...values: string[]): void {
    this.#hold(
      -1,
      this.#sql.exec<{ characters: number }>(
        `DELETE FROM pending WHERE ${where} RETURNING length(record) AS characters`,
        ...values,
      ),
    );
  }

  /** The same for a set of them. */
  #dropSet(statement: SetStatement, rows: readonly (string | number)[]): void {
    this.#hold(-1, statement.exec<{ characters: number }>(this.#sql, rows));
  }

  /** Adds these rows to the number and size, or subtracts them. */
  #hold(sign: 1 | -1, changed: Iterable<{ characters: number }>): void {
    let rows = 0;
    let characters = 0;
    for (const row of changed) {
      rows += sign;
      characters += sign * row.characters;
    }
    if (rows === 0) return;
    this.#sql.exec(
      "UPDATE counters SET held_rows = held_rows + ?, held_characters = held_characters + ?",
      rows,
      characters,
    );
  }
}

function readRecord(text: string): StoredRecord {
  // SAFETY: written by #write() above, and checked before it came there.
  return JSON.parse(text) as StoredRecord;
}
