import { z } from "@hono/zod-openapi";
import { jsonChunks } from "../json-chunks.ts";
import { contentHash } from "../translation/content.ts";
import { KINDS, type Kind, mayBecome, STATUSES, type Status } from "../translation/types.ts";
import type { StoredRecord } from "../types.ts";
import type { ItemOutcome, JournalItem, JournalState } from "./contract.ts";

/** Bytes of JSON one statement is given; a bound value may have 2 MB. */
const MAX_STATEMENT_BYTES = 1_800_000;
/** An entry of a JSON list as a row of `known`. */
const KNOWN_COLUMNS = ["id", "kind", "session", "version", "hash", "status", "created_at"]
  .map((name) => `value ->> '${name}'`)
  .join(", ");

/** An item that was written, and what it was before; null where there was none. */
export interface Change {
  item: JournalItem;
  from: Status | null;
}

interface Known {
  version: number;
  hash: string;
  status: Status;
  created_at: number;
  deleted_at: number | null;
}

interface KnownRow extends Record<string, SqlStorageValue> {
  id: string;
  version: number;
  hash: string;
  status: string;
  created_at: number;
  deleted_at: number | null;
}

export interface PendingRow {
  seq: number;
  kind: Kind;
  attempts: number;
  record: StoredRecord;
}

const kindSchema = z.enum(KINDS);
const statusSchema = z.enum(STATUSES);

