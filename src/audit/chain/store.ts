import { setStatement } from "../../platform/database/set-statement.ts";
import { nodeCrypto } from "../../platform/node-crypto.ts";
import { canonicalize } from "../canonical.ts";
import type { NewEntry } from "../entry.ts";
import { type NameUser, pseudonymised, pseudonymsIn } from "../people.ts";
import type { AppendOutcome, ChainState, EntryRow, Person, SignedHead, SignedPurge } from "./contract.ts";
import { GENESIS, hashOf } from "./hash.ts";

type Row<T> = Record<string, SqlStorageValue> & T;

/** The one row with the present place of the chain. */
interface ChainRow {
  base_seq: number;
  seq: number;
  hash: string;
  received_at: number;
  projected_seq: number;
  projected_base: number;
  projection_error: string | null;
  head_conflicts: number;
}

const COLUMNS = [
  "seq",
  "key",
  "action",
  "occurred_at",
  "received_at",
  "actor_id",
  "actor_role",
  "target_type",
  "target_id",
  "course",
  "enrollment",
  "request_id",
  "outcome",
  "details",
  "reported_by",
  "prev",
  "hash",
] as const satisfies readonly (keyof EntryRow)[];
const PEOPLE = setStatement(
  (set) => `SELECT pseudonym, user_id FROM people WHERE pseudonym IN (SELECT value FROM ${set})`,
);
const INSERT = `INSERT INTO entries (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`;

