import type { Held, OutboxRow } from "./outbox-row.ts";
import { Unsent } from "./unsent.ts";

/**
 * The rows that an enrollment object still has to deliver to D1. A row is written in the transaction of its cause and
 * removed only when the receiver has confirmed it, so a crash in between loses nothing. Rows name what changed, and the
 * data is read at delivery. So ten changes of one item are delivered once, in their latest state.
 */
export type OutboxKind =
  | "fact"
  | "submission"
  | "event"
  | "content"
  | "enrollment"
  | "mirror"
  | "audit"
  | "ask"
  | "tell";

type News = [kind: OutboxKind, ref: string, payload: string | null, createdAt: number];

/** The limits of the outbox part in the enrollment's row, rows and characters: it is written with each commit. */
const MAX_HELD = 25;
const MAX_HELD_LENGTH = 8_000;

/** Rows of one insert: five parameters each, of the hundred that a statement may have. */
const MAX_ROWS = 20;
const ROW = "(?, ?, ?, ?, ?)";

/** Rows of one delivery. */
const MAX_DELIVERY = 1_000;
/** Bytes of one delivery, counting the data that its rows carry or name; the mirror is extra. */
const DELIVERY_BYTES = 1_000_000;
/** Bytes assumed for a row besides its texts: for example a fact with its names. */
const ROW_BYTES = 400;

/**
 * The next rows up to a size. An announcement counts twice, because it goes to D1 and to the learner's live events. A
 * submission counts with its content.
 */
const PENDING = `
  SELECT owed.id, kind, ref, payload FROM (
    SELECT id, sum(bytes) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS total, bytes FROM (
      SELECT id, ${ROW_BYTES} + 2 * coalesce(octet_length(payload), 0) + CASE kind WHEN 'submission' THEN coalesce(
        (SELECT octet_length(answer) + coalesce(octet_length(feedback), 0) FROM submissions WHERE id = ref), 0)
        ELSE 0 END AS bytes
      FROM outbox ORDER BY id LIMIT ?1)
  ) AS sized JOIN outbox AS owed ON owed.id = sized.id WHERE total <= ?2 OR total = bytes ORDER BY owed.id`;

/** The pending rows, from memory. */
interface Standing {
  held: Held[];
  /** Last number that was assigned. */
  head: number;
  /** Since when the oldest row waits, epoch ms; null if nothing is pending. */
  oldest: number | null;
}