/** Rows of a journal. Methods that write are called inside the object's transaction. */
export class JournalStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  create(now: number): void {
    this.#sql.exec("INSERT INTO counters VALUES (1, 0, 0, 0, 0, 0, ?, NULL)", now);
  }

  /**
   * Decides what becomes of each item, and writes those that are new or newer. An item that comes twice in one batch is
   * judged by what the first made of it.
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
    this.#write([...accepted.values()], now);
    this.#countProgress(changes);
    this.#sql.exec(
      "UPDATE counters SET acknowledged = acknowledged + ?, duplicates = duplicates + ?",
      changes.length,
      results.filter(({ status }) => status === "duplicate").length,
    );
    return { results, changes };
  }

  /** Those of these sessions that nothing is known of here. */
  unknownAmong(sessions: readonly string[]): string[] {
    const known = this.#known(sessions);
    return [...new Set(sessions)].filter((id) => !known.has(id));
  }

  /**
   * Takes over what a backend has stored and this journal knows nothing of, as if it had been written through it. What
   * is known already stays as it is.
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
    this.#countProgress(missing.map((item) => ({ item, from: null })));
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

  /** These rows are stored elsewhere now. One that was replaced meanwhile has another number, and stays. */
  persisted(seqs: readonly number[], now: number): void {
    this.#drop("seq IN (SELECT value FROM json_each(?))", JSON.stringify(seqs));
    this.#sql.exec("UPDATE counters SET persisted = persisted + ?, flushed_at = ?, error = NULL", seqs.length, now);
  }

  /** A flush has ended that found nothing, or failed: both leave a sign of life. */
  beat(now: number, error: string | null): void {
    this.#sql.exec("UPDATE counters SET flushed_at = ?, error = ?", now, error);
  }

  /** A row could not be stored though the place is well. */
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

  /** What of these ids is not stored elsewhere yet. */
  pendingOf(ids: readonly string[]): StoredRecord[] {
    return this.#sql
      .exec<{ record: string }>(
        "SELECT record FROM pending WHERE id IN (SELECT value FROM json_each(?))",
        JSON.stringify(ids),
      )
      .toArray()
      .map(({ record }) => readRecord(record));
  }

  /** Whether a session was deleted. */
  isDeleted(id: string): boolean {
    return this.#known([id]).get(id)?.deleted_at != null;
  }

  /** Tasks of a session by state. */
  progress(session: string): Record<Status, number> {
    const counts: Record<Status, number> = { pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
    const rows = this.#sql.exec<{ status: string; tasks: number }>(
      "SELECT status, tasks FROM progress WHERE session = ?",
      session,
    );
    for (const { status, tasks } of rows) counts[statusSchema.parse(status)] = tasks;
    return counts;
  }

  /** Deletes a session and its tasks here, and leaves a tombstone so that a late retry revives nothing. */
  remove(session: string, now: number): void {
    this.#drop("id IN (SELECT id FROM known WHERE session = ?)", session);
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
    this.#drop("id >= ? AND id < ?", ...range);
    this.#sql.exec("DELETE FROM known WHERE id >= ? AND id < ?", ...range);
    this.#sql.exec("DELETE FROM progress WHERE session >= ? AND session < ?", ...range);
    this.#sql.exec("DELETE FROM purges WHERE session >= ? AND session < ?", ...range);
    this.#sql.exec("DELETE FROM announcements WHERE user = ?", owner);
    // What the owner was answered, for whomever they wrote, and what others were answered who wrote for the owner.
    this.#sql.exec("DELETE FROM answers WHERE key >= ? AND key < ?", `${owner} `, `${owner}!`);
    this.#sql.exec("DELETE FROM answers WHERE owner = ?", owner);
  }

  /** What is held, parked or not, without counting it: asked with every batch. */
  held(): { rows: number; characters: number; isDark: boolean } {
    const { held_rows, held_characters, error } = this.#sql
      .exec<{ held_rows: number; held_characters: number; error: string | null }>(
        "SELECT held_rows, held_characters, error FROM counters",
      )
      .one();
    return { rows: held_rows, characters: held_characters, isDark: error !== null };
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

  /** The newest number of the journal. */
  seq(): number {
    return (
      this.#sql.exec<{ seq: number | null }>("SELECT seq FROM sqlite_sequence WHERE name = 'pending'").toArray()[0]
        ?.seq ?? 0
    );
  }

  /** Removes rows that wait, and takes them out of what is held. */
  #drop(where: string, ...values: string[]): void {
    this.#hold(
      -1,
      this.#sql.exec<{ characters: number }>(
        `DELETE FROM pending WHERE ${where} RETURNING length(record) AS characters`,
        ...values,
      ),
    );
  }

  /** Adds these rows to what is held, or takes them out of it. */
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

  /** Keeps the tasks of each session counted by state: counting them anew would cost more with each batch. */
  #countProgress(changes: readonly Change[]): void {
    const moved = new Map<string, Map<Status, number>>();
    for (const { item, from } of changes) {
      if (item.kind !== "task") continue;
      const counts = moved.get(item.session) ?? new Map<Status, number>();
      moved.set(item.session, counts);
      counts.set(item.status, (counts.get(item.status) ?? 0) + 1);
      if (from !== null) counts.set(from, (counts.get(from) ?? 0) - 1);
    }
    for (const [session, counts] of moved) {
      for (const [status, tasks] of counts) {
        if (tasks === 0) continue;
        this.#sql.exec(
          `INSERT INTO progress (session, status, tasks) VALUES (?, ?, ?)
           ON CONFLICT (session, status) DO UPDATE SET tasks = tasks + excluded.tasks`,
          session,
          status,
          tasks,
        );
      }
    }
  }

  #known(ids: readonly string[]): Map<string, Known> {
    const rows = this.#sql.exec<KnownRow>(
      "SELECT id, version, hash, status, created_at, deleted_at FROM known WHERE id IN (SELECT value FROM json_each(?))",
      JSON.stringify([...new Set(ids)]),
    );
    return new Map([...rows].map(({ id, status, ...row }) => [id, { ...row, status: statusSchema.parse(status) }]));
  }

  #remember(items: readonly JournalItem[]): void {
    const known = items.map(({ kind, session, status, hash, record: { id, version, created_at } }) => {
      return { id, kind, session, status, hash, version, created_at };
    });
    for (const chunk of jsonChunks(known, MAX_STATEMENT_BYTES)) {
      this.#sql.exec(
        `INSERT INTO known (id, kind, session, version, hash, status, created_at)
         SELECT ${KNOWN_COLUMNS} FROM json_each(?) WHERE true
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, hash = excluded.hash, status = excluded.status`,
        chunk,
      );
    }
  }

  #write(items: readonly JournalItem[], now: number): void {
    this.#remember(items);
    // A newer version takes a new number (a flush under way that holds the older one must not remove it) and keeps the
    // time since which the item waits.
    const since = this.#waitingSince(items.map(({ record }) => record.id));
    this.#drop("id IN (SELECT value FROM json_each(?))", JSON.stringify([...since.keys()]));
    const pending = items.map(({ kind, record }) => ({
      id: record.id,
      kind,
      record: JSON.stringify(record),
      since: since.get(record.id) ?? now,
    }));
    for (const chunk of jsonChunks(pending, MAX_STATEMENT_BYTES)) {
      this.#hold(
        1,
        this.#sql.exec<{ characters: number }>(
          `INSERT INTO pending (id, kind, record, since)
           SELECT value ->> 'id', value ->> 'kind', value ->> 'record', value ->> 'since' FROM json_each(?)
           RETURNING length(record) AS characters`,
          chunk,
        ),
      );
    }
  }

  /** Since when those of these ids that wait already do. */
  #waitingSince(ids: readonly string[]): Map<string, number> {
    const rows = this.#sql.exec<{ id: string; since: number }>(
      "SELECT id, since FROM pending WHERE id IN (SELECT value FROM json_each(?))",
      JSON.stringify(ids),
    );
    return new Map([...rows].map(({ id, since }) => [id, since]));
  }
}

function readRecord(text: string): StoredRecord {
  // SAFETY: written by #write() above, and checked before it came there.
  return JSON.parse(text) as StoredRecord;
}

/** Every id that begins with `<owner>:`; the semicolon is the character after the colon. */
export function idsOf(owner: string): [string, string] {
  return [`${owner}:`, `${owner};`];
}

function judge({ kind, session, status, record, hash }: JournalItem, known: ReadonlyMap<string, Known>): ItemOutcome {
  const { id, version } = record;
  const invalid = (rule: string, message: string): ItemOutcome => ({ id, status: "invalid", error: { rule, message } });
  const owner = known.get(session);
  if (owner?.deleted_at != null) return invalid("session_deleted", "the session was deleted");
  if (kind === "task" && owner === undefined) return invalid("unknown_session", `there is no session ${session}`);
  const before = known.get(id);
  if (before === undefined) return { id, status: "created" };
  if (version < before.version) return { id, status: "stale" };
  if (version === before.version) {
    if (hash === before.hash) return { id, status: "duplicate" };
    return invalid("version_reused", `version ${version} was written before with another content`);
  }
  if (!mayBecome(before.status, status))
    return invalid("illegal_status", `what is ${before.status} cannot become ${status}`);
  return { id, status: "updated" };
}
