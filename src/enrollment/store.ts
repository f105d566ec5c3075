import { parseOutline } from "../courses/index.ts";
import { cutText } from "../platform/database/batches.ts";
import type { Outline } from "../unlock/index.ts";
import { AbsentStore } from "./absent-store.ts";
import { FactStore } from "./fact-store.ts";
import { HeldStore } from "./held-store.ts";
import {
  coursesOf,
  coursesText,
  type Meta,
  type MetaRow,
  pausesOf,
  pausesText,
  profileOf,
  profileText,
  stringList,
} from "./meta.ts";
import { OpenedStore } from "./opened-store.ts";
import type { Outbox } from "./outbox.ts";
import { PolicyStore } from "./policy-store.ts";
import type { Promised } from "./promises.ts";
import { SubmissionStore } from "./submission-store.ts";

const COLUMNS = [
  "id",
  "course",
  "user",
  "status",
  "enrolled_at",
  "withdrawn_at",
  "kept_out",
  "progress_seq",
  "policy_seq",
  "version",
  "course_version",
  "activation",
  "engine",
  "valid_until",
  "computed_at",
  "states",
  "cohorts",
  "practice_mode",
  "profile",
  "courses",
  "pauses",
  "certified_at",
  "last_active_at",
  "stale_since",
  "stale_reason",
  "pending",
  "pending_head",
  "unsent",
  "promises",
] as const;
const UPDATE_META = `UPDATE enrollment SET ${COLUMNS.map((column) => `${column} = ?`).join(", ")}`;
const INSERT_META = `INSERT INTO enrollment (one, ${COLUMNS.join(", ")}) VALUES (1, ${COLUMNS.map(() => "?").join(", ")})`;

/** Rows of one enrollment object. Knows SQL and nothing else; transactions belong to the caller. */
export class EnrollmentStore {
  readonly #sql: SqlStorage;
  readonly facts: FactStore;
  readonly opened: OpenedStore;
  readonly absent: AbsentStore;
  readonly policy: PolicyStore;
  readonly submissions: SubmissionStore;
  readonly held: HeldStore;
  /** Whether the current commit has changed the enrollment itself. */
  #isMetaNew = false;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.facts = new FactStore(sql);
    this.opened = new OpenedStore(sql);
    this.absent = new AbsentStore(sql);
    this.policy = new PolicyStore(sql);
    this.submissions = new SubmissionStore(sql);
    this.held = new HeldStore(sql);
  }

  meta(): Meta | null {
    const row = this.#sql.exec<MetaRow>("SELECT * FROM enrollment").toArray()[0];
    if (row === undefined) return null;
    const { one: _one, pending: _pending, pending_head: _head, unsent: _unsent, promises: _promises, ...meta } = row;
    return {
      ...meta,
      status: row.status === "withdrawn" ? "withdrawn" : "active",
      cohorts: stringList(row.cohorts),
      practice_mode: row.practice_mode === 1,
      kept_out: row.kept_out === 1,
      profile: profileOf(row.profile),
      courses: coursesOf(row.courses),
      pauses: pausesOf(row.pauses),
    };
  }

  /** A commit starts: the row of the enrollment is as stored. */
  beginCommit(): void {
    this.#isMetaNew = false;
  }

  /** The row of the enrollment is written once, at the end of the commit. */
  saveMeta(): void {
    this.#isMetaNew = true;
  }

  /**
   * Writes the row of the enrollment, if the commit has changed anything in it.
   * @param outbox its outbox part.
   * @param promised its promises. They alone are no reason to write, but they are written with the rest.
   */
  flush(meta: Meta, outbox: Outbox, promised: Promised): void {
    if (!this.#isMetaNew && !outbox.isHeldNew) return;
    const promises = promised.stored();
    const { pending, head } = outbox.held;
    if (!this.#isMetaNew) {
      const unsent = outbox.unsent.stored();
      const set = "pending = ?, pending_head = ?, unsent = ?, promises = ?";
      this.#sql.exec(`UPDATE enrollment SET ${set}`, pending, head, unsent, promises);
      return;
    }
    const values: Record<string, SqlStorageValue> = {
      ...meta,
      cohorts: JSON.stringify(meta.cohorts),
      practice_mode: meta.practice_mode ? 1 : 0,
      kept_out: meta.kept_out ? 1 : 0,
      profile: profileText(meta.profile),
      courses: coursesText(meta.courses),
      pauses: pausesText(meta.pauses),
      pending,
      pending_head: head,
      unsent: outbox.unsent.stored(),
      promises,
    };
    const row = COLUMNS.map((column) => values[column] ?? null);
    const { rowsWritten } = this.#sql.exec(UPDATE_META, ...row);
    if (rowsWritten === 0) this.#sql.exec(INSERT_META, ...row);
  }

  /** The learner's place in the course's order; null if it is not known. */
  place(): number | null {
    return this.#sql.exec<{ place: number }>("SELECT place FROM place").toArray()[0]?.place ?? null;
  }

  savePlace(place: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO place (one, place) VALUES (1, ?)", place);
  }

  outline(): Outline | null {
    const parts = this.#sql.exec<{ body: string }>("SELECT body FROM outline ORDER BY part").toArray();
    return parts.length === 0 ? null : parseOutline(parts.map((part) => part.body));
  }

  saveOutline(outline: Outline): void {
    this.#sql.exec("DELETE FROM outline");
    cutText(JSON.stringify(outline)).forEach((body, part) => {
      this.#sql.exec("INSERT INTO outline (part, body) VALUES (?, ?)", part, body);
    });
  }

  logVersion(activation: number, courseVersion: number, now: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO version_log (activation, course_version, applied_at) VALUES (?, ?, ?)",
      activation,
      courseVersion,
      now,
    );
  }

  courseVersionAt(at: number): number | null {
    const row = this.#sql
      .exec<{ course_version: number }>(
        "SELECT course_version FROM version_log WHERE applied_at <= ? ORDER BY activation DESC LIMIT 1",
        at,
      )
      .toArray()[0];
    return row?.course_version ?? null;
  }

  storedAnswer(key: string): { body_hash: string; answer: string } | null {
    return (
      this.#sql
        .exec<{ body_hash: string; answer: string }>("SELECT body_hash, answer FROM idempotency WHERE key = ?", key)
        .toArray()[0] ?? null
    );
  }

  storeAnswer(key: string, bodyHash: string, answer: string, now: number): void {
    this.#sql.exec(
      "INSERT INTO idempotency (key, body_hash, answer, created_at) VALUES (?, ?, ?, ?)",
      key,
      bodyHash,
      answer,
      now,
    );
  }

  /** Removes answers stored up to `until`. @returns when the oldest remaining one was stored, null if none is left. */
  pruneAnswers(until: number): number | null {
    this.#sql.exec("DELETE FROM idempotency WHERE created_at <= ?", until);
    return this.#sql.exec<{ oldest: number | null }>("SELECT min(created_at) AS oldest FROM idempotency").one().oldest;
  }
}
