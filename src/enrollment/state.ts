import type { CoursePointer } from "../courses/index.ts";
import type { AlarmScheduler } from "../shared/alarm-scheduler.ts";
import { fnv1a } from "../shared/hash.ts";
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
  openIds,
  type Program,
  reevaluate,
  setFact,
  type View,
} from "../unlock/index.ts";
import type { Cause, Mirror } from "./contract.ts";
import { keptAcross } from "./mirror.ts";
import { contentNotice } from "./notices.ts";
import type { Outbox } from "./outbox.ts";
import type { DueName } from "./schema.ts";
import type { EnrollmentStore, Meta, StoredFact } from "./store.ts";

/**
 * Wait for D1's confirmation before the outbox is announced to the queue again. The first announcement goes out right
 * after the commit; this is the net below it.
 */
export const RESEND_MS = 15_000;
/**
 * And again at most this much later, however long it takes: an announcement that waits in a backlog is no failure, and
 * one that was lost must not cost the learner's mirror minutes.
 */
export const RESEND_MAX_MS = 60_000;
/**
 * Objects of one course share their date boundaries; each wakes up to this much later than the instant, so that ten
 * thousand alarms do not fire in one millisecond. Reads do not wait for it: they notice a passed instant themselves.
 */
export const BOUNDARY_JITTER_MS = 5_000;

/**
 * One learner's enrollment in memory, and how it changes. Every method that changes something is called inside the
 * object's transaction and writes what it changes; when the transaction fails the object drops this and loads it anew.
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
  /** What the current commit has begun: items completed for the first time, and the enrollment itself. */
  commitTally: CommitTally = { ...NOTHING_BEGUN };
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
    this.meta = loaded.meta;
    this.program = loaded.program;
    this.facts = loaded.facts;
    this.learner = this.#layOut(loaded.program, store.kept());
    this.evaluation =
      unpack(loaded.meta.states, loaded.program.size, loaded.meta.valid_until) ??
      evaluate(this.program, this.learner, loaded.meta.computed_at);
  }

  /** A new commit starts: nothing has changed yet. */
  beginCommit(): void {
    this.commitDelta = NO_CHANGE;
    this.commitTally = { ...NOTHING_BEGUN };
  }

  /** Why the snapshot must not be served as it is, or null when it is fresh. */
  staleness(pointer: CoursePointer | null, now: number): Cause | null {
    if (pointer !== null && pointer.activation > this.meta.activation) return "publish";
    if (this.meta.engine !== ENGINE) return "engine";
    if (now >= this.evaluation.validUntil) return "date";
    return this.meta.stale_since === null ? null : "stale";
  }

  view(now: number): View {
    return { program: this.program, learner: this.learner, evaluation: this.evaluation, now };
  }

  /**
   * Brings the snapshot up to date at `now`, on another course version if one is given.
   * @param announce false when a lost object is restored: what it opens was announced before it was lost.
   */
  refresh(
    cause: Cause,
    now: number,
    next?: { pointer: CoursePointer; program: Program },
    announce: boolean = true,
  ): Delta {
    const before = openIds(this.program, this.evaluation);
    if (next !== undefined && next.pointer.activation > this.meta.activation) {
      // Who has just enrolled is told of no change: there was nothing before.
      if (announce && cause !== "enrollment") {
        const notice = contentNotice(this.program, next.program, next.pointer.version, now);
        this.#outbox.add("content", String(next.pointer.activation), now, notice);
      }
      this.#move(next, now);
    } else this.learner = this.#layOut(this.program, this.#store.kept());
    const evaluation = evaluate(this.program, this.learner, now);
    const delta = announce ? difference(before, openIds(this.program, evaluation)) : { unlocked: [], locked: [] };
    const changed = pack(evaluation) !== this.meta.states;
    this.meta.engine = ENGINE;
    this.meta.stale_since = null;
    this.meta.stale_reason = null;
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
   * Takes over facts that were just saved. Re-evaluates only what they affect, when nothing else has changed.
   * @returns the exact delta of the whole commit, including what a date that passed meanwhile did.
   */
  applyFacts(items: readonly string[], now: number, cause: Cause = "progress"): Delta {
    const changes: Change[] = [];
    for (const item of items) {
      const fact = this.facts.get(item);
      const change = fact === undefined ? null : setFact(this.program, this.learner, item, fact);
      if (change !== null) changes.push(change);
    }
    if (this.program.outline.options.sticky) {
      this.#keep(
        changes.map(({ item }) => item).filter((item) => isStarted(this.learner, item)),
        now,
      );
    }
    if (this.staleness(null, now) !== null) return this.refresh(cause, now);
    // In place: whoever rolls the transaction back drops this state and loads it anew.
    const { opened, closed } = reevaluate(this.program, this.learner, this.evaluation, changes, now);
    const ids = (indexes: readonly number[]) => indexes.map((index) => this.program.ids[index] ?? "");
    const delta: Delta = { unlocked: ids(opened), locked: ids(closed) };
    this.#finish(this.evaluation, delta, cause, now, true);
    return delta;
  }

  /** What D1 keeps of this enrollment besides facts. */
  mirror(): Mirror {
    const { meta, program } = this;
    const ids = (flags: Uint8Array) => program.ids.filter((_, index) => flags[index] === 1);
    const isSticky = program.outline.options.sticky;
    let open = 0;
    let completed = 0;
    let visible = 0;
    for (let item = 0; item < program.size; item += 1) {
      if (this.evaluation.visible[item] !== 1) continue;
      visible += 1;
      if (this.evaluation.open[item] === 1) open += 1;
      if (isCompleted(this.learner, item)) completed += 1;
    }
    return {
      enrollment_id: meta.id,
      policy: JSON.stringify({
        cohorts: meta.cohorts,
        practice_mode: meta.practice_mode,
        overrides: this.#store.overrides().map(({ item, kind, created_at, expires_at, extend_to }) => ({
          item,
          kind,
          created_at,
          expires_at,
          extend_to,
        })),
      }),
      kept: JSON.stringify([...this.#store.kept()]),
      earned: JSON.stringify(isSticky ? [] : ids(this.evaluation.earned)),
      version: meta.version,
      progress_seq: meta.progress_seq,
      policy_seq: meta.policy_seq,
      course_version: meta.course_version,
      activation: meta.activation,
      engine: meta.engine,
      valid_until: meta.valid_until,
      computed_at: meta.computed_at,
      open_count: open,
      completed_count: completed,
      item_count: visible,
      last_active_at: meta.last_active_at,
    };
  }

  /** Writes the row and queues the mirror without any change of states (withdrawal, policy log). */
  save(now: number): void {
    this.#store.saveMeta(this.meta);
    if (!this.#outbox.hasNews) this.#outbox.add("mirror", "", now);
    this.#scheduler.schedule("outbox", now + RESEND_MS);
  }

  #layOut(program: Program, kept: ReadonlySet<string>): Learner {
    return layOut(program, {
      enrolled_at: this.meta.enrolled_at,
      facts: this.facts,
      opened: kept,
      policy: {
        cohorts: this.meta.cohorts,
        practice_mode: this.meta.practice_mode,
        overrides: this.#store.overrides(),
      },
    });
  }

  #move(next: { pointer: CoursePointer; program: Program }, now: number): void {
    const earned = this.program.ids.filter((_, index) => this.evaluation.earned[index] === 1);
    const before = this.#store.kept();
    const kept = keptAcross(next.pointer, { activation: this.meta.activation, kept: before, earned });
    if (kept.size === 0) this.#store.releaseAll(now);
    else
      this.#store.keep(
        [...kept].filter((item) => !before.has(item)),
        now,
      );
    this.program = next.program;
    this.meta.course_version = next.pointer.version;
    this.meta.activation = next.pointer.activation;
    this.#store.saveOutline(next.program.outline);
    this.#store.logVersion(next.pointer.activation, next.pointer.version, now);
    this.learner = this.#layOut(next.program, kept);
  }

  #keep(indexes: readonly number[], now: number): void {
    const fresh = indexes.filter((index) => this.learner.kept[index] !== 1);
    if (fresh.length === 0) return;
    for (const index of fresh) this.learner.kept[index] = 1;
    this.#store.keep(
      fresh.map((index) => this.program.ids[index] ?? ""),
      now,
    );
  }

  #finish(evaluation: Evaluation, delta: Delta, cause: Cause, now: number, bump: boolean): void {
    this.evaluation = evaluation;
    this.commitDelta = combine(this.commitDelta, delta);
    if (this.program.outline.options.sticky) {
      const fresh: number[] = [];
      const { kept } = this.learner;
      for (let item = 0; item < kept.length; item += 1) {
        if (evaluation.earned[item] === 1 && kept[item] !== 1) fresh.push(item);
      }
      this.#keep(fresh, now);
    }
    const announces = delta.unlocked.length > 0 || delta.locked.length > 0;
    if (bump || announces) this.meta.version += 1;
    this.meta.states = pack(evaluation);
    this.meta.computed_at = now;
    this.meta.valid_until = Number.isFinite(evaluation.validUntil) ? evaluation.validUntil : null;
    if (announces) {
      const payload = JSON.stringify({ ...delta, cause, announced_at: now });
      this.#outbox.add("event", String(this.meta.version), now, payload);
    }
    this.#scheduler.reschedule(
      "boundary",
      this.meta.valid_until === null ? null : this.meta.valid_until + jitterOf(this.meta.id, BOUNDARY_JITTER_MS),
    );
    this.save(now);
  }
}

