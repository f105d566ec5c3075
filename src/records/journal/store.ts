import { z } from "@hono/zod-openapi";
import type { NewEvent } from "../../events/index.ts";
import { KINDS, type Kind, mayBecome, STATUSES, type Status } from "../translation/types.ts";
import type { StoredRecord } from "../types.ts";
import type { ItemOutcome, JournalItem, JournalState, ParkedItem } from "./contract.ts";

/** JSON characters one statement is given: far below the 2 MB a bound value may have. */
const MAX_STATEMENT_CHARACTERS = 900_000;

/** Events told in one go. */
const ANNOUNCEMENT_PAGE = 200;

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
const fieldValue = z.union([z.string(), z.number(), z.null()]);
const recordSchema: z.ZodType<StoredRecord> = z.object({
  id: z.string(),
  owner: z.string(),
  version: z.number(),
  created_at: z.number(),
  updated_at: z.number(),
  expires_at: z.number().nullable(),
  fields: z.record(z.string(), fieldValue),
  body: z.string(),
});

/** Rows of a journal. Methods that write are called inside the object's transaction. */
export class JournalStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  create(now: number): void {
    this.#sql.exec("INSERT INTO counters VALUES (1, 0, 0, 0, ?, NULL)", now);
  }

  /**
   * Decides what becomes of each item, and writes those that are new or newer. An item that comes twice in one batch is
   * judged by what the first made of it.
   */
  append(items: readonly JournalItem[], now: number): ItemOutcome[] {
    const known = this.#known(items.flatMap(({ record, session }) => [record.id, session]));
    const accepted = new Map<string, JournalItem>();
    const outcomes = items.map((item): ItemOutcome => {
      const outcome = judge(item, known);
      if (outcome.status === "created" || outcome.status === "updated") {
        const { record, hash, status } = item;
        const created_at = known.get(record.id)?.created_at ?? now;
        accepted.set(record.id, { ...item, record: { ...record, created_at, updated_at: now } });
        known.set(record.id, { version: record.version, hash, status, created_at, deleted_at: null });
      }
      return outcome;
    });
    this.#write([...accepted.values()], now);
    const written = outcomes.filter(({ status }) => status === "created" || status === "updated").length;
    const duplicates = outcomes.filter(({ status }) => status === "duplicate").length;
    this.#sql.exec(
      "UPDATE counters SET acknowledged = acknowledged + ?, duplicates = duplicates + ?",
      written,
      duplicates,
    );
    return outcomes;
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
      rows.push({ seq, kind: kindSchema.parse(kind), attempts, record: recordSchema.parse(JSON.parse(record)) });
    }
    return rows;
  }

  /** These rows are stored elsewhere now. One that was replaced meanwhile has another number, and stays. */
  persisted(seqs: readonly number[], now: number): void {
    this.#sql.exec("DELETE FROM pending WHERE seq IN (SELECT value FROM json_each(?))", JSON.stringify(seqs));
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

  parked(limit: number): ParkedItem[] {
    return this.#sql
      .exec<{ id: string; kind: string; since: number; attempts: number; error: string | null; parked_at: number }>(
        "SELECT id, kind, since, attempts, error, parked_at FROM pending WHERE parked_at IS NOT NULL ORDER BY seq LIMIT ?",
        limit,
      )
      .toArray()
      .map((row) => ({ ...row, kind: kindSchema.parse(row.kind) }));
  }

  /** Takes parked rows up again. @returns how many. */
  unpark(ids: readonly string[] | null): number {
    const where = ids === null ? "" : "AND id IN (SELECT value FROM json_each(?))";
    return this.#sql.exec(
      `UPDATE pending SET parked_at = NULL, attempts = 0 WHERE parked_at IS NOT NULL ${where}`,
      ...(ids === null ? [] : [JSON.stringify(ids)]),
    ).rowsWritten;
  }

  /** What of these ids is not stored elsewhere yet. */
  pendingOf(ids: readonly string[]): StoredRecord[] {
    return this.#sql
      .exec<{ record: string }>(
        "SELECT record FROM pending WHERE id IN (SELECT value FROM json_each(?))",
        JSON.stringify(ids),
      )
      .toArray()
      .map(({ record }) => recordSchema.parse(JSON.parse(record)));
  }

  /** Whether a session was deleted. */
  isDeleted(id: string): boolean {
    return this.#known([id]).get(id)?.deleted_at != null;
  }

  /** Tasks of a session by state. */
  progress(session: string): Record<Status, number> {
    const counts: Record<Status, number> = { pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
    const rows = this.#sql.exec<{ status: string; n: number }>(
      "SELECT status, count(*) AS n FROM known WHERE session = ? AND kind = 'task' AND deleted_at IS NULL GROUP BY status",
      session,
    );
    for (const { status, n } of rows) counts[statusSchema.parse(status)] = n;
    return counts;
  }

  /** Deletes a session and its tasks here, and leaves a tombstone so that a late retry revives nothing. */
  remove(session: string, now: number): void {
    this.#sql.exec("DELETE FROM pending WHERE id IN (SELECT id FROM known WHERE session = ?)", session);
    this.#sql.exec("DELETE FROM known WHERE session = ? AND kind = 'task'", session);
    this.#sql.exec(
      `INSERT INTO known (id, kind, session, version, hash, status, created_at, deleted_at)
       VALUES (?1, 'session', ?1, 0, '', 'cancelled', ?2, ?2)
       ON CONFLICT (id) DO UPDATE SET deleted_at = coalesce(deleted_at, excluded.deleted_at)`,
      session,
      now,
    );
    this.#sql.exec("INSERT OR IGNORE INTO purges (session, requested_at) VALUES (?, ?)", session, now);
  }

  announce(user: string, event: NewEvent): void {
    this.#sql.exec("INSERT INTO announcements (user, event) VALUES (?, ?)", user, JSON.stringify(event));
  }

  /** The next events that owners are to be told of, in order. */
  announcements(): { id: number; user: string; event: NewEvent }[] {
    return (
      this.#sql
        .exec<{ id: number; user: string; event: string }>(
          "SELECT id, user, event FROM announcements ORDER BY id LIMIT ?",
          ANNOUNCEMENT_PAGE,
        )
        .toArray()
        // SAFETY: written by announce() above.
        .map(({ id, user, event }) => ({ id, user, event: JSON.parse(event) as NewEvent }))
    );
  }

  announced(upTo: number): void {
    this.#sql.exec("DELETE FROM announcements WHERE id <= ?", upTo);
  }

  nextPurge(): string | null {
    return (
      this.#sql.exec<{ session: string }>("SELECT session FROM purges ORDER BY requested_at LIMIT 1").toArray()[0]
        ?.session ?? null
    );
  }

  purged(session: string): void {
    this.#sql.exec("DELETE FROM purges WHERE session = ?", session);
  }

  state(now: number): JournalState {
    const counted = this.#sql
      .exec<{ acknowledged: number; duplicates: number; persisted: number; flushed_at: number; error: string | null }>(
        "SELECT acknowledged, duplicates, persisted, flushed_at, error FROM counters",
      )
      .one();
    const waiting = this.#sql
      .exec<{ pending: number; parked: number; oldest: number | null; purges: number }>(
        `SELECT (SELECT count(*) FROM pending WHERE parked_at IS NULL) AS pending,
                (SELECT count(*) FROM pending WHERE parked_at IS NOT NULL) AS parked,
                (SELECT min(since) FROM pending WHERE parked_at IS NULL) AS oldest,
                (SELECT count(*) FROM purges) AS purges`,
      )
      .one();
    const { oldest, ...counts } = waiting;
    return { ...counted, ...counts, oldest_ms: oldest === null ? 0 : Math.max(now - oldest, 0) };
  }

  /** The newest number of the journal. */
  seq(): number {
    return (
      this.#sql.exec<{ seq: number | null }>("SELECT seq FROM sqlite_sequence WHERE name = 'pending'").toArray()[0]
        ?.seq ?? 0
    );
  }

  answer(key: string): { body_hash: string; answer: string } | null {
    return (
      this.#sql
        .exec<{ body_hash: string; answer: string }>("SELECT body_hash, answer FROM answers WHERE key = ?", key)
        .toArray()[0] ?? null
    );
  }

  saveAnswer(key: string, bodyHash: string, answer: string, now: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", key, bodyHash, answer, now);
  }

  /** Forgets answers and tombstones older than `before`. */
  prune(before: number): void {
    this.#sql.exec("DELETE FROM answers WHERE created_at < ?", before);
  }

  #known(ids: readonly string[]): Map<string, Known> {
    const rows = this.#sql.exec<KnownRow>(
      "SELECT id, version, hash, status, created_at, deleted_at FROM known WHERE id IN (SELECT value FROM json_each(?))",
      JSON.stringify([...new Set(ids)]),
    );
    return new Map([...rows].map(({ id, status, ...row }) => [id, { ...row, status: statusSchema.parse(status) }]));
  }

  #write(items: readonly JournalItem[], now: number): void {
    for (const group of groups(items)) {
      const json = JSON.stringify(
        group.map(({ kind, session, status, hash, record }) => ({
          id: record.id,
          kind,
          session,
          status,
          hash,
          version: record.version,
          created_at: record.created_at,
          record: JSON.stringify(record),
        })),
      );
      this.#sql.exec(
        `INSERT INTO known (id, kind, session, version, hash, status, created_at)
         SELECT value ->> 'id', value ->> 'kind', value ->> 'session', value ->> 'version', value ->> 'hash',
                value ->> 'status', value ->> 'created_at' FROM json_each(?) WHERE true
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, hash = excluded.hash, status = excluded.status`,
        json,
      );
      // A newer version takes a new number: a flush under way that holds the older one must not remove it.
      this.#sql.exec(
        `INSERT OR REPLACE INTO pending (id, kind, record, since)
         SELECT v.value ->> 'id', v.value ->> 'kind', v.value ->> 'record',
                coalesce((SELECT since FROM pending AS p WHERE p.id = v.value ->> 'id'), ?2)
         FROM json_each(?1) AS v`,
        json,
        now,
      );
    }
  }
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

function* groups(items: readonly JournalItem[]): Generator<JournalItem[]> {
  let group: JournalItem[] = [];
  let room = MAX_STATEMENT_CHARACTERS;
  for (const item of items) {
    // Escaped once inside the record and once around it: at most doubled for ordinary text.
    const size = item.record.body.length * 2 + 500;
    if (group.length > 0 && size > room) {
      yield group;
      group = [];
      room = MAX_STATEMENT_CHARACTERS;
    }
    group.push(item);
    room -= size;
  }
  if (group.length > 0) yield group;
}
