/**
 * What an enrollment object still owes to D1. A row is written in the transaction of its cause and removed only when
 * the destination has confirmed, so a crash anywhere between loses nothing. Rows name what changed; the data is read
 * when it is fetched, so ten changes of one item are delivered once, as they stand.
 */
export type OutboxKind = "fact" | "submission" | "event" | "content" | "mirror" | "audit";

export interface OutboxRow {
  id: number;
  kind: string;
  ref: string;
  payload: string | null;
}

/** Rows of one insert: four parameters each, of the hundred that a statement may have. */
const MAX_ROWS = 25;
const ROW = "(?, ?, ?, ?)";

/** Rows of one delivery: far below the 32 MB of one RPC answer and D1's statement limits. */
export const MAX_DELIVERY = 1_000;

export class Outbox {
  readonly #sql: SqlStorage;
  /** What the current commit owes; written by {@link flush}. */
  #news: [kind: OutboxKind, ref: string, payload: string | null, createdAt: number][] = [];
  /** Whether the current commit owes anything, written already or not. */
  #hasNews = false;
  #hasNotices = false;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** A commit starts: nothing is new yet. */
  beginCommit(): void {
    this.#news = [];
    this.#hasNews = false;
    this.#hasNotices = false;
  }

  /** Whether this commit owes something new to D1. Every delivery carries the mirror, so one row is enough for it. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** Whether it owes something that the learner's live events should tell at once. */
  get hasNotices(): boolean {
    return this.#hasNotices;
  }

  add(kind: OutboxKind, ref: string, now: number, payload: string | null = null): void {
    this.#hasNews = true;
    this.#hasNotices ||= kind === "event" || kind === "content";
    this.#news.push([kind, ref, payload, now]);
  }

  /** Writes what the commit owes, in as few statements as possible. The last thing a commit does. */
  flush(): void {
    for (let start = 0; start < this.#news.length; start += MAX_ROWS) {
      const rows = this.#news.slice(start, start + MAX_ROWS);
      this.#sql.exec(
        `INSERT INTO outbox (kind, ref, payload, created_at) VALUES ${rows.map(() => ROW).join(", ")}`,
        ...rows.flat(),
      );
    }
    this.#news = [];
  }

  pending(): OutboxRow[] {
    return this.#sql
      .exec<{ id: number; kind: string; ref: string; payload: string | null }>(
        "SELECT id, kind, ref, payload FROM outbox ORDER BY id LIMIT ?",
        MAX_DELIVERY,
      )
      .toArray();
  }

  /** Whether the audit chain is still to be told something. */
  owesAudit(): boolean {
    return this.#sql.exec("SELECT 1 FROM outbox WHERE kind = 'audit' LIMIT 1").toArray().length > 0;
  }

  confirm(head: number): void {
    this.#sql.exec("DELETE FROM outbox WHERE id <= ?", head);
  }

  /** Rows waiting, and the age of the oldest in ms (invariant 10: waiting work is visible). */
  depth(now: number): { rows: number; oldest_ms: number } {
    const row = this.#sql
      .exec<{ rows: number; oldest: number | null }>("SELECT count(*) AS rows, min(created_at) AS oldest FROM outbox")
      .one();
    return { rows: row.rows, oldest_ms: row.oldest === null ? 0 : now - row.oldest };
  }
}
