import type { CoursePointer } from "../courses/index.ts";
import type { Cause } from "../mirror/index.ts";
import { keptAcross } from "../mirror/index.ts";
import type { AlarmScheduler } from "../platform/cell/alarm-scheduler.ts";
import {
  type Change,
  type Delta,
  difference,
  ENGINE,
  type Evaluation,
  evaluate,
  isCompleted,
  isStarted,
  type Learner,
  layOut,
  MAX_COURSES_ASKED,
  meetsCertificate,
  openIds,
  type Program,
  reevaluate,
  scopeOf,
  setFact,
  type View,
} from "../unlock/index.ts";
import { type CommitTally, NOTHING_BEGUN } from "./commit-tally.ts";
import { combine, NO_CHANGE } from "./deltas.ts";
import type { StoredFact } from "./fact-store.ts";
import type { Meta } from "./meta.ts";
import { contentNotice } from "./notices.ts";
import type { Outbox } from "./outbox.ts";
import { OwnChanges } from "./own-changes.ts";
import { pack, unpack } from "./packed.ts";
import { assumedPlace, noticeDelay } from "./place.ts";
import { restingOnItem } from "./relock.ts";
import type { DueName } from "./schema.ts";
import type { EnrollmentStore } from "./store.ts";

/**
 * One learner's enrollment in memory, and how it changes. Every method that changes something is called inside the
 * object's transaction and writes what it changes; when the transaction fails the object drops this and loads it again.
 */
export class EnrollmentState {
  meta: Meta;
  program: Program;
  readonly facts: Map<string, StoredFact>;
  learner: Learner;
  evaluation: Evaluation;
  /**
   * What the current commit has opened and locked so far. A write may first have to catch up with a date or a publish;
   * its answer names everything that differs from what the learner saw before.
   */
  commitDelta: Delta = NO_CHANGE;
  /** Items that the current commit has completed, with chapters that became complete as a result. */
  commitCompleted: Set<string> = new Set();
  /** What the current commit has begun: items completed for the first time, and the enrollment itself. */
  commitTally: CommitTally = { ...NOTHING_BEGUN };
  /** Learners of the course, as far as known; 0: not known yet. */
  #learners = 0;
  /** The changes of the current commit for the learner, to be sent to their devices. */
  readonly #own: OwnChanges;
  readonly #store: EnrollmentStore;
  readonly #outbox: Outbox;
  readonly #scheduler: AlarmScheduler<DueName>;

  constructor(
    store: EnrollmentStore,
    outbox: Outbox,
    scheduler: AlarmScheduler<DueName>,
    loaded: { meta: Meta; program: Program; facts: Map<string, StoredFact> },
  ) {
    this.#store = store;
    this.#outbox = outbox;
    this.#scheduler = scheduler;
    this.#own = new OwnChanges(store, outbox);
    this.meta = loaded.meta;
    this.program = loaded.program;
    this.facts = loaded.facts;
    this.learner = this.#layOut(loaded.program, store.opened.kept(), loaded.meta.computed_at);
    this.evaluation =
      unpack(loaded.meta.states, loaded.program.size, loaded.meta.valid_until) ??
      evaluate(this.program, this.learner, loaded.meta.computed_at);
  }

  /** A new commit starts: nothing has changed yet. */
  beginCommit(): void {
    this.commitDelta = NO_CHANGE;
    this.commitCompleted = new Set();
    this.commitTally = { ...NOTHING_BEGUN };
    this.#own.begin(this.meta);
  }

  /** The commit is complete: its changes for the learner are put into the outbox. */
  endCommit(now: number): void {
    this.#own.end(this.meta, now, this.commitCompleted);
  }

  /** Why the snapshot must not be served as it is, or null when it is fresh. */
  staleness(pointer: CoursePointer | null, now: number): Cause | null {
    if (pointer !== null && pointer.activation > this.meta.activation) return "publish";
    if (this.meta.engine !== ENGINE) return "engine";
    if (now >= this.evaluation.validUntil) return "date";
    return this.meta.stale_since === null ? null : "stale";
  }

  view(now: number): View {
    const { program, learner, evaluation } = this;
    return { program, learner, evaluation, now, certifiedAt: this.meta.certified_at };
  }

