import { cutIntoParts, parseOutline } from "../courses/index.ts";
import { parseEnrollmentId } from "../shared/ids.ts";
import type { Fact, Outline, Override, OverrideKind } from "../unlock/index.ts";
import { OVERRIDE_KINDS } from "../unlock/index.ts";
import type { NewFact, OverrideInput, ProjectedFact, ProjectedSubmission, StoredOverride } from "./contract.ts";

/** Stored answers to Idempotency-Keys are kept this long, in objects and in D1. */
export const ANSWER_RETENTION_MS = 24 * 3_600_000;

/** The one row that is the enrollment. Instants in epoch ms. */
export interface Meta {
  id: string;
  course: string;
  user: string;
  status: "active" | "withdrawn";
  enrolled_at: number;
  progress_seq: number;
  policy_seq: number;
  version: number;
  course_version: number;
  activation: number;
  engine: number;
  valid_until: number | null;
  computed_at: number;
  /** One digit per item of the stored outline: 1 open, 2 visible, 4 earned. */
  states: string;
  cohorts: string[];
  practice_mode: boolean;
  last_active_at: number;
  stale_since: number | null;
  stale_reason: string | null;
}

/** The row of an enrollment that nobody has evaluated yet: activation 0, so that any course version is news. */
export function newMeta(id: string, courseVersion: number, items: number, enrolledAt: number, now: number): Meta {
  return {
    id,
    ...parseEnrollmentId(id),
    status: "active",
    enrolled_at: enrolledAt,
    progress_seq: 0,
    policy_seq: 0,
    version: 0,
    course_version: courseVersion,
    activation: 0,
    engine: 0,
    valid_until: null,
    computed_at: now,
    states: "0".repeat(items),
    cohorts: [],
    practice_mode: false,
    last_active_at: now,
    stale_since: null,
    stale_reason: null,
  };
}

type MetaRow = Record<string, SqlStorageValue> & {
  id: string;
  course: string;
  user: string;
  status: string;
  enrolled_at: number;
  progress_seq: number;
  policy_seq: number;
  version: number;
  course_version: number;
  activation: number;
  engine: number;
  valid_until: number | null;
  computed_at: number;
  states: string;
  cohorts: string;
  practice_mode: number;
  last_active_at: number;
  stale_since: number | null;
  stale_reason: string | null;
};

type FactRow = Record<string, SqlStorageValue> & ProjectedFact;

export interface StoredFact extends Fact {
  revoked_at: number | null;
  seq: number;
}

