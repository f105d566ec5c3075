import type { NewFact, ProjectedSubmission, SubmitAnswer } from "../mirror/index.ts";
import { utf8Bytes } from "../platform/database/batches.ts";
import { toInstant } from "../platform/instants.ts";
import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";
import { answerFaults, packAnswer, type readJudge, unpackAnswer } from "../unlock/index.ts";
import type { FactWrites } from "./fact-writes.ts";
import { MAX_HELD } from "./held-store.ts";
import { verdictMarks } from "./marks.ts";
import type { StoredSubmission, SubmitRequest, VerdictRequest } from "./requests.ts";
import type { EnrollmentState } from "./state.ts";
import type { EnrollmentStore } from "./store.ts";
import { factOf } from "./submission-fact.ts";
import type { WriteTools } from "./write-tools.ts";

/** Judges an answer by its key; it is loaded before anything is decided. */
type Judge = Awaited<ReturnType<typeof readJudge>>;

/**
 * The limits of one learner's stored submissions, pending and judged; more are refused. An answer has at most 10,000
 * characters: a thousand of the longest, in Chinese, fit into the bytes of one problem.
 */
export const SUBMISSION_LIMITS = {
  per_item: 2_000,
  bytes_per_item: 32_000_000,
  per_course: 20_000,
  bytes_per_course: 200_000_000,
} as const;

/** Verdicts of one submission: the first, and its changes. Each is kept. */
export const MAX_VERDICTS = 20;

/** The judge's name when an answer key judges. */
export const JUDGE = "judge";