  /**
   * Brings the snapshot up to date at `now`, on another course version if one is given.
   * @param announce false if a lost object is restored: its open items were announced before it was lost.
   */
  refresh(
    cause: Cause,
    now: number,
    next?: { pointer: CoursePointer; program: Program },
    announce: boolean = true,
  ): Delta {
    const before = openIds(this.program, this.evaluation);
    const derivedBefore = { program: this.program, learner: this.learner };
    if (next !== undefined && next.pointer.activation > this.meta.activation) {
      // A new learner gets no event of a change, because there was nothing before.
      if (announce && cause !== "enrollment") {
        const notice = contentNotice(this.program, next.program, this.evaluation.visible, next.pointer.version, now);
        this.#outbox.add("content", String(next.pointer.activation), now, notice);
      }
      this.#move(next, now);
    } else this.learner = this.#layOut(this.program, this.#store.opened.kept(), now);
    if (this.program.completion !== null) this.#noteDerived(derivedBefore);
    const evaluation = evaluate(this.program, this.learner, now);
    const delta = announce ? difference(before, openIds(this.program, evaluation)) : { unlocked: [], locked: [] };
    const changed = pack(evaluation) !== this.meta.states;
    this.meta.engine = ENGINE;
    this.meta.stale_since = null;
    this.meta.stale_reason = null;
    if (announce) this.#own.because(cause);
    this.#finish(
      evaluation,
      delta,
      cause,
      now,
      changed || next !== undefined || cause === "policy" || cause === "progress",
    );
    return delta;
  }

  /**
   * Uses facts that were just saved. Evaluates again only what they affect, if nothing else has changed.
   * @param replaced facts were revoked as well, so everything is evaluated; items that depend on `rests` lock again.
   * @returns the exact delta of the whole commit, including the effect of a date that passed in between.
   */
  applyFacts(items: readonly string[], now: number, replaced: { rests: ReadonlySet<number> } | null = null): Delta {
    const cause: Cause = "progress";
    const changes: Change[] = [];
    for (const item of items) {
      const fact = this.facts.get(item);
      if (fact !== undefined) changes.push(...setFact(this.program, this.learner, item, fact));
    }
    this.#noteCompleted(changes);
    if (this.program.keepsAny) {
      this.#keep(
        changes.map(({ item }) => item).filter((item) => isStarted(this.learner, item)),
        now,
      );
    }
    if (replaced !== null) this.release(replaced.rests, now);
    if (replaced !== null || this.staleness(null, now) !== null) return this.refresh(cause, now);
    // In place: a caller that rolls the transaction back drops this state and loads it again.
    const { opened, closed } = reevaluate(this.program, this.learner, this.evaluation, changes, now);
    const ids = (indexes: readonly number[]) => indexes.map((index) => this.program.ids[index] ?? "");
    const delta: Delta = { unlocked: ids(opened), locked: ids(closed) };
    this.#own.because(cause);
    this.#finish(this.evaluation, delta, cause, now, true);
    return delta;
  }

  /**
   * Locks items again that are kept open although the rules do not open them now: all of them, or only those that
   * depend on something. Items that the rules open stay open. The caller evaluates after it.
   * @returns whether anything locked again.
   */
  release(rests: ReadonlySet<number> | "everything", now: number): boolean {
    const kept = this.#store.opened.kept();
    const { indexOf, keeps } = this.program;
    const asked = [...kept].filter((id) => rests === "everything" || rests.has(indexOf.get(id) ?? -1));
    if (asked.length === 0) return false;
    const { earned } = evaluate(this.program, this.#layOut(this.program, kept.difference(new Set(asked)), now), now);
    // In a course that is not sticky, a relock ends what a publish kept open: from now on only the rules decide.
    const isEnded = (index: number) => rests === "everything" && keeps[index] !== 1;
    const gone = asked.filter((id) => isEnded(indexOf.get(id) ?? -1) || earned[indexOf.get(id) ?? -1] !== 1);
    this.#store.opened.release(gone, now);
    return gone.length > 0;
  }

  /** Items that facts have completed, and chapters that they completed. */
  #noteCompleted(changes: readonly Change[]): void {
    const { completion, chapterCount, ids } = this.program;
    for (const { item, completedBefore } of changes) {
      const id = ids[item] ?? "";
      const isNew = Number.isNaN(completedBefore) && isCompleted(this.learner, item);
      if (isNew) this.commitCompleted.add(id);
      if ((completion?.asked[item] ?? null) === null) continue;
      if (isNew) this.commitTally[item >= chapterCount ? "problems" : "chapters"] += 1;
      if (isNew || !Number.isNaN(completedBefore)) this.#own.derived(id);
    }
  }

  /** The same if everything was laid out again: for another version, policy or instant. */
  #noteDerived(before: { program: Program; learner: Learner }): void {
    const { ids } = this.program;
    const changes = ids.flatMap((id, item): Change[] => {
      const index = before.program.indexOf.get(id);
      const completedBefore = index === undefined ? Number.NaN : (before.learner.completedAt[index] ?? Number.NaN);
      const isChanged = index !== undefined && Number.isNaN(completedBefore) === isCompleted(this.learner, item);
      return isChanged ? [{ item, completedBefore }] : [];
    });
    this.#noteCompleted(changes);
  }

  /** Writes the row and queues the mirror without any change of states (withdrawal, policy log). */
  save(now: number): void {
    this.#store.saveMeta();
    if (!this.#outbox.hasNews) this.#outbox.add("mirror", "", now);
  }

  /** Notes how many learners the course has: an old enrollment without a place chooses one of them. */
  noteLearners(pointer: CoursePointer | null): void {
    this.#learners = pointer?.learners ?? this.#learners;
  }

  /** The learner's place in the course's order. */
  #place(): number | null {
    const known = this.#store.place();
    if (known !== null || this.#learners === 0) return known;
    const place = assumedPlace(this.meta.id, this.#learners);
    this.#store.savePlace(place);
    return place;
  }

  #layOut(program: Program, kept: ReadonlySet<string>, now: number): Learner {
    const policy = {
      cohorts: this.meta.cohorts,
      practice_mode: this.meta.practice_mode,
      profile: this.meta.profile,
      courses: this.meta.courses,
      pauses: this.meta.pauses,
      overrides: this.#store.policy.overrides(),
    };
    return layOut(program, { enrolled_at: this.meta.enrolled_at, facts: this.facts, opened: kept, policy }, now);
  }

  #move(next: { pointer: CoursePointer; program: Program }, now: number): void {
    const earned = this.program.ids.filter((_, index) => this.evaluation.earned[index] === 1);
    const before = this.#store.opened.kept();
    const kept = keptAcross(next.pointer, { activation: this.meta.activation, kept: before, earned });
    if (kept.size === 0) this.#store.opened.releaseAll(now);
    else
      this.#store.opened.keep(
        [...kept].filter((item) => !before.has(item)),
        now,
      );
    const gone = this.program.ids.flatMap((id, index) =>
      next.program.indexOf.has(id) ? [] : [{ id, isProblem: index >= this.program.chapterCount }],
    );
    const relocked = this.#store.absent.note(gone, next.program.ids, now);
    this.program = next.program;
    this.meta.course_version = next.pointer.version;
    this.meta.activation = next.pointer.activation;
    this.#store.saveOutline(next.program.outline);
    this.#store.logVersion(next.pointer.activation, next.pointer.version, now);
    const asked = next.program.traits.flatMap((trait) => ("course" in trait ? [trait.course] : []));
    for (const course of asked.slice(0, MAX_COURSES_ASKED)) this.#outbox.add("ask", course, now);
    const rests = relocked.flatMap((id) => [...restingOnItem(next.program, next.program.indexOf.get(id) ?? -1)]);
    const hasRelocked = rests.length > 0 && this.release(new Set(rests), now);
    this.learner = this.#layOut(next.program, hasRelocked ? this.#store.opened.kept() : kept, now);
  }

  #keep(indexes: readonly number[], now: number): void {
    const fresh = indexes.filter((index) => this.learner.kept[index] !== 1 && this.program.keeps[index] === 1);
    if (fresh.length === 0) return;
    for (const index of fresh) this.learner.kept[index] = 1;
    this.#store.opened.keep(
      fresh.map((index) => this.program.ids[index] ?? ""),
      now,
    );
  }

  /** A certificate is earned once: no later version and no revoked fact removes it. */
  #noteCertificate(now: number): void {
    if (this.meta.certified_at !== null || this.program.outline.options.certificate === undefined) return;
    if (meetsCertificate(scopeOf(this.program, this.learner, now))) this.meta.certified_at = now;
  }

  #finish(evaluation: Evaluation, delta: Delta, cause: Cause, now: number, bump: boolean): void {
    this.evaluation = evaluation;
    this.commitDelta = combine(this.commitDelta, delta);
    if (this.program.keepsAny) {
      const fresh: number[] = [];
      const { kept } = this.learner;
      const { keeps } = this.program;
      for (let item = 0; item < kept.length; item += 1) {
        if (evaluation.earned[item] === 1 && kept[item] !== 1 && keeps[item] === 1) fresh.push(item);
      }
      this.#keep(fresh, now);
    }
    const announces = delta.unlocked.length > 0 || delta.locked.length > 0;
    if (bump || announces) this.meta.version += 1;
    this.#noteCertificate(now);
    this.meta.states = pack(evaluation);
    this.meta.computed_at = now;
    this.meta.valid_until = Number.isFinite(evaluation.validUntil) ? evaluation.validUntil : null;
    if (announces) {
      const payload = JSON.stringify({ ...delta, cause, announced_at: now });
      this.#outbox.add("event", String(this.meta.version), now, payload);
    }
    // All objects of a course share its dates: each notices them at its own place in the order, and no read waits for
    // that.
    const { valid_until: until, id } = this.meta;
    this.#scheduler.reschedule("boundary", until === null ? null : until + noticeDelay(id, this.#place()));
    this.save(now);
  }
}
