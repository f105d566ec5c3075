import { z } from "@hono/zod-openapi";
import { setStatement } from "../../platform/database/set-statement.ts";
import { contentHash } from "../translation/content.ts";
import { ownerOf } from "../translation/schemas.ts";
import { type Kind, STATUSES, type Status } from "../translation/types.ts";
import type { StoredRecord } from "../types.ts";
import type { Change, ItemOutcome, JournalItem, JournalState } from "./contract.ts";
import { judge, type Known } from "./judge.ts";
import { PendingStore } from "./pending.ts";
import { ProgressCounts } from "./progress.ts";

/** An entry of a JSON list as a row of `known`. */
const KNOWN_COLUMNS = ["id", "kind", "session", "version", "hash", "status", "created_at"]
  .map((name) => `value ->> '${name}'`)
  .join(", ");

const REMEMBER = setStatement(
  (set) => `INSERT INTO known (id, kind, session, version, hash, status, created_at)
    SELECT ${KNOWN_COLUMNS} FROM ${set} WHERE true
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, hash = excluded.hash, status = excluded.status`,
);
const KNOWN = setStatement(
  (set) => `SELECT id, version, hash, status, created_at, deleted_at FROM known
    WHERE id IN (SELECT value FROM ${set})`,
);

interface KnownRow extends Record<string, SqlStorageValue> {
  id: string;
  version: number;
  hash: string;
  status: string;
  created_at: number;
  deleted_at: number | null;
}

const statusSchema = z.enum(STATUSES);

/** Owners of one page. */
const OWNER_PAGE = 500;

