import { type OwnEntry, ownEntry } from "../audit/entry.ts";
import type { CoursePointer } from "../courses/index.ts";
import type { AlarmScheduler } from "../shared/alarm-scheduler.ts";
import { ok, type Refusal, type Result, refuse } from "../shared/results.ts";
import type { Language } from "../shared/text.ts";
import { type Delta, explain, judge, mergeFact, NO_FACT, sameFact, withTitles } from "../unlock/index.ts";
import type { Adoption } from "./adoption.ts";
import type {
  ActorRef,
  FactOutcome,
  Idempotency,
  NewFact,
  OverrideInput,
  ProjectedFact,
  ProjectedSubmission,
  RecordAnswer,
  RecordRequest,
  SubmitAnswer,
  WriteAnswer,
} from "./contract.ts";
import type { Outbox } from "./outbox.ts";
import type { DueName } from "./schema.ts";
import type { EnrollmentState } from "./state.ts";
import { RESEND_MS } from "./state.ts";
import type { EnrollmentStore, StoredFact } from "./store.ts";

/** Every write carries who, what it knows of the course, and how to repeat it. */
export type OverrideRequest<T> = T & {
  actor: ActorRef;
  pointer: CoursePointer | null;
  idempotency: Idempotency | null;
};
export type SubmitRequest = OverrideRequest<{
  submission_id: string;
  item: string;
  answer: string;
  language: Language;
}>;
export type VerdictRequest = {
  submission_id: string;
  passed: boolean;
  score: number;
  feedback: string | null;
  actor: ActorRef;
  idempotency: Idempotency | null;
};

/** Score of a completion that names none: the item was done, so it was done fully. Chapters have no score. */
const FULL_SCORE = 100;

/** The decisions behind an enrollment's writes. Every method runs inside the object's transaction. */
export class EnrollmentWrites {
  readonly #state: EnrollmentState;
  readonly #store: EnrollmentStore;
  readonly #outbox: Outbox;
  readonly #scheduler: AlarmScheduler<DueName>;

  constructor(state: EnrollmentState, store: EnrollmentStore, outbox: Outbox, scheduler: AlarmScheduler<DueName>) {
    this.#state = state;
    this.#store = store;
    this.#outbox = outbox;
    this.#scheduler = scheduler;
  }