/** The learner's submissions and their verdicts. Called inside the object's transaction. */
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
    const { answer, files = [] } = request;
    const errors = answerFaults(problem.asked, { answer, files });
    if (errors.length > 0) return refuse("invalid_input", { errors });
    const stored = packAnswer({ answer, files });
    const full = this.#refuseBeyondRoom(request.item, stored);
    if (full !== null) return full;
    const judged = problem.answer === null ? null : judge(problem.answer, answer);
    const submission: ProjectedSubmission = {
      id: request.submission_id,
      item: request.item,
      answer: stored,
      status: judged === null ? "pending" : judged.passed ? "passed" : "failed",
      score: judged?.score ?? null,
      feedback: null,
      submitted_at: now,
      judged_at: judged === null ? null : now,
    };
    this.#store.submissions.save(submission, judged === null ? {} : { judged_by: JUDGE, number: 1 });
    this.#tools.outbox.add("submission", submission.id, now);
    return ok(this.#recordSubmission(submission, request.actor.id, now));
  }

  /**
   * Judges a pending submission, or changes its verdict. For a change, the caller names the verdict it has seen, so
   * that if two judge at once, the second is notified of the first verdict. The earlier verdict is kept.
   */
  verdict(request: VerdictRequest, now: number): Result<SubmitAnswer> {
    const stored = this.#store.submissions.find(request.submission_id);
    if (stored === null) return refuse("submission_not_found");
    const { held = false, replaces = null, marks = {} } = request;
    if (stored.status !== "pending" && isSame(stored, request)) {
      return ok({ ...this.#tools.answer(), ...submissionFields(stored), number: stored.number });
    }
    if ((replaces ?? 0) !== stored.number) return refuseJudged(stored);
    const beyond = this.#refuseVerdict(stored, request);
    if (beyond !== null) return beyond;
    const { item } = stored;
    if (stored.number > 0) this.#store.submissions.keepVerdict(stored.id, stored);
    const number = stored.number + 1;
    const status = request.passed ? "passed" : "failed";
    const judged: ProjectedSubmission = {
      id: stored.id,
      item,
      answer: stored.answer,
      submitted_at: stored.submitted_at,
      status,
      score: request.score,
      feedback: request.feedback,
      judged_at: now,
    };
    const kept = { ...marks, ...(request.decides === true ? { decides: true as const } : {}) };
    this.#store.submissions.save(judged, {
      judged_by: request.actor.id,
      number,
      held_at: held ? now : null,
      marks: kept,
    });
    this.#tools.outbox.add("submission", judged.id, now);
    const fact = factOf({ ...judged, marks: kept });
    if (held) this.#facts.hold(fact, now, request.actor);
    else {
      const waiting = this.#store.held.of(item);
      if (stored.held && waiting?.fact.at === fact.at) this.#store.held.remove(item);
      if (stored.number > 0 && !stored.held) this.judgedAnew(item, request, now);
      else this.#facts.recordOne(fact, request.actor.id, now);
    }
    const changed = stored.number > 0 ? { verdict: number } : {};
    this.#tools.audit(request.actor, "submission.judged", item, now, {
      item,
      status,
      ...(held ? { held } : {}),
      ...changed,
    });
    return ok({ ...this.#tools.answer(), ...submissionFields(judged), number });
  }

  /** The facts of an item are made again, from its submissions with their present verdicts. */
  judgedAnew(item: string, { actor, relock = false }: Pick<VerdictRequest, "actor" | "relock">, now: number): void {
    const revokedAt = this.#state.facts.get(item)?.revoked_at ?? null;
    const facts: NewFact[] = [];
    for (const submission of this.#store.submissions.of(item, revokedAt)) {
      facts.push(factOf(submission.held ? { ...submission, status: "pending", score: null, marks: {} } : submission));
    }
    this.#facts.judgedAnew(item, facts, relock, actor.id, now);
  }

  /** Verdicts that are not possible for this submission. */
  #refuseVerdict(
    stored: Omit<StoredSubmission, "history">,
    { marks = {}, held = false }: VerdictRequest,
  ): { ok: false; refusal: Refusal } | null {
    if (held && stored.number > 0 && !stored.held) {
      return refuse("already_judged", { detail: "Its learner has seen the verdict: a change of it cannot be held." });
    }
    if (held && this.#store.held.of(stored.item) === null && !this.#store.held.hasRoom()) {
      return refuse("submission_limit", {
        detail: `At most ${MAX_HELD} scores are held for one learner; release some first.`,
      });
    }
    if (stored.number >= MAX_VERDICTS) {
      return refuse("submission_limit", { detail: `A verdict is changed at most ${MAX_VERDICTS - 1} times.` });
    }
    const lines = unpackAnswer(stored.answer).answer.split("\n").length;
    const errors = (marks.comments ?? []).flatMap(({ line, to }, index) =>
      line <= to && to <= lines
        ? []
        : [{ path: `body.comments[${index}].line`, rule: "no_such_line", message: `The answer has ${lines} lines.` }],
    );
    return errors.length === 0 ? null : refuse("invalid_input", { errors });
  }

  /** Every submission is kept, so there must be a limit. */
  #refuseBeyondRoom(item: string, answer: string): { ok: false; refusal: Refusal } | null {
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
   * A verdict makes two independent facts: the score, which conditions on scores use, and whether it passed, which
   * completes the item. So a high score that did not pass opens `score >= 70` and not `completed`.
   */
  #recordSubmission(submission: ProjectedSubmission, actor: string, now: number): SubmitAnswer {
    this.#facts.recordOne(factOf({ ...submission, marks: {} }), actor, now);
    return { ...this.#tools.answer(), ...submissionFields(submission) };
  }
}

/** Whether a verdict is the same as the present one: then it is a repetition. */
function isSame(stored: Omit<StoredSubmission, "history">, request: VerdictRequest): boolean {
  const { decides = false, ...said } = stored.marks;
  return (
    stored.status === (request.passed ? "passed" : "failed") &&
    stored.score === request.score &&
    stored.feedback === request.feedback &&
    stored.held === (request.held ?? false) &&
    decides === (request.decides ?? false) &&
    JSON.stringify(said) === JSON.stringify(request.marks ?? {})
  );
}

/** Somebody else was first: their verdict. */
function refuseJudged(stored: Omit<StoredSubmission, "history">) {
  const { number, status, score, feedback, marks, judged_at, judged_by, held } = stored;
  if (number === 0) return refuse("already_judged", { detail: "There is no verdict yet that could be replaced." });
  const verdict = {
    number,
    status,
    score,
    feedback,
    ...verdictMarks(marks),
    judged_at: judged_at === null ? null : toInstant(judged_at),
    judged_by,
    held,
  };
  return refuse("already_judged", { extra: { verdict } });
}

function submissionFields(submission: ProjectedSubmission) {
  const { id, item, status, score, feedback } = submission;
  return { submission_id: id, item, status, score, feedback };
}