interface CommitTally {
  chapters: number;
  problems: number;
  enrollments: number;
}
const NOTHING_BEGUN: CommitTally = { chapters: 0, problems: 0, enrollments: 0 };

/** "Nothing opened, nothing locked". */
export const NO_CHANGE: Delta = { unlocked: [], locked: [] };

/** Two deltas in a row as one: what opened and locked again in between is left out. */
export function combine(first: Delta, second: Delta): Delta {
  const without = (items: string[], others: string[]) => items.filter((item) => !others.includes(item));
  return {
    unlocked: [...without(first.unlocked, second.locked), ...without(second.unlocked, first.locked)],
    locked: [...without(first.locked, second.unlocked), ...without(second.locked, first.unlocked)],
  };
}

/** A fixed pseudo-random delay of an enrollment, 0 to `span` ms. */
function jitterOf(id: string, span: number): number {
  return fnv1a(id) % span;
}

const ascii = new TextDecoder();
const DIGIT_ZERO = 48;

/** States as they are stored: one digit for each item, see `Meta.states`. */
export function pack({ open, visible, earned }: Evaluation): string {
  const digits = new Uint8Array(open.length);
  for (let item = 0; item < digits.length; item += 1) {
    digits[item] = DIGIT_ZERO + ((open[item] ?? 0) | ((visible[item] ?? 0) << 1) | ((earned[item] ?? 0) << 2));
  }
  return ascii.decode(digits);
}

function unpack(states: string, size: number, validUntil: number | null): Evaluation | null {
  if (states.length !== size) return null;
  const bits = Uint8Array.from(states, Number);
  return {
    open: bits.map((digit) => digit & 1),
    visible: bits.map((digit) => (digit >> 1) & 1),
    earned: bits.map((digit) => (digit >> 2) & 1),
    validUntil: validUntil ?? Number.POSITIVE_INFINITY,
  };
}