/** See pending-step.ts for the places of its rows. */
export class Outbox {
  readonly #sql: SqlStorage;
  readonly unsent: Unsent;
  #standing: Standing | null = null;
  /** Whether the outbox part of the enrollment's row has changed. */
  #isHeldNew = false;
  /** Outbox rows of the current commit; written by {@link flush}. */
  #news: News[] = [];
  /** Whether the current commit has outbox rows, written or not. */
  #hasNews = false;
  #hasNotices = false;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.unsent = new Unsent(sql);
  }

  /** A commit starts: nothing is new yet. */
  beginCommit(): void {
    this.#news = [];
    this.#hasNews = false;
    this.#hasNotices = false;
    this.#isHeldNew = false;
  }

  /** A transaction was rolled back, or the tables were filled again: the memory of them is wrong. */
  forget(): void {
    this.#standing = null;
    this.unsent.forget();
  }

  /** The outbox part of the enrollment's row. */
  get held(): { pending: string | null; head: number } {
    const { held, head } = this.#known();
    return { pending: held.length === 0 ? null : JSON.stringify(held), head };
  }

  get isHeldNew(): boolean {
    return this.#isHeldNew || this.unsent.isNew;
  }

  /** Since when the oldest row waits, epoch ms; null if nothing is pending. */
  get oldest(): number | null {
    return this.#known().oldest;
  }

  /** Whether this commit has something new for D1. Every delivery contains the mirror, so one row is enough for it. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** Whether it has something that should go to the learner's live events at once. */
  get hasNotices(): boolean {
    return this.#hasNotices;
  }

  add(kind: OutboxKind, ref: string, now: number, payload: string | null = null): void {
    this.#hasNews = true;
    this.#hasNotices ||= kind === "event" || kind === "content" || kind === "enrollment";
    this.#news.push([kind, ref, payload, now]);
  }

  /** The refs of the current commit's rows of one kind, without repetitions. */
  newsOf(kind: OutboxKind): string[] {
    return [...new Set(this.#news.filter(([known]) => known === kind).map(([, ref]) => ref))];
  }

  /**
   * Adds to rows of the current commit what the learner's live events should say about them, so that no further row is
   * needed.
   */
  describe(kind: OutboxKind, payloadOf: (ref: string) => string | null): void {
    for (const row of this.#news) {
      if (row[0] !== kind) continue;
      row[2] = payloadOf(row[1]);
      this.#hasNotices ||= row[2] !== null;
    }
  }

  /**
   * Puts the pending rows of the commit into their places. This is the last step of a commit before the enrollment's
   * row is written.
   * @param canHold whether the enrollment has a row.
   */
  flush(canHold: boolean): void {
    if (this.#news.length === 0) return;
    const standing = this.#known();
    // Numbers only grow, even if an object has lost its storage and begins again, because D1 recognises delivered rows
    // by them.
    if (standing.head === 0) standing.head = this.#news[0]?.[3] ?? 0;
    const isHeld = canHold && fits(standing.held, this.#news);
    // The table has its own counter, too.
    if (!isHeld) standing.head = Math.max(standing.head, this.#given());
    const news = this.#news.map(([kind, ref, payload, at], index): Held => {
      return [standing.head + index + 1, kind, ref, payload, at];
    });
    this.#news = [];
    standing.head += news.length;
    for (const [, , , , at] of news) standing.oldest = Math.min(standing.oldest ?? at, at);
    if (isHeld) {
      standing.held = [...standing.held, ...news];
      this.#isHeldNew = true;
      return;
    }
    for (let start = 0; start < news.length; start += MAX_ROWS) {
      const rows = news.slice(start, start + MAX_ROWS);
      this.#sql.exec(
        `INSERT INTO outbox_rows (id, kind, ref, payload, created_at) VALUES ${rows.map(() => ROW).join(", ")}`,
        ...rows.flat(),
      );
    }
  }

  /** The next rows to deliver: as many as fit into one answer and its statements, and at least one. */
  pending(): OutboxRow[] {
    const { held } = this.#known();
    // Rows in the enrollment's row are small, except for submissions that they may name.
    if (!this.#hasRows() && !held.some(([, kind]) => kind === "submission")) {
      return held.map(([id, kind, ref, payload]) => ({ id, kind, ref, payload }));
    }
    return this.#sql
      .exec<{ id: number; kind: string; ref: string; payload: string | null }>(PENDING, MAX_DELIVERY, DELIVERY_BYTES)
      .toArray();
  }

  /** Whether rows are pending for the audit chain. */
  hasPendingAudit(): boolean {
    return this.#sql.exec("SELECT 1 FROM outbox WHERE kind = 'audit' LIMIT 1").toArray().length > 0;
  }

  /** Whether the live events of these rows may wait until somebody listens. */
  mayKeep(rows: readonly OutboxRow[]): boolean {
    return !this.#hasRows() && this.unsent.hasRoomFor(rows);
  }

  /**
   * Inside a commit: everything up to `head` has arrived.
   * @param sentUpTo the learner's channel has the live events up to this row.
   */
  confirm(head: number, sentUpTo: number, now: number): void {
    const standing = this.#known();
    this.unsent.drop(sentUpTo);
    this.unsent.keep(
      standing.held.filter(([id]) => id <= head && id > sentUpTo),
      now,
    );
    if (this.#hasRows()) this.#sql.exec("DELETE FROM outbox_rows WHERE id <= ?", head);
    const left = standing.held.filter(([id]) => id > head);
    this.#isHeldNew ||= left.length < standing.held.length;
    standing.held = left;
    standing.oldest = oldestOf(left, this.#rows().oldest);
  }

  /** Rows waiting, and the age of the oldest in ms (invariant 10: waiting work is visible). */
  depth(now: number): { rows: number; oldest_ms: number } {
    const { held } = this.#known();
    const { rows, oldest: first } = this.#rows();
    const oldest = oldestOf(held, first);
    return { rows: held.length + rows, oldest_ms: oldest === null ? 0 : now - oldest };
  }

  #hasRows(): boolean {
    return this.#sql.exec("SELECT 1 FROM outbox_rows LIMIT 1").toArray().length > 0;
  }

  #rows(): { rows: number; oldest: number | null } {
    return this.#sql
      .exec<{ rows: number; oldest: number | null }>(
        "SELECT count(*) AS rows, min(created_at) AS oldest FROM outbox_rows",
      )
      .one();
  }

  /** The last number that the table has assigned. */
  #given(): number {
    const row = this.#sql
      .exec<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'outbox_rows'")
      .toArray()[0];
    return row?.seq ?? 0;
  }

  #known(): Standing {
    if (this.#standing !== null) return this.#standing;
    const row = this.#sql
      .exec<{ pending: string | null; head: number }>("SELECT pending, pending_head AS head FROM enrollment")
      .toArray()[0];
    // SAFETY: only `held` above writes this, and a trigger that only removes rows from it.
    const held = row?.pending == null ? [] : (JSON.parse(row.pending) as Held[]);
    const head = Math.max(row?.head ?? 0, this.#given());
    this.#standing = { held, head, oldest: oldestOf(held, this.#rows().oldest) };
    return this.#standing;
  }
}

function fits(held: readonly Held[], news: readonly News[]): boolean {
  if (held.length + news.length > MAX_HELD) return false;
  let length = 0;
  for (const [, , ref, payload] of held) length += ref.length + (payload?.length ?? 0);
  for (const [, ref, payload] of news) length += ref.length + (payload?.length ?? 0);
  return length <= MAX_HELD_LENGTH;
}

function oldestOf(held: readonly Held[], ofRows: number | null): number | null {
  const oldest = Math.min(ofRows ?? Number.POSITIVE_INFINITY, ...held.map((row) => row[4]));
  return Number.isFinite(oldest) ? oldest : null;
}