/** Rows of a journal. Methods that write are called inside the object's transaction. */
export class JournalStore {
  readonly #sql: SqlStorage;
  readonly #progress: ProgressCounts;
  /** The waiting records. */
  readonly pending: PendingStore;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#progress = new ProgressCounts(sql);
    this.pending = new PendingStore(sql);
  }

  create(now: number): void {
    this.#sql.exec("INSERT INTO counters VALUES (1, 0, 0, 0, 0, 0, ?, NULL)", now);
  }

  /**
   * Decides the outcome of each item, and writes those that are new or newer. If an item is twice in one batch, the
   * second is judged after the first.
   */
  append(items: readonly JournalItem[], now: number): { results: ItemOutcome[]; changes: Change[] } {
    const known = this.#known(items.flatMap(({ record, session }) => [record.id, session]));
    const accepted = new Map<string, JournalItem>();
    const changes: Change[] = [];
    const results = items.map((item): ItemOutcome => {
      const outcome = judge(item, known);
      if (outcome.status === "created" || outcome.status === "updated") {
        const { record, hash, status } = item;
        const before = known.get(record.id);
        const created_at = before?.created_at ?? now;
        changes.push({ item, from: before?.status ?? null });
        accepted.set(record.id, { ...item, record: { ...record, created_at, updated_at: now } });
        known.set(record.id, { version: record.version, hash, status, created_at, deleted_at: null });
      }
      return outcome;
    });
    this.#remember([...accepted.values()]);
    this.pending.put([...accepted.values()], now);
    this.#progress.add(changes);
    this.#sql.exec(
      "UPDATE counters SET acknowledged = acknowledged + ?, duplicates = duplicates + ?",
      changes.length,
      results.filter(({ status }) => status === "duplicate").length,
    );
    return { results, changes };
  }

  /** Those of these sessions that are not known here. */
  unknownAmong(sessions: readonly string[]): string[] {
    const known = this.#known(sessions);
    return [...new Set(sessions)].filter((id) => !known.has(id));
  }

  /**
   * Stores records here that a backend has and this journal does not know, as if they had been written through it.
   * Known records stay as they are.
   */
  adopt(kind: Kind, records: readonly StoredRecord[]): void {
    const items = records.map((record): JournalItem => {
      const session = kind === "session" ? record.id : String(record.fields.session_id);
      const status = statusSchema.parse(record.fields.status);
      return { kind, session, status, hash: contentHash(JSON.parse(record.body)), record };
    });
    const known = this.#known(items.map(({ record }) => record.id));
    const missing = items.filter(({ record }) => !known.has(record.id));
    this.#remember(missing);
    this.#progress.add(missing.map((item) => ({ item, from: null })));
  }

  /** Whether a session was deleted. */
  isDeleted(id: string): boolean {
    return this.#known([id]).get(id)?.deleted_at != null;
  }

  /** Tasks of a session by state. */
  progress(session: string): Record<Status, number> {
    return this.#progress.of(session);
  }

  /** Deletes a session and its tasks here, and leaves a tombstone so that a late repeat brings nothing back. */
  remove(session: string, now: number): void {
    this.pending.drop("id IN (SELECT id FROM known WHERE session = ?)", session);
    this.#sql.exec("DELETE FROM known WHERE session = ? AND kind = 'task'", session);
    this.#sql.exec("DELETE FROM progress WHERE session = ?", session);
    this.#sql.exec(
      `INSERT INTO known (id, kind, session, version, hash, status, created_at, deleted_at)
       VALUES (?1, 'session', ?1, 0, '', 'cancelled', ?2, ?2)
       ON CONFLICT (id) DO UPDATE SET deleted_at = coalesce(deleted_at, excluded.deleted_at)`,
      session,
      now,
    );
    this.#sql.exec("INSERT OR IGNORE INTO purges (session, requested_at) VALUES (?, ?)", session, now);
  }

  /** Forgets everything about an owner's records. */
  forgetOwner(owner: string): void {
    const range = idsOf(owner);
    this.pending.drop("id >= ? AND id < ?", ...range);
    this.#sql.exec("DELETE FROM known WHERE id >= ? AND id < ?", ...range);
    this.#sql.exec("DELETE FROM progress WHERE session >= ? AND session < ?", ...range);
    this.#sql.exec("DELETE FROM purges WHERE session >= ? AND session < ?", ...range);
    this.#sql.exec("DELETE FROM announcements WHERE user = ?", owner);
    // The answers to the owner, for any owner's items, and the answers to others who wrote for the owner.
    this.#sql.exec("DELETE FROM answers WHERE key >= ? AND key < ?", `${owner} `, `${owner}!`);
    this.#sql.exec("DELETE FROM answers WHERE owner = ?", owner);
  }

  /** Owners of known records from an id on, with one index look-up for each. */
  owners(from: string, take: number = OWNER_PAGE): { owners: string[]; next: string | null } {
    const owners: string[] = [];
    let start = from;
    while (owners.length < take) {
      const [row] = this.#sql
        .exec<{ id: string }>("SELECT id FROM known WHERE id >= ? ORDER BY id LIMIT 1", start)
        .toArray();
      if (row === undefined) return { owners, next: null };
      const owner = ownerOf(row.id);
      // The mark of an erased owner names nobody.
      if (owner !== null) owners.push(owner);
      start = owner === null ? `${row.id}!` : idsOf(owner)[1];
    }
    return { owners, next: start };
  }

  state(now: number): JournalState {
    const { held_rows, parked, oldest, ...counts } = this.#sql
      .exec<{
        acknowledged: number;
        duplicates: number;
        persisted: number;
        held_rows: number;
        flushed_at: number;
        error: string | null;
        parked: number;
        oldest: number | null;
        purges: number;
        announcements: number;
      }>(
        `SELECT acknowledged, duplicates, persisted, held_rows, flushed_at, error,
                (SELECT count(*) FROM pending WHERE parked_at IS NOT NULL) AS parked,
                (SELECT min(since) FROM pending WHERE parked_at IS NULL) AS oldest,
                (SELECT count(*) FROM purges) AS purges,
                (SELECT count(*) FROM announcements) AS announcements FROM counters`,
      )
      .one();
    const oldest_ms = oldest === null ? 0 : Math.max(now - oldest, 0);
    return { ...counts, pending: held_rows - parked, parked, oldest_ms };
  }

  #known(ids: readonly string[]): Map<string, Known> {
    const rows = KNOWN.exec<KnownRow>(this.#sql, [...new Set(ids)]);
    return new Map(rows.map(({ id, status, ...row }) => [id, { ...row, status: statusSchema.parse(status) }]));
  }

  #remember(items: readonly JournalItem[]): void {
    const known = items.map(({ kind, session, status, hash, record: { id, version, created_at } }) => {
      return { id, kind, session, status, hash, version, created_at };
    });
    REMEMBER.exec(this.#sql, known);
  }
}

/**
 * Every id that begins with `<owner>:`; the semicolon is the character after the colon. A user whose id has a colon
 * owns nothing here, and ids with that beginning belong to another user.
 */
export function idsOf(owner: string): [string, string] {
  if (owner.includes(":")) return ["", ""];
  return [`${owner}:`, `${owner};`];
}
