import type { NewFact, ProjectedSubmission, SubmitAnswer } from "../mirror/index.ts";
import { utf8Bytes } from "../platform/database/batches.ts";
import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";
import type { readJudge } from "../unlock/index.ts";
import type { FactWrites } from "./fact-writes.ts";
import type { SubmitRequest, VerdictRequest } from "./requests.ts";
import type { EnrollmentState } from "./state.ts";
import type { EnrollmentStore } from "./store.ts";
import type { WriteTools } from "./write-tools.ts";

/** What judges an answer by its key; it has been read before anything is decided. */
type Judge = Awaited<ReturnType<typeof readJudge>>;

/**
 * What is kept of one learner's submissions, pending and judged alike; what would go beyond is refused. An answer has
 * 10,000 characters at most: a thousand of the longest, in Chinese, are within the bytes of one problem.
 */
export const SUBMISSION_LIMITS = {
  per_item: 2_000,
  bytes_per_item: 32_000_000,
  per_course: 20_000,
  bytes_per_course: 200_000_000,
} as const;

/** What the learner submits, and what becomes of it. Called inside the object's transaction. */
export class SubmissionWrites {
  readonly #tools: WriteTools;
  readonly #state: EnrollmentState;
  readonly #store: EnrollmentStore;
  readonly #facts: FactWrites;

  constructor(tools: WriteTools, facts: FactWrites) {
    this.#tools = tools;
    this.#state = tools.state;
    this.#store = tools.store;
    this.#facts = facts;
  }

  /** Takes a submission, judges it when the problem has an answer key, records the outcome. */
  submit(request: SubmitRequest, now: number, judge: Judge): Result<SubmitAnswer> {
    const refusal = this.#tools.refuseLocked(request.item, request, now);
    if (refusal !== null) return refusal;
    const index = this.#state.program.indexOf.get(request.item);
    const { chapterCount, outline } = this.#state.program;
    const problem = index === undefined ? undefined : outline.problems[index - chapterCount];
    if (problem === undefined) return refuse("item_not_found", { detail: "Only problems accept submissions." });
    const full = this.#refuseBeyondRoom(request);
    if (full !== null) return full;
    const judged = problem.answer === null ? null : judge(problem.answer, request.answer);
    const submission: ProjectedSubmission = {
      id: request.submission_id,
      item: request.item,
      answer: request.answer,
      status: judged === null ? "pending" : judged.passed ? "passed" : "failed",
      score: judged?.score ?? null,
      feedback: null,
      submitted_at: now,
      judged_at: judged === null ? null : now,
    };
    this.#store.submissions.save(submission, judged === null ? null : "judge");
    this.#tools.outbox.add("submission", submission.id, now);
    return ok(this.#recordSubmission(submission, request.actor.id, now));
  }

  /** Judges a pending submission. */
  verdict(request: VerdictRequest, now: number): Result<SubmitAnswer> {
    const submission = this.#store.submissions.find(request.submission_id);
    if (submission === null) return refuse("submission_not_found");
    const status = request.passed ? "passed" : "failed";
    const { judged_by: _judgedBy, ...stored } = submission;
    if (stored.status !== "pending") {
      const isSame = stored.status === status && stored.score === request.score && stored.feedback === request.feedback;
      if (!isSame) return refuse("already_judged");
      return ok({ ...this.#tools.answer(), ...submissionFields(stored) });
    }
    const judged: ProjectedSubmission = {
      ...stored,
      status,
      score: request.score,
      feedback: request.feedback,
      judged_at: now,
    };
    this.#store.submissions.save(judged, request.actor.id);
    this.#tools.outbox.add("submission", judged.id, now);
    const answer = this.#recordSubmission(judged, request.actor.id, now, request.decides === true);
    const { item } = judged;
    this.#tools.audit(request.actor, "submission.judged", item, now, { item, status });
    return ok(answer);
  }

  /** Every submission is kept, so there must be an end of them. */
  #refuseBeyondRoom({ item, answer }: SubmitRequest): { ok: false; refusal: Refusal } | null {
    const { of_item, of_all } = this.#store.submissions.totals(item);
    const bytes = utf8Bytes(answer);
    const whole = (number: number) => number.toLocaleString("en");
    const checks: [kept: number, more: number, most: number, what: string][] = [
      [of_item.count, 1, SUBMISSION_LIMITS.per_item, "submissions of one problem"],
      [of_item.bytes, bytes, SUBMISSION_LIMITS.bytes_per_item, "bytes of answers to one problem"],
      [of_all.count, 1, SUBMISSION_LIMITS.per_course, "submissions in one course"],
      [of_all.bytes, bytes, SUBMISSION_LIMITS.bytes_per_course, "bytes of answers in one course"],
    ];
    const broken = checks.find(([kept, more, most]) => kept + more > most);
    if (broken === undefined) return null;
    const [kept, , most, what] = broken;
    return refuse("submission_limit", {
      detail: `At most ${whole(most)} ${what} are kept for a learner, and there are ${whole(kept)}. This submission was not stored.`,
      extra: { item },
    });
  }

  /**
   * Two facts come of a verdict, and neither decides the other: the score, which conditions on scores ask for, and whether
   * it passed, which completes the item. So a high score that did not pass opens `score >= 70` and not `completed`.
   */
  #recordSubmission(submission: ProjectedSubmission, actor: string, now: number, decides = false): SubmitAnswer {
    const { status } = submission;
    const fact: NewFact = {
      item: submission.item,
      completed: submission.status === "passed",
      how: submission.status === "passed" ? "passed" : null,
      score: submission.score,
      at: submission.submitted_at,
      submitted: true,
      outcome: decides && status !== "pending" ? status : null,
    };
    this.#facts.recordOne(fact, actor, now);
    return { ...this.#tools.answer(), ...submissionFields(submission) };
  }
}

function submissionFields(submission: ProjectedSubmission) {
  const { id, item, status, score, feedback } = submission;
  return { submission_id: id, item, status, score, feedback };
}
