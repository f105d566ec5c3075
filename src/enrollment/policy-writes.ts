import type {
  ActorRef,
  EnrollAnswer,
  EnrollRequest,
  OverrideInput,
  PolicyChange,
  WriteAnswer,
} from "../mirror/index.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { OP, type OverrideKind, type Program, pauseAt, paused, resumed } from "../unlock/index.ts";
import { withoutEffect } from "./effect.ts";
import { coursesText, sameProfile } from "./meta.ts";
import { restingOnLeaf } from "./relock.ts";
import type {
  ChangePolicyRequest,
  OverrideRequest,
  PauseRequest,
  RelockRequest,
  SetOverrideRequest,
} from "./requests.ts";
import type { EnrollmentState } from "./state.ts";
import type { EnrollmentStore } from "./store.ts";
import type { WriteTools } from "./write-tools.ts";

/** Overrides in place for one learner: their list is one value of a row of D1. */
const MAX_OVERRIDES = 1_000;
const KEPT_OUT = "Somebody has withdrawn this learner by hand. Staff of the course can enroll them again.";

/** What is set for a learner: the enrollment itself, its policy, overrides. Called inside the object's transaction. */
export class PolicyWrites {
  readonly #tools: WriteTools;
  readonly #state: EnrollmentState;
  readonly #store: EnrollmentStore;

  constructor(tools: WriteTools) {
    this.#tools = tools;
    this.#state = tools.state;
    this.#store = tools.store;
  }

