import type { Kind, Status } from "../translation/types.ts";
import type { StoredRecord } from "../types.ts";

/** An item from the Worker: checked, its record built, its body hashed. */
export interface JournalItem {
  kind: Kind;
  /** Session it belongs to; its own id for a session. */
  session: string;
  status: Status;
  record: StoredRecord;
  /** SHA-256 of the body without its version: the same version with another hash is a mistake of the writer. */
  hash: string;
}

/**
 * The outcome of an item. `created`, `updated`: it is durable. `duplicate`: it was already. `stale`: there is a newer
 * version.
 */
type ItemStatus = "created" | "updated" | "duplicate" | "stale" | "invalid";

export interface ItemOutcome {
  id: string;
  status: ItemStatus;
  /** The broken rule. */
  error?: { rule: string; message: string; path?: string };
}

/** An item that was written, and its state before; null if there was none. */
export interface Change {
  item: JournalItem;
  from: Status | null;
}

export interface AppendRequest {
  owner: string;
  /** In the order of the batch; null if the item was refused before it came here. */
  items: readonly JournalItem[];
  idempotency: { key: string; body_hash: string } | null;
}

export interface AppendAnswer {
  results: ItemOutcome[];
  /** Everything up to this number of the journal is durable. */
  journal_seq: number;
  replayed: boolean;
}

/** The journal in numbers. */
export interface JournalState {
  pending: number;
  parked: number;
  oldest_ms: number;
  acknowledged: number;
  duplicates: number;
  persisted: number;
  /** Epoch ms of the last flush, also of one that found nothing. */
  flushed_at: number;
  /** The error of the last flush; null when there was none. */
  error: string | null;
  purges: number;
  /** Events that are pending for owners. */
  announcements: number;
}

/** How much may wait before no more is accepted, and how long a flush waits. */
export interface JournalLimits {
  rows: number;
  characters: number;
  /** A backend that is silent for this long, milliseconds, counts as not answering. */
  write_timeout_ms: number;
}

/** Where a page of parked items continues. */
export interface ParkedPosition {
  parked_at: number;
  id: string;
}

export interface ParkedItem {
  id: string;
  kind: Kind;
  since: number;
  attempts: number;
  error: string | null;
  parked_at: number;
}