  record(request: RecordRequest, now: number): Result<RecordAnswer> {
    if (request.mode === "own") {
      for (const fact of request.facts) {
        const refusal = this.#refuseLocked(fact.item, request.language, now);
        // A hidden problem is answered like one that does not exist, so this comes first.
        if (refusal?.refusal.code === "item_not_found") return refusal;
        const index = this.#state.program.indexOf.get(fact.item) ?? 0;
        if (request.chapters_only && index >= this.#state.program.chapterCount) {
          return refuse("item_not_found", { detail: "This is no chapter; a problem is completed by a submission." });
        }
        if (refusal !== null) return refusal;
      }
    }
    const changed = new Set<string>();
    const outcomes = request.facts.map((fact): FactOutcome => {
      const outcome = this.#merge(fact, now, request.actor.id);
      if (outcome === "recorded") changed.add(fact.item);
      return outcome;
    });
    this.#settle(changed, now);
    return ok({ ...this.#answer(), outcomes });
  }

  submit(request: SubmitRequest, now: number): Result<SubmitAnswer> {
    const refusal = this.#refuseLocked(request.item, request.language, now);
    if (refusal !== null) return refusal;
    const index = this.#state.program.indexOf.get(request.item);
    const { chapterCount, outline } = this.#state.program;
    const problem = index === undefined ? undefined : outline.problems[index - chapterCount];
    if (problem === undefined) return refuse("item_not_found", { detail: "Only problems take submissions." });
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
    this.#store.saveSubmission(submission, judged === null ? null : "judge");
    this.#outbox.add("submission", submission.id, now);
    return ok(this.#recordSubmission(submission, request.actor.id, now));
  }

  verdict(request: VerdictRequest, now: number): Result<SubmitAnswer> {
    const submission = this.#store.submission(request.submission_id);
    if (submission === null) return refuse("submission_not_found");
    const status = request.passed ? "passed" : "failed";
    const { judged_by: _judgedBy, ...stored } = submission;
    if (stored.status !== "pending") {
      const isSame = stored.status === status && stored.score === request.score && stored.feedback === request.feedback;
      if (!isSame) return refuse("already_judged");
      return ok({ ...this.#answer(), ...submissionFields(stored) });
    }
    const judged: ProjectedSubmission = {
      ...stored,
      status,
      score: request.score,
      feedback: request.feedback,
      judged_at: now,
    };
    this.#store.saveSubmission(judged, request.actor.id);
    this.#outbox.add("submission", judged.id, now);
    return ok(this.#recordSubmission(judged, request.actor.id, now));
  }

  revoke(request: OverrideRequest<{ item: string; reason: string }>, now: number): Result<WriteAnswer> {
    const old = this.#state.facts.get(request.item);
    if (old === undefined) {
      return refuse("item_not_found", { detail: "The learner has done nothing with this item." });
    }
    if (sameFact(old, NO_FACT)) return ok(this.#answer());
    this.#state.meta.progress_seq += 1;
    const seq = this.#state.meta.progress_seq;
    this.#store.logRevocation(seq, request.item, now, request.actor.id, request.reason);
    this.#saveFact(request.item, { ...NO_FACT, revoked_at: now, seq }, now);
    this.#store.release(request.item, now);
    // Whatever the item opened may lock again, so everything is evaluated.
    this.#state.refresh("progress", now);
    this.#audit(request.actor, "progress.revoked", request.item, now, { item: request.item, progress_seq: seq });
    return ok(this.#answer());
  }

  override(
    request: OverrideRequest<{ item: string; override: OverrideInput | null }>,
    now: number,
  ): Result<WriteAnswer> {
    if (!this.#state.program.indexOf.has(request.item)) return refuse("item_not_found");
    const removed = this.#store.removeOverride(request.item, now, request.actor.id);
    if (request.override === null && !removed) return ok(this.#answer());
    if (request.override !== null) this.#store.addOverride(request.override, now, request.actor.id);
    this.#state.meta.policy_seq += 1;
    this.#state.refresh("policy", now);
    const { item, override } = request;
    const { policy_seq } = this.#state.meta;
    if (override === null) this.#audit(request.actor, "override.removed", item, now, { item, policy_seq });
    else {
      const { kind, expires_at, extend_to } = override;
      this.#audit(request.actor, "override.set", item, now, { item, kind, expires_at, extend_to, policy_seq });
    }
    return ok(this.#answer());
  }

  changePolicy(
    request: OverrideRequest<{ cohorts: string[] | null; practice_mode: boolean | null }>,
    now: number,
  ): Result<WriteAnswer> {
    const { meta } = this.#state;
    const cohorts = request.cohorts ?? meta.cohorts;
    const practiceMode = request.practice_mode ?? meta.practice_mode;
    const isSame = practiceMode === meta.practice_mode && cohorts.join(" ") === meta.cohorts.join(" ");
    if (isSame) return ok(this.#answer());
    meta.cohorts = cohorts;
    meta.practice_mode = practiceMode;
    meta.policy_seq += 1;
    this.#store.logPolicy(meta.policy_seq, now, request.actor.id, meta.cohorts, meta.practice_mode);
    this.#state.refresh("policy", now);
    const { policy_seq } = meta;
    const details = { cohorts: cohorts.length, practice_mode: practiceMode, policy_seq };
    this.#audit(request.actor, "policy.changed", meta.id, now, details);
    return ok(this.#answer());
  }

  /** Ends the enrollment; the facts stay. Only what staff do to others is audited, not what people do for themselves. */
  withdraw(actor: ActorRef, now: number): Result<WriteAnswer> {
    const { meta } = this.#state;
    meta.status = "withdrawn";
    meta.version += 1;
    this.#state.save(now);
    if (actor.id !== meta.user) this.#audit(actor, "enrollment.withdrawn", meta.id, now, { version: meta.version });
    return ok(this.#answer());
  }

  /** Someone doubts the snapshot: the next read recomputes it. */
  markStale(reason: string, actor: ActorRef | null, now: number): Result<{ stale: boolean }> {
    const { meta } = this.#state;
    meta.stale_since ??= now;
    meta.stale_reason = reason;
    if (actor === null) this.#store.saveMeta(meta);
    else {
      this.#state.save(now);
      this.#audit(actor, "enrollment.doubted", meta.id, now, { version: meta.version });
    }
    return ok({ stale: true });
  }

  /** Takes over what D1 mirrors: facts are merged, sequences only grow. */
  adopt({ mirror, submissions, pointer, program }: Adoption, now: number): Delta {
    const { meta } = this.#state;
    const isEmpty = meta.version === 0;
    for (const fact of mirror.facts) {
      const known = this.#state.facts.get(fact.item);
      if (known !== undefined && known.seq >= fact.seq) continue;
      const { item, ...stored } = fact;
      this.#saveFact(item, stored, now);
      this.#logRestored(fact);
    }
    for (const submission of submissions) {
      if (this.#store.submission(submission.id) === null) this.#store.saveSubmission(submission, null);
    }
    meta.progress_seq = Math.max(meta.progress_seq, mirror.progress_seq);
    if (isEmpty) {
      const { policy } = mirror.record;
      meta.version = mirror.version;
      meta.policy_seq = mirror.policy_seq;
      meta.cohorts = [...policy.cohorts];
      meta.practice_mode = policy.practice_mode;
      this.#store.logPolicy(meta.policy_seq, now, "rebuild", meta.cohorts, meta.practice_mode);
      for (const { item, kind, created_at, expires_at, extend_to } of policy.overrides) {
        const input = { item, kind, reason: "restored from D1", expires_at, extend_to };
        this.#store.addOverride(input, created_at, "rebuild");
      }
      // Continue at the activation D1 last saw, so that moving on grandfathers or relocks as it would have.
      const isBehind = mirror.activation < pointer.activation;
      meta.activation = isBehind ? mirror.activation : pointer.activation - 1;
      this.#store.keep([...mirror.record.opened, ...(isBehind ? mirror.earned : [])], now);
      const target = isBehind ? pointer : { ...pointer, last_relock: 0 };
      return this.#state.refresh("enrollment", now, { pointer: target, program }, mirror.version === 0);
    }
    return this.#state.refresh("stale", now, { pointer, program });
  }

  #recordSubmission(submission: ProjectedSubmission, actor: string, now: number): SubmitAnswer {
    const fact: NewFact = {
      item: submission.item,
      completed: submission.status === "passed",
      score: submission.score,
      at: submission.submitted_at,
    };
    const changed = new Set<string>();
    if (this.#merge(fact, now, actor) === "recorded") changed.add(fact.item);
    this.#settle(changed, now);
    return { ...this.#answer(), ...submissionFields(submission) };
  }

  #refuseLocked(item: string, language: Language, now: number): { ok: false; refusal: Refusal } | null {
    const { program, learner } = this.#state;
    if (this.#state.staleness(null, now) !== null) this.#state.refresh("date", now);
    const { evaluation } = this.#state;
    const index = program.indexOf.get(item);
    if (index === undefined || evaluation.visible[index] !== 1) return refuse("item_not_found");
    if (evaluation.open[index] === 1) return null;
    const explanation = withTitles(program, explain(program, learner, evaluation, index, now), language);
    const { item: _item, is_locked: _locked, sentence, ...rest } = explanation;
    return refuse("locked", { detail: sentence[language], extra: { item, ...rest } });
  }

  /** Merges one fact into the store and the log. */
  #merge(fact: NewFact, now: number, actor: string): FactOutcome {
    const index = this.#state.program.indexOf.get(fact.item);
    if (index === undefined) return "item_not_found";
    const old: StoredFact = this.#state.facts.get(fact.item) ?? { ...NO_FACT, revoked_at: null, seq: 0 };
    // What happens now happens after any revocation, even within the same millisecond.
    const at = fact.at ?? Math.max(now, (old.revoked_at ?? 0) + 1);
    if (old.revoked_at !== null && at <= old.revoked_at) return "superseded";
    const isProblem = index >= this.#state.program.chapterCount;
    const score = fact.score ?? (fact.completed && isProblem ? FULL_SCORE : null);
    const merged = mergeFact(old, { at, completed: fact.completed, score });
    if (sameFact(old, merged)) return "unchanged";
    this.#state.meta.progress_seq += 1;
    const seq = this.#state.meta.progress_seq;
    this.#store.logFact(seq, { ...fact, score, at }, now, actor);
    this.#saveFact(fact.item, { ...merged, revoked_at: old.revoked_at, seq }, now);
    if (old.completed_at === null && merged.completed_at !== null) {
      this.#state.commitTally[isProblem ? "problems" : "chapters"] += 1;
    }
    return "recorded";
  }

  #saveFact(item: string, fact: StoredFact, now: number): void {
    this.#state.facts.set(item, fact);
    this.#store.saveFact(item, fact);
    this.#outbox.add("fact", item, now);
    this.#scheduler.schedule("outbox", now + RESEND_MS);
  }

  /** The log of a lost object, as far as the mirror knows it: each item's last state, as of when it happened. */
  #logRestored(fact: ProjectedFact): void {
    const at = fact.completed_at ?? fact.attempted_at;
    if (at === null || this.#store.hasLogged(fact.seq)) return;
    const news = { item: fact.item, completed: fact.completed_at !== null, score: fact.best_score, at };
    this.#store.logFact(fact.seq, news, at, "rebuild");
  }

  /** Evaluates after a write. Nothing changed: no bump, no event. */
  #settle(changed: ReadonlySet<string>, now: number): void {
    if (changed.size === 0) return;
    this.#state.meta.last_active_at = now;
    this.#state.applyFacts([...changed], now);
  }

  /** Owes the audit chain an entry, in the transaction of what it tells. */
  #audit(
    actor: ActorRef,
    action: OwnEntry["action"],
    target: string,
    now: number,
    details: NonNullable<OwnEntry["details"]>,
  ): void {
    const { id, course } = this.#state.meta;
    const type = target === id ? "enrollment" : "item";
    const { request_id } = actor;
    const entry = { action, actor, target: { type, id: target }, course, enrollment: id, request_id, details };
    this.#outbox.add("audit", target, now, JSON.stringify(ownEntry(entry, now)));
    this.#scheduler.schedule("outbox", now + RESEND_MS);
  }

  #answer(): WriteAnswer {
    const { id, progress_seq, policy_seq, version, course_version } = this.#state.meta;
    return { enrollment_id: id, progress_seq, policy_seq, version, course_version, ...this.#state.commitDelta };
  }
}

function submissionFields(submission: ProjectedSubmission) {
  const { id, item, status, score, feedback } = submission;
  return { submission_id: id, item, status, score, feedback };
}
