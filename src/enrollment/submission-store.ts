import type { ProjectedSubmission } from "../mirror/index.ts";
import type { GivenVerdict, Marks, StoredSubmission } from "./requests.ts";

/** The limit of bytes of answers and feedback in one page of a learner's submissions. */
const HISTORY_PAGE_BYTES = 500_000;

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
  number: number;
  held_at: number | null;
  marks: string | null;
};

type VerdictRow = Record<string, SqlStorageValue> &
  Pick<SubmissionRow, "number" | "status" | "score" | "feedback" | "marks" | "judged_at" | "judged_by"> & {
    was_held: number;
  };

/** Sorted by instant, then by id: the order in which submissions of an item came. */
const OLDEST_FIRST = "ORDER BY submitted_at, id";

export interface SubmissionTotal {
  count: number;
  bytes: number;
}

/** What the learner has submitted. */
export class SubmissionStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(id: string): Omit<StoredSubmission, "history"> | null {
    const row = this.#sql.exec<SubmissionRow>("SELECT * FROM submissions WHERE id = ?", id).toArray()[0];
    if (row === undefined) return null;
    const { held_at, ...rest } = row;
    const status = submissionStatus(row.status);
    // Submissions judged before verdicts were counted have one.
    const number = status === "pending" ? 0 : Math.max(1, row.number);
    return { ...rest, status, number, held: held_at !== null, marks: marksOf(row.marks) };
  }

  /** The data of a submission in D1: a held score counts as none. */
  projected(id: string): ProjectedSubmission | null {
    const found = this.find(id);
    if (found === null) return null;
    const { number: _number, held, marks: _marks, judged_by: _judgedBy, ...rest } = found;
    return held ? { ...rest, score: null, feedback: null } : rest;
  }

  /** The replaced verdicts of a submission, oldest first. */
  history(id: string): GivenVerdict[] {
    return this.#sql
      .exec<VerdictRow>("SELECT * FROM verdicts WHERE submission = ? ORDER BY number", id)
      .toArray()
      .map(({ number, status, score, feedback, marks, judged_at, judged_by, was_held }) => ({
        number,
        status: submissionStatus(status),
        score,
        feedback,
        marks: marksOf(marks),
        judged_at,
        judged_by,
        held: was_held === 1,
      }));
  }

  /** A submission with all its verdicts. @param byStaff as people who judge see it; else as its learner does. */
  whole(id: string, byStaff: boolean): StoredSubmission | null {
    const found = this.find(id);
    if (found === null) return null;
    const history = this.history(id);
    if (byStaff) return { ...found, history };
    const shown = history.filter(({ held }) => !held);
    return { ...(found.held ? { ...found, ...UNJUDGED } : found), history: shown };
  }

  /** Keeps the verdict that is about to be replaced. */
  keepVerdict(id: string, verdict: Omit<StoredSubmission, "history">): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO verdicts (submission, number, status, score, feedback, marks, judged_at, judged_by, was_held)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      verdict.number,
      verdict.status,
      verdict.score,
      verdict.feedback,
      JSON.stringify(verdict.marks),
      verdict.judged_at,
      verdict.judged_by,
      verdict.held ? 1 : 0,
    );
  }

  /** Whether a verdict of an item is held. */
  holds(item: string): boolean {
    const rows = this.#sql.exec("SELECT 1 FROM submissions WHERE item = ? AND held_at IS NOT NULL LIMIT 1", item);
    return rows.toArray().length > 0;
  }

  /**
   * Gives held submissions their score, if D1 returned them without one. @param at when they were submitted.
   * @returns their ids.
   */
  restoreHeld(item: string, at: number, score: number | null): Set<string> {
    const rows = this.#sql.exec<{ id: string }>(
      `UPDATE submissions SET score = ?3
       WHERE item = ?1 AND held_at IS NOT NULL AND submitted_at = ?2 AND score IS NULL AND number = 0 RETURNING id`,
      item,
      at,
      score,
    );
    return new Set(rows.toArray().map(({ id }) => id));
  }

  /** Shows the held verdicts of an item. @returns their submissions. */
  show(item: string): string[] {
    return this.#sql
      .exec<{ id: string }>(
        "UPDATE submissions SET held_at = NULL WHERE item = ? AND held_at IS NOT NULL RETURNING id",
        item,
      )
      .toArray()
      .map(({ id }) => id);
  }

  /** The submissions of an item that came after an instant, oldest first, one by one: their answers may be long. */
  *of(item: string, after: number | null): Generator<Omit<StoredSubmission, "history">> {
    const ids = this.#sql
      .exec<{ id: string }>(
        `SELECT id FROM submissions WHERE item = ? AND submitted_at > ? ${OLDEST_FIRST}`,
        item,
        after ?? -1,
      )
      .toArray();
    for (const { id } of ids) {
      const found = this.find(id);
      if (found !== null) yield found;
    }
  }

  /**
   * Submissions of one item, newest first, at most `limit` and about {@link HISTORY_PAGE_BYTES} of texts (at least one).
   * @param after position at which the page before ended. It stays valid if that submission is gone.
   * @returns `next`: the position to continue from, null at the end.
   */
  page(
    item: string,
    after: string | null,
    limit: number,
    byStaff: boolean,
  ): { submissions: StoredSubmission[]; next: string | null } {
    const [instant = "", id = ""] = after?.split(" ") ?? [];
    const found = this.#sql
      .exec<{ id: string; bytes: number }>(
        `SELECT id, octet_length(answer) + coalesce(octet_length(feedback), 0) + coalesce(octet_length(marks), 0) + coalesce((
           SELECT sum(coalesce(octet_length(feedback), 0) + coalesce(octet_length(marks), 0)) FROM verdicts
           WHERE submission = id), 0) AS bytes FROM submissions
         WHERE item = ?1 AND (?2 = '' OR (submitted_at, id) < (CAST(?2 AS INTEGER), ?3))
         ORDER BY submitted_at DESC, id DESC LIMIT ?4`,
        item,
        instant,
        id,
        limit + 1,
      )
      .toArray();
    // The texts are read one by one once it is known which fit, because a thousand long ones would fill the object's
    // memory.
    const submissions: StoredSubmission[] = [];
    let room = HISTORY_PAGE_BYTES;
    for (const { id: each, bytes } of found.slice(0, limit)) {
      if (submissions.length > 0 && bytes > room) break;
      room -= bytes;
      const row = this.whole(each, byStaff);
      if (row !== null) submissions.push(row);
    }
    const hasMore = submissions.length < found.length;
    const last = submissions.at(-1);
    return { submissions, next: hasMore && last !== undefined ? `${last.submitted_at} ${last.id}` : null };
  }

  /** How many submissions are kept, and bytes of their answers: for one item, and in total. */
  totals(item: string): { of_item: SubmissionTotal; of_all: SubmissionTotal } {
    const of = (key: string): SubmissionTotal =>
      this.#sql
        .exec<{ count: number; bytes: number }>("SELECT count, bytes FROM submission_totals WHERE item = ?", key)
        .toArray()[0] ?? { count: 0, bytes: 0 };
    return { of_item: of(item), of_all: of("") };
  }

  ids(): string[] {
    return this.#sql
      .exec<{ id: string }>("SELECT id FROM submissions ORDER BY id")
      .toArray()
      .map(({ id }) => id);
  }

  /** @param verdict who judged it, with the further parts; absent if nobody has judged it. */
  save(
    submission: ProjectedSubmission,
    { judged_by = null, number = 0, held_at = null, marks = {} }: Judged = {},
  ): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO submissions (id, item, answer, status, score, feedback, submitted_at, judged_at, judged_by,
         number, held_at, marks)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      submission.id,
      submission.item,
      submission.answer,
      submission.status,
      submission.score,
      submission.feedback,
      submission.submitted_at,
      submission.judged_at,
      judged_by,
      number,
      held_at,
      Object.keys(marks).length === 0 ? null : JSON.stringify(marks),
    );
  }
}

/** Who judged a submission, with the further parts of the verdict. */
interface Judged {
  judged_by?: string | null;
  number?: number;
  held_at?: number | null;
  marks?: Marks;
}

/** How its learner sees a submission with a held verdict. */
const UNJUDGED = {
  status: "pending",
  score: null,
  feedback: null,
  judged_at: null,
  judged_by: null,
  number: 0,
  held: false,
  marks: {},
} as const;

function marksOf(text: string | null): Marks {
  // SAFETY: only `save` and `keepVerdict` write this, from marks.
  return text === null ? {} : (JSON.parse(text) as Marks);
}

function submissionStatus(text: string): ProjectedSubmission["status"] {
  return text === "passed" || text === "failed" ? text : "pending";
}
