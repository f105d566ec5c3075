import type { ProjectedSubmission } from "../mirror/index.ts";

/** Most bytes of answers and feedback in one page of a learner's submissions. */
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
};

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

  find(id: string): (ProjectedSubmission & { judged_by: string | null }) | null {
    const row = this.#sql.exec<SubmissionRow>("SELECT * FROM submissions WHERE id = ?", id).toArray()[0];
    return row === undefined ? null : { ...row, status: submissionStatus(row.status) };
  }

  /**
   * Submissions of one item, newest first, at most `limit` and about {@link HISTORY_PAGE_BYTES} of texts (at least one).
   * @param after position that the page before ended with; what has gone since is no obstacle.
   * @returns `next`: the position to go on from, null at the end.
   */
  page(item: string, after: string | null, limit: number): { submissions: ProjectedSubmission[]; next: string | null } {
    const [instant = "", id = ""] = after?.split(" ") ?? [];
    const found = this.#sql
      .exec<{ id: string; bytes: number }>(
        `SELECT id, octet_length(answer) + coalesce(octet_length(feedback), 0) AS bytes FROM submissions
         WHERE item = ?1 AND (?2 = '' OR (submitted_at, id) < (CAST(?2 AS INTEGER), ?3))
         ORDER BY submitted_at DESC, id DESC LIMIT ?4`,
        item,
        instant,
        id,
        limit + 1,
      )
      .toArray();
    // The texts are read one by one once it is known which fit: a thousand long ones would fill the object's memory.
    const submissions: ProjectedSubmission[] = [];
    let room = HISTORY_PAGE_BYTES;
    for (const { id: each, bytes } of found.slice(0, limit)) {
      if (submissions.length > 0 && bytes > room) break;
      room -= bytes;
      const row = this.find(each);
      if (row === null) continue;
      const { judged_by: _judgedBy, ...shown } = row;
      submissions.push(shown);
    }
    const hasMore = submissions.length < found.length;
    const last = submissions.at(-1);
    return { submissions, next: hasMore && last !== undefined ? `${last.submitted_at} ${last.id}` : null };
  }

  /** How many submissions are kept, and bytes of their answers: of one item, and of all. */
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

  save(submission: ProjectedSubmission, judgedBy: string | null): void {
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
}

function submissionStatus(text: string): ProjectedSubmission["status"] {
  return text === "passed" || text === "failed" ? text : "pending";
}