/** Rows of one enrollment object. Knows SQL and nothing else; transactions belong to the caller. */
export class EnrollmentStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  meta(): Meta | null {
    const row = this.#sql.exec<MetaRow>("SELECT * FROM enrollment").toArray()[0];
    if (row === undefined) return null;
    return {
      ...row,
      status: row.status === "withdrawn" ? "withdrawn" : "active",
      cohorts: stringList(row.cohorts),
      practice_mode: row.practice_mode === 1,
    };
  }

  saveMeta(meta: Meta): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO enrollment (one, id, course, user, status, enrolled_at, progress_seq, policy_seq, version,
         course_version, activation, engine, valid_until, computed_at, states, cohorts, practice_mode, last_active_at,
         stale_since, stale_reason)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      meta.id,
      meta.course,
      meta.user,
      meta.status,
      meta.enrolled_at,
      meta.progress_seq,
      meta.policy_seq,
      meta.version,
      meta.course_version,
      meta.activation,
      meta.engine,
      meta.valid_until,
      meta.computed_at,
      meta.states,
      JSON.stringify(meta.cohorts),
      meta.practice_mode ? 1 : 0,
      meta.last_active_at,
      meta.stale_since,
      meta.stale_reason,
    );
  }

  outline(): Outline | null {
    const parts = this.#sql.exec<{ body: string }>("SELECT body FROM outline ORDER BY part").toArray();
    return parts.length === 0 ? null : parseOutline(parts.map((part) => part.body));
  }

  saveOutline(outline: Outline): void {
    this.#sql.exec("DELETE FROM outline");
    cutIntoParts(JSON.stringify(outline)).forEach((body, part) => {
      this.#sql.exec("INSERT INTO outline (part, body) VALUES (?, ?)", part, body);
    });
  }

  facts(): Map<string, StoredFact> {
    const facts = new Map<string, StoredFact>();
    for (const { item, ...fact } of this.#sql.exec<FactRow>("SELECT * FROM facts")) facts.set(item, fact);
    return facts;
  }

  factsOf(items: readonly string[]): ProjectedFact[] {
    return this.#sql
      .exec<FactRow>("SELECT * FROM facts WHERE item IN (SELECT value FROM json_each(?))", JSON.stringify(items))
      .toArray();
  }

  saveFact(item: string, fact: StoredFact): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO facts (item, attempted_at, completed_at, best_score, revoked_at, seq)
       VALUES (?, ?, ?, ?, ?, ?)`,
      item,
      fact.attempted_at,
      fact.completed_at,
      fact.best_score,
      fact.revoked_at,
      fact.seq,
    );
  }

  logFact(seq: number, fact: NewFact & { at: number }, recordedAt: number, actor: string): void {
    const kind = fact.completed ? "completed" : "attempted";
    this.#log(seq, fact.item, kind, fact.score, fact.at, recordedAt, actor, null);
  }

  hasLogged(seq: number): boolean {
    return this.#sql.exec("SELECT 1 FROM fact_log WHERE seq = ?", seq).toArray().length > 0;
  }

  logRevocation(seq: number, item: string, at: number, actor: string, reason: string): void {
    this.#log(seq, item, "revoked", null, at, at, actor, reason);
  }

  #log(
    seq: number,
    item: string,
    kind: string,
    score: number | null,
    at: number,
    recordedAt: number,
    actor: string,
    reason: string | null,
  ): void {
    this.#sql.exec(
      "INSERT INTO fact_log (seq, item, kind, score, at, recorded_at, actor, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      seq,
      item,
      kind,
      score,
      at,
      recordedAt,
      actor,
      reason,
    );
  }

  /** The fact log up to an instant, in order. */
  factLog(until: number): { item: string; kind: string; score: number | null; at: number }[] {
    return this.#sql
      .exec<{ item: string; kind: string; score: number | null; at: number }>(
        "SELECT item, kind, score, at FROM fact_log WHERE recorded_at <= ? ORDER BY seq",
        until,
      )
      .toArray();
  }

  kept(): Set<string> {
    return this.keptAt(null);
  }

  /** Items kept open now, or (at an instant) then. */
  keptAt(at: number | null): Set<string> {
    const rows =
      at === null
        ? this.#sql.exec<{ item: string }>("SELECT item FROM opened WHERE closed_at IS NULL")
        : this.#sql.exec<{ item: string }>(
            "SELECT DISTINCT item FROM opened WHERE opened_at <= ? AND (closed_at IS NULL OR closed_at > ?)",
            at,
            at,
          );
    return new Set(rows.toArray().map((row) => row.item));
  }

  keep(items: readonly string[], now: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO opened (item, opened_at, closed_at) SELECT value, ?, NULL FROM json_each(?)",
      now,
      JSON.stringify(items),
    );
  }

  releaseAll(now: number): void {
    this.#sql.exec("UPDATE opened SET closed_at = ? WHERE closed_at IS NULL", now);
  }

  release(item: string, now: number): void {
    this.#sql.exec("UPDATE opened SET closed_at = ? WHERE closed_at IS NULL AND item = ?", now, item);
  }

  /** Overrides in place now, or (at an instant) then; expired ones are the evaluator's business. */
  overrides(at: number | null = null): StoredOverride[] {
    const rows =
      at === null
        ? this.#sql.exec<OverrideRow>("SELECT * FROM overrides WHERE removed_at IS NULL ORDER BY id")
        : this.#sql.exec<OverrideRow>(
            "SELECT * FROM overrides WHERE created_at <= ? AND (removed_at IS NULL OR removed_at > ?) ORDER BY id",
            at,
            at,
          );
    return rows.toArray().flatMap((row) => {
      const kind = overrideKind(row.kind);
      return kind === null ? [] : [toOverride(row, kind)];
    });
  }

  removeOverride(item: string, now: number, actor: string): boolean {
    const removed = this.#sql.exec(
      "UPDATE overrides SET removed_at = ?, removed_by = ? WHERE item = ? AND removed_at IS NULL",
      now,
      actor,
      item,
    );
    return removed.rowsWritten > 0;
  }

  addOverride(input: OverrideInput, now: number, actor: string): void {
    this.#sql.exec(
      `INSERT INTO overrides (item, kind, actor, reason, created_at, expires_at, extend_to)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      input.item,
      input.kind,
      actor,
      input.reason,
      now,
      input.expires_at,
      input.extend_to,
    );
  }

  logPolicy(seq: number, now: number, actor: string, cohorts: readonly string[], practiceMode: boolean): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO policy_log (seq, at, actor, cohorts, practice_mode) VALUES (?, ?, ?, ?, ?)",
      seq,
      now,
      actor,
      JSON.stringify(cohorts),
      practiceMode ? 1 : 0,
    );
  }

  policyAt(at: number): { cohorts: string[]; practice_mode: boolean } {
    const row = this.#sql
      .exec<{ cohorts: string; practice_mode: number }>(
        "SELECT cohorts, practice_mode FROM policy_log WHERE at <= ? ORDER BY seq DESC LIMIT 1",
        at,
      )
      .toArray()[0];
    return { cohorts: stringList(row?.cohorts ?? "[]"), practice_mode: row?.practice_mode === 1 };
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

  submission(id: string): (ProjectedSubmission & { judged_by: string | null }) | null {
    const row = this.#sql.exec<SubmissionRow>("SELECT * FROM submissions WHERE id = ?", id).toArray()[0];
    return row === undefined ? null : { ...row, status: submissionStatus(row.status) };
  }

  submissionIds(): string[] {
    return this.#sql
      .exec<{ id: string }>("SELECT id FROM submissions ORDER BY id")
      .toArray()
      .map(({ id }) => id);
  }

  saveSubmission(submission: ProjectedSubmission, judgedBy: string | null): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO submissions (id, item, answer, status, score, feedback, submitted_at, judged_at, judged_by)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      submission.id,
      submission.item,
      submission.answer,
      submission.status,
      submission.score,
      submission.feedback,
      submission.submitted_at,
      submission.judged_at,
      judgedBy,
    );
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

type OverrideRow = Record<string, SqlStorageValue> & {
  item: string;
  kind: string;
  actor: string;
  reason: string;
  created_at: number;
  expires_at: number | null;
  extend_to: number | null;
};

type SubmissionRow = Record<string, SqlStorageValue> & {
  id: string;
  item: string;
  answer: string;
  status: string;
  score: number | null;
  feedback: string | null;
  submitted_at: number;
  judged_at: number | null;
  judged_by: string | null;
};

function toOverride(row: OverrideRow, kind: OverrideKind): StoredOverride {
  const { item, actor, reason, created_at, expires_at, extend_to } = row;
  return { item, kind, actor, reason, created_at, expires_at, extend_to } satisfies StoredOverride & Override;
}

function overrideKind(text: string): OverrideKind | null {
  return OVERRIDE_KINDS.find((kind) => kind === text) ?? null;
}

function submissionStatus(text: string): ProjectedSubmission["status"] {
  return text === "passed" || text === "failed" ? text : "pending";
}

function stringList(json: string): string[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
