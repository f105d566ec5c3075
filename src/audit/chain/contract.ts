/** Plain data that the Worker and the chain's object send each other. */

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

/** The user behind a pseudonym. */
export interface Person {
  pseudonym: string;
  user_id: string;
}

/** created: the entry is durable now. duplicate: it was already. conflict: another entry has its key. */
type AppendStatus = "created" | "duplicate" | "conflict";

export interface AppendOutcome {
  status: AppendStatus;
  seq: number;
  hash: string;
}

/** A statement about the chain that only a holder of the signing key can make. */
export interface SignedHead {
  chain: string;
  /** 1, 2, 3, and so on: a missing one is noticed. */
  number: number;
  /** The last entry that it covers, the number of entries then, and the hash of that entry. */
  seq: number;
  count: number;
  hash: string;
  at: number;
  /** The name of the key that signed it. */
  kid: string;
  signature: string;
}

/** A statement that the first entries of a chain were removed on purpose. */
export interface SignedPurge {
  chain: string;
  number: number;
  from_seq: number;
  to_seq: number;
  /** Hash of the last removed entry. The first entry that is left follows it. */
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
  /** Entries and removals that the search database does not have yet, and since when. */
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
  /** Entries received before this instant may be removed. */
  before: number;
  actor: { id: string; role: string };
  request_id: string;
}