/** Rows of one chain object. Knows SQL and hashes; transactions belong to the caller. */
export class ChainStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  create(): void {
    this.#sql.exec(
      `INSERT INTO chain (one, base_seq, seq, hash, received_at, projected_seq, projected_base, head_conflicts)
       VALUES (1, 0, 0, ?, 0, 0, 0, 0)`,
      GENESIS,
    );
  }

  chain(): ChainRow {
    return this.#sql.exec<Row<ChainRow>>("SELECT * FROM chain").one();
  }

  /** Adds entries at the end, in order. One whose key is known is not added again. */
  append(given: readonly NewEntry[], nameUser: NameUser, now: number): AppendOutcome[] {
    const entries = given.map((entry) => this.#pseudonymised(entry, nameUser));
    let { seq, hash, received_at } = this.chain();
    // Instants in the chain never go back, so a period of time is a range of places.
    received_at = Math.max(received_at, now);
    const outcomes = entries.map((entry): AppendOutcome => {
      const known = this.#sql.exec<Row<EntryRow>>("SELECT * FROM entries WHERE key = ?", entry.key).toArray()[0];
      if (known !== undefined) {
        const again = hashOf(rowOf(entry, known));
        return { status: again === known.hash ? "duplicate" : "conflict", seq: known.seq, hash: known.hash };
      }
      const row = rowOf(entry, { seq: seq + 1, received_at, prev: hash });
      seq += 1;
      hash = hashOf(row);
      const stored: EntryRow = { ...row, hash };
      this.#sql.exec(INSERT, ...COLUMNS.map((column) => stored[column]));
      this.#sql.exec(
        `INSERT INTO counts (action, outcome, entries) VALUES (?, ?, 1)
         ON CONFLICT (action, outcome) DO UPDATE SET entries = entries + 1`,
        entry.action,
        entry.outcome,
      );
      return { status: "created", seq, hash };
    });
    this.#sql.exec("UPDATE chain SET seq = ?, hash = ?, received_at = ?", seq, hash, received_at);
    return outcomes;
  }

  /** Entries after a place, in order. */
  entries(after: number, take: number): EntryRow[] {
    return this.#sql
      .exec<Row<EntryRow>>(`SELECT ${COLUMNS.join(", ")} FROM entries WHERE seq > ? ORDER BY seq LIMIT ?`, after, take)
      .toArray();
  }

  /** The users behind the pseudonyms in these entries, if they are known. */
  peopleIn(rows: readonly EntryRow[]): Person[] {
    const pseudonyms = new Set(pseudonymsIn(rows.map(personalOf).join(" ")));
    return PEOPLE.exec<Row<Person>>(this.#sql, [...pseudonyms]);
  }

  /** Whether a user has a pseudonym here. */
  knows(user: string): boolean {
    return this.#sql.exec("SELECT 1 FROM people WHERE user_id = ? LIMIT 1", user).toArray().length > 0;
  }

  /** Users with a pseudonym, after one and in order. */
  users(after: string, take: number): string[] {
    return this.#sql
      .exec<{ user_id: string }>("SELECT user_id FROM people WHERE user_id > ? ORDER BY user_id LIMIT ?", after, take)
      .toArray()
      .map(({ user_id }) => user_id);
  }

  /** Forgets the user behind a pseudonym for ever: the chain does not store it again either. */
  forget(user: string): void {
    this.#sql.exec("DELETE FROM people WHERE user_id = ?", user);
    this.#sql.exec("INSERT INTO forgotten (subject) VALUES (?) ON CONFLICT DO NOTHING", subjectOf(user));
  }

  projected(seq: number): void {
    this.#sql.exec("UPDATE chain SET projected_seq = max(projected_seq, ?), projection_error = NULL", seq);
  }

  removalProjected(base: number): void {
    this.#sql.exec("UPDATE chain SET projected_base = ?, projection_error = NULL", base);
  }

  projectionFailed(error: string): void {
    this.#sql.exec("UPDATE chain SET projection_error = ?", error);
  }

  /** The last head that was made, stored or not. */
  lastHead(): SignedHead | null {
    return this.#heads("ORDER BY number DESC LIMIT 1")[0] ?? null;
  }

  addHead(head: SignedHead): void {
    this.#sql.exec(
      "INSERT INTO heads (number, seq, body, at) VALUES (?, ?, ?, ?)",
      head.number,
      head.seq,
      JSON.stringify(head),
      head.at,
    );
  }

  /** Heads that are not in the bucket yet, oldest first. */
  unstoredHeads(): SignedHead[] {
    return this.#heads("WHERE stored_at IS NULL ORDER BY number");
  }

  headStored(number: number, now: number): void {
    this.#sql.exec("UPDATE heads SET stored_at = ? WHERE number = ?", now, number);
  }

  /** Another head, not made by this chain, has this number already. */
  dropHead(number: number): void {
    this.#sql.exec("DELETE FROM heads WHERE number = ?", number);
    this.#sql.exec("UPDATE chain SET head_conflicts = head_conflicts + 1");
  }

  /** The newest stored head whose entries were all received before an instant: a purge may remove up to it. */
  cutBefore(instant: number): SignedHead | null {
    const { base_seq } = this.chain();
    const [head] = this.#heads(
      `WHERE stored_at IS NOT NULL AND seq > ${base_seq}
         AND (SELECT received_at FROM entries WHERE entries.seq = heads.seq) < ? ORDER BY number DESC LIMIT 1`,
      instant,
    );
    return head ?? null;
  }

  purgeCount(): number {
    return this.#sql.exec<{ number: number | null }>("SELECT max(number) AS number FROM purges").one().number ?? 0;
  }

  addPurge(purge: SignedPurge): void {
    const body = JSON.stringify(purge);
    this.#sql.exec("INSERT INTO purges (number, to_seq, body) VALUES (?, ?, ?)", purge.number, purge.to_seq, body);
  }

  pendingPurge(): SignedPurge | null {
    const [row] = this.#sql
      .exec<{ body: string }>("SELECT body FROM purges WHERE done_at IS NULL ORDER BY number LIMIT 1")
      .toArray();
    // SAFETY: written by addPurge.
    return row === undefined ? null : (JSON.parse(row.body) as SignedPurge);
  }

  /** Removes what a purge record covers. */
  purge(purge: SignedPurge, now: number): void {
    this.#sql.exec("DELETE FROM entries WHERE seq <= ?", purge.to_seq);
    this.#sql.exec("UPDATE chain SET base_seq = ?, projected_seq = max(projected_seq, ?)", purge.to_seq, purge.to_seq);
    this.#sql.exec("UPDATE purges SET done_at = ? WHERE number = ?", now, purge.number);
  }

  state(chain: string, now: number): ChainState {
    const row = this.chain();
    const head = this.lastHead();
    const [oldest] = this.entries(row.projected_seq, 1);
    return {
      chain,
      base_seq: row.base_seq,
      seq: row.seq,
      hash: row.hash,
      unprojected: row.seq - Math.max(row.projected_seq, row.base_seq) + (row.base_seq - row.projected_base),
      oldest_unprojected_ms: oldest === undefined ? 0 : now - oldest.received_at,
      projection_error: row.projection_error,
      head: head === null ? null : { number: head.number, seq: head.seq, at: head.at },
      heads_unstored: this.unstoredHeads().length,
      head_conflicts: row.head_conflicts,
      purges: this.purgeCount(),
      is_purging: this.pendingPurge() !== null,
      actions: this.#sql
        .exec<Row<{ action: string; outcome: string; entries: number }>>(
          "SELECT * FROM counts ORDER BY action, outcome",
        )
        .toArray(),
    };
  }

  /** A user keeps their first pseudonym, also after the key has changed. */
  #pseudonymised(entry: NewEntry, nameUser: NameUser): NewEntry {
    const named = pseudonymised(entry, (user) => {
      const [known] = this.#sql
        .exec<{ pseudonym: string }>("SELECT pseudonym FROM people WHERE user_id = ?", user)
        .toArray();
      return known?.pseudonym ?? nameUser(user);
    });
    for (const [pseudonym, user] of named.users) {
      if (this.#sql.exec("SELECT 1 FROM forgotten WHERE subject = ?", subjectOf(user)).toArray().length > 0) continue;
      this.#sql.exec("INSERT INTO people (pseudonym, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING", pseudonym, user);
    }
    return named.entry;
  }

  #heads(rest: string, ...values: SqlStorageValue[]): SignedHead[] {
    return this.#sql
      .exec<{ body: string }>(`SELECT body FROM heads ${rest}`, ...values)
      .toArray()
      .map(({ body }) => {
        // SAFETY: written by addHead.
        return JSON.parse(body) as SignedHead;
      });
  }
}

/** The fields of an entry that may name users. */
function personalOf({ actor_id, target_id, enrollment, reported_by }: EntryRow): string {
  return [actor_id, target_id, enrollment, reported_by].join(" ");
}

function rowOf(entry: NewEntry, place: { seq: number; received_at: number; prev: string }): Omit<EntryRow, "hash"> {
  const { actor, target, details, ...rest } = entry;
  return {
    seq: place.seq,
    key: rest.key,
    action: rest.action,
    occurred_at: rest.occurred_at,
    received_at: place.received_at,
    actor_id: actor.id,
    actor_role: actor.role,
    target_type: target.type,
    target_id: target.id,
    course: rest.course,
    enrollment: rest.enrollment,
    request_id: rest.request_id,
    outcome: rest.outcome,
    details: canonicalize(JSON.parse(JSON.stringify(details))),
    reported_by: rest.reported_by,
    prev: place.prev,
  };
}

/** The hash of an erased user, as in `tombstones`: it depends on no secret. */
function subjectOf(user: string): string {
  return nodeCrypto().createHash("sha256").update(user).digest("hex");
}
