/** What crosses the line between the Worker and the chain's object. Plain data. */

/** An entry as it is stored: what the hash covers, and the hash. */
export interface EntryRow {
  seq: number;
  key: string;
  action: string;
  occurred_at: number;
  received_at: number;
  actor_id: string;
  actor_role: string;
  target_type: string;
  target_id: string;
  course: string | null;
  enrollment: string | null;
  request_id: string | null;
  outcome: string;
  /** Canonical JSON. */
  details: string;
  reported_by: string | null;
  /** Hash of the entry before. */
  prev: string;
  hash: string;
}

/** Who a pseudonym is. */
export interface Person {
  pseudonym: string;
  user_id: string;
}

/** created: it is durable now. duplicate: it was already. conflict: its key stands for another entry. */
type AppendStatus = "created" | "duplicate" | "conflict";

export interface AppendOutcome {
  status: AppendStatus;
  seq: number;
  hash: string;
}

/** A statement about the chain that only the holder of the key can have made. */
export interface SignedHead {
  chain: string;
  /** 1, 2, 3: one that is missing is noticed. */
  number: number;
  /** Last entry it covers, how many there were then, and that entry's hash. */
  seq: number;
  count: number;
  hash: string;
  at: number;
  /** Which key signed it. */
  kid: string;
  signature: string;
}

/** A statement that the entries of a prefix were removed on purpose. */
export interface SignedPurge {
  chain: string;
  number: number;
  from_seq: number;
  to_seq: number;
  /** Hash of the last entry removed: what the first that is left follows on. */
  hash: string;
  /** The entry of the chain that says so. */
  entry_seq: number;
  actor: string;
  at: number;
  kid: string;
  signature: string;
}

/** The chain in numbers. */
export interface ChainState {
  chain: string;
  /** Entries up to this one were purged. */
  base_seq: number;
  seq: number;
  hash: string;
  /** Entries and removals that the search database does not know yet, and since when. */
  unprojected: number;
  oldest_unprojected_ms: number;
  projection_error: string | null;
  head: { number: number; seq: number; at: number } | null;
  heads_unstored: number;
  head_conflicts: number;
  purges: number;
  is_purging: boolean;
  actions: { action: string; outcome: string; entries: number }[];
}

export interface PurgeRequest {
  /** Entries received before this instant may go. */
  before: number;
  actor: { id: string; role: string };
  request_id: string;
}