  /**
   * Enrolls, brings back, or gives an enrollment what was asked for it. What is not named stays as it is, and where
   * nothing is different nothing is bumped.
   * @param isNew whether the enrollment was begun in this very transaction.
   */
  enroll(request: EnrollRequest, program: Program, isNew: boolean, now: number): Result<EnrollAnswer> {
    const { meta } = this.#state;
    const { actor, cohorts, practice_mode, profile = null, told_enrolled_at = null } = request;
    const isBack = meta.status === "withdrawn";
    if (isBack && meta.kept_out && request.returns === "own") return refuse("forbidden", { detail: KEPT_OUT });
    const isChanged = this.#takePolicy({ cohorts, practice_mode, profile, enrolled_at: told_enrolled_at });
    if (!isNew && !isBack && !isChanged) return ok({ ...this.#tools.answer(), created: false, updated: false });
    meta.status = "active";
    meta.withdrawn_at = null;
    meta.kept_out = false;
    meta.policy_seq += 1;
    if (isNew || isBack) {
      meta.last_active_at = now;
      this.#state.commitTally.enrollments += 1;
    }
    this.#store.policy.log(meta, now, actor.id);
    this.#state.refresh(isNew ? "enrollment" : "policy", now, { pointer: request.pointer, program });
    // What people do for themselves is not audited, only what no learner may do.
    const isNamed = [cohorts, practice_mode, profile, told_enrolled_at].some((one) => one !== null);
    const isOwn = actor.id === meta.user && !isNamed;
    if (!isOwn) this.#tools.auditPolicy(actor, isNew || isBack ? "enrollment.created" : "policy.changed", now);
    return ok({ ...this.#tools.answer(), created: isNew, updated: !isNew });
  }

  /** Ends for one learner what is kept open although the rules do not open it now, as a relocking publish does for all. */
  relock(request: RelockRequest, now: number): Result<WriteAnswer> {
    if (!this.#state.release("everything", now)) return ok(this.#tools.answer());
    const { meta } = this.#state;
    meta.policy_seq += 1;
    this.#store.policy.log(meta, now, request.actor.id, request.reason);
    this.#state.refresh("policy", now);
    this.#tools.audit(request.actor, "enrollment.relocked", meta.id, now, { policy_seq: meta.policy_seq });
    return ok(this.#tools.answer());
  }

  /**
   * Pauses the learner's course until an instant or until it is resumed; null resumes it. What is so already changes nothing.
   */
  pause({ pause, actor }: PauseRequest, now: number): Result<WriteAnswer> {
    const { meta } = this.#state;
    const current = pauseAt(meta.pauses, now);
    if (pause === null ? current === null : current?.until === pause.until && current.reason === pause.reason)
      return ok(this.#tools.answer());
    meta.pauses = pause === null ? resumed(meta.pauses, now) : paused(meta.pauses, pause, now);
    meta.policy_seq += 1;
    this.#store.policy.log(meta, now, actor.id);
    this.#state.refresh("policy", now);
    const { id, policy_seq } = meta;
    if (pause === null) this.#tools.audit(actor, "enrollment.resumed", id, now, { policy_seq });
    else this.#tools.audit(actor, "enrollment.paused", id, now, { until: pause.until, policy_seq });
    return ok(this.#tools.answer());
  }

  /** Sets an override, or removes those that are named. */
  override(request: SetOverrideRequest, now: number): Result<WriteAnswer> {
    const { override, kind = null, relock = false, actor } = request;
    if (override === null) return this.#removeOverrides({ ...request, kind, relock }, now);
    return this.#setOverride(override, actor, now);
  }

  /** Sets an override beside those of other kinds; one of the same kind on the item is replaced. */
  #setOverride(override: OverrideInput, actor: ActorRef, now: number): Result<WriteAnswer> {
    const { item, kind, expires_at, extend_to, reason } = override;
    if (!this.#state.program.indexOf.has(item) && this.#store.absent.kind(item) === null)
      return refuse("item_not_found");
    const standing = this.#store.policy
      .overrides()
      .find((other) => other.item === item && other.kind === kind && (other.expires_at ?? Infinity) > now);
    const isSame = standing !== undefined && standing.expires_at === expires_at && standing.extend_to === extend_to;
    if (isSame && standing.reason === reason) return ok(this.#tools.answer());
    if (standing === undefined && this.#store.policy.overrideCount() >= MAX_OVERRIDES) {
      const detail = `A learner has at most ${MAX_OVERRIDES} overrides; remove one first.`;
      return refuse("override_limit", { detail });
    }
    // Only what it does may be without effect; another reason for what is in force is just noted.
    const { program, learner } = this.#state;
    const useless = isSame ? null : withoutEffect(program, learner, { ...override, created_at: now }, now);
    if (useless !== null) return refuse("no_effect", { errors: [useless] });
    this.#store.policy.removeOverrides(item, kind, now, actor.id);
    // Replacing an excuse must not start a waiting period again, so it counts from when the first one did.
    this.#store.policy.addOverride(override, now, actor.id, standing?.created_at ?? null);
    if (!isSame) this.#changedPolicy(now);
    else this.#state.save(now);
    const { policy_seq } = this.#state.meta;
    this.#tools.audit(actor, "override.set", item, now, { item, kind, expires_at, extend_to, policy_seq });
    return ok(this.#tools.answer());
  }

  /**
   * Removes the override of one kind, or all of an item.
   * @param relock what they opened and the rules do not open locks again, though it would be kept open.
   */
  #removeOverrides(
    request: OverrideRequest<{ item: string; kind: OverrideKind | null; relock: boolean }>,
    now: number,
  ): Result<WriteAnswer> {
    const { item, kind, relock, actor } = request;
    const removed = this.#store.policy
      .overrides()
      .filter((other) => other.item === item && (kind === null || other.kind === kind));
    const isKnown =
      this.#state.program.indexOf.has(item) || this.#store.absent.kind(item) !== null || removed.length > 0;
    if (!isKnown) return refuse("item_not_found");
    this.#store.policy.removeOverrides(item, kind, now, actor.id);
    // Who was excused opened what asks for the item; every other kind opens the item alone.
    const kinds = kind === null ? removed.map((other) => other.kind) : [kind];
    const rests = this.#tools.restingOn(item, kinds.includes("excuse"));
    const hasRelocked = relock && this.#state.release(rests, now);
    if (removed.length === 0 && !hasRelocked) return ok(this.#tools.answer());
    this.#changedPolicy(now);
    const { policy_seq } = this.#state.meta;
    const details = { item, policy_seq, ...(relock ? { relock } : {}), ...(kind === null ? {} : { kind }) };
    this.#tools.audit(actor, "override.removed", item, now, details);
    return ok(this.#tools.answer());
  }

  /**
   * Changes cohorts, the profile, practice mode or the beginning of the enrollment.
   * @param relock with what is named: what rests on it and the rules do not open now locks again.
   */
  changePolicy(request: ChangePolicyRequest, now: number): Result<WriteAnswer> {
    const { cohorts, practice_mode, profile = null, courses = {}, enrolled_at = null, relock = false, actor } = request;
    const isOtherCourse = this.#takeCourses(courses);
    const isChanged = this.#takePolicy({ cohorts, practice_mode, profile, enrolled_at }) || isOtherCourse;
    let hasRelocked = false;
    if (relock && practice_mode === false) hasRelocked = this.#state.release("everything", now);
    else if (relock) {
      const { program } = this.#state;
      const rests = new Set<number>();
      if (cohorts !== null) for (const index of restingOnLeaf(program, OP.COHORT, OP.COHORT_SET)) rests.add(index);
      if (profile !== null) for (const index of restingOnLeaf(program, OP.PROFILE)) rests.add(index);
      if (Object.keys(courses).length > 0) for (const index of restingOnLeaf(program, OP.COURSE)) rests.add(index);
      if (enrolled_at !== null) for (const index of restingOnLeaf(program, OP.AFTER_ENROLLMENT)) rests.add(index);
      hasRelocked = this.#state.release(rests, now);
    }
    if (!isChanged && !hasRelocked) return ok(this.#tools.answer());
    const { meta } = this.#state;
    meta.policy_seq += 1;
    this.#store.policy.log(meta, now, actor.id);
    this.#state.refresh("policy", now);
    this.#tools.auditPolicy(actor, "policy.changed", now, relock);
    return ok(this.#tools.answer());
  }

  /** Another course is completed, or no longer. The learner did it, so it is not audited. */
  tellCourse(course: string, completedAt: number | null, now: number): void {
    const { meta } = this.#state;
    if (!this.#takeCourses({ [course]: completedAt })) return;
    meta.policy_seq += 1;
    this.#store.policy.log(meta, now, meta.user, "course_completed");
    this.#state.refresh("policy", now);
  }

  /** Takes over what is told of other courses; null takes it back. @returns whether anything is different now. */
  #takeCourses(told: Readonly<Record<string, number | null>>): boolean {
    const { meta } = this.#state;
    const next = { ...meta.courses };
    for (const [course, at] of Object.entries(told)) {
      if (at === null) delete next[course];
      else next[course] = at;
    }
    const isOther = coursesText(next) !== coursesText(meta.courses);
    if (isOther) meta.courses = next;
    return isOther;
  }

  /** Takes over what is named of a policy. @returns whether anything is different now; the caller logs and evaluates. */
  #takePolicy({ cohorts, practice_mode, profile = null, enrolled_at = null }: PolicyChange): boolean {
    const { meta } = this.#state;
    const before = { practice_mode: meta.practice_mode, enrolled_at: meta.enrolled_at };
    // The same cohorts in another order, or named twice, are the same.
    const isOther = cohorts !== null && new Set(cohorts).symmetricDifference(new Set(meta.cohorts)).size > 0;
    if (isOther) meta.cohorts = [...new Set(cohorts)];
    const isOtherProfile = profile !== null && !sameProfile(profile, meta.profile);
    if (isOtherProfile) meta.profile = { ...profile };
    meta.practice_mode = practice_mode ?? meta.practice_mode;
    meta.enrolled_at = enrolled_at ?? meta.enrolled_at;
    const isOtherMode = before.practice_mode !== meta.practice_mode || before.enrolled_at !== meta.enrolled_at;
    return isOther || isOtherProfile || isOtherMode;
  }

  #changedPolicy(now: number): void {
    this.#state.meta.policy_seq += 1;
    this.#state.refresh("policy", now);
  }

  /**
   * Ends the enrollment; the facts stay. Only what staff do to others is audited, not what people do for themselves.
   * @param keepsOut it is done by hand: another system that says the same as before does not bring them back.
   */
  withdraw(actor: ActorRef, keepsOut: boolean, now: number): Result<WriteAnswer> {
    const { meta } = this.#state;
    meta.status = "withdrawn";
    meta.withdrawn_at = now;
    meta.kept_out = keepsOut && actor.id !== meta.user;
    meta.version += 1;
    this.#state.save(now);
    if (actor.id !== meta.user)
      this.#tools.audit(actor, "enrollment.withdrawn", meta.id, now, { version: meta.version });
    return ok(this.#tools.answer());
  }

  /** Invalidates the snapshot: the next read recomputes it. */
  markStale(reason: string, actor: ActorRef | null, now: number): Result<{ stale: boolean }> {
    const { meta } = this.#state;
    meta.stale_since ??= now;
    meta.stale_reason = reason;
    if (actor === null) this.#store.saveMeta();
    else {
      this.#state.save(now);
      this.#tools.audit(actor, "enrollment.doubted", meta.id, now, { version: meta.version });
    }
    return ok({ stale: true });
  }
}
