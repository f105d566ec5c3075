import { type OwnEntry, ownEntry } from "../audit/index.ts";
import type { ActorRef, WriteAnswer } from "../mirror/index.ts";
import { accessTo, refusalOf } from "../mirror/index.ts";
import type { Scheduling } from "../platform/cell/alarm-scheduler.ts";
import { toInstant } from "../platform/instants.ts";
import { type Refusal, refuse } from "../platform/results.ts";
import type { Language } from "../platform/text.ts";
import { acceptsWork, scopeOf, type View, windowOf } from "../unlock/index.ts";
import type { Outbox } from "./outbox.ts";
import { restingOnItem, withProblems } from "./relock.ts";
import type { StoredSubmission } from "./requests.ts";
import type { DueName } from "./schema.ts";
import type { EnrollmentState } from "./state.ts";
import type { EnrollmentStore } from "./store.ts";

/** Refuses work before an item's window, or after it. */
function refuseOutside({ program, learner, now }: View, item: string): { ok: false; refusal: Refusal } | null {
  const scope = scopeOf(program, learner, now);
  const index = program.indexOf.get(item) ?? -1;
  if (acceptsWork(scope, index)) return null;
  const { from, until } = windowOf(scope, index);
  const detail =
    now < from ? `Work is accepted from ${toInstant(from)} on.` : `No work was accepted after ${toInstant(until)}.`;
  return refuse("not_accepting", { detail });
}

/** The tools of every write of an enrollment. All of them are called inside the object's transaction. */
export class WriteTools {
  readonly state: EnrollmentState;
  readonly store: EnrollmentStore;
  readonly outbox: Outbox;
  readonly scheduler: Scheduling<DueName>;

  constructor(state: EnrollmentState, store: EnrollmentStore, outbox: Outbox, scheduler: Scheduling<DueName>) {
    this.state = state;
    this.store = store;
    this.outbox = outbox;
    this.scheduler = scheduler;
  }

  /** Why an item may not be worked on now, or null if it may: it is locked, or outside of its window. */
  refuseLocked(
    item: string,
    { language, zone = null }: { language: Language; zone?: string | null },
    now: number,
  ): { ok: false; refusal: Refusal } | null {
    if (this.state.staleness(null, now) !== null) this.state.refresh("date", now);
    const view = this.state.view(now);
    return refusalOf(accessTo({ ...view, zone }, item, language), language) ?? refuseOutside(view, item);
  }

  /** The kind of an item, in the course as it is or was; null if the learner never had it. */
  kindOf(item: string): "chapter" | "problem" | null {
    const index = this.state.program.indexOf.get(item);
    if (index === undefined) return this.store.absent.kind(item);
    return index >= this.state.program.chapterCount ? "problem" : "chapter";
  }

  /**
   * Locks items again that depend on an item; for an item that this version does not have, when it returns. @returns
   * whether anything locked again.
   */
  relockWhatRestsOn(item: string, now: number): boolean {
    if (this.state.program.indexOf.has(item)) return this.state.release(this.restingOn(item), now);
    this.store.absent.relockOnReturn(item, this.kindOf(item) !== "chapter", now);
    return false;
  }

  /**
   * An item with its problems and, unless its facts are left alone, the items that depend on it. Nothing depends on an
   * item that this version does not have.
   */
  restingOn(item: string, facts = true): Set<number> {
    const { program } = this.state;
    const index = program.indexOf.get(item);
    if (index === undefined) return new Set();
    return facts ? restingOnItem(program, index) : withProblems(program, [index]);
  }

  /**
   * The held verdicts of an item are released: the learner sees them, and is notified.
   * @returns the submissions whose verdicts were held, oldest first.
   */
  showHeld(item: string, now: number): Omit<StoredSubmission, "history">[] {
    this.store.held.remove(item);
    const shown = this.store.submissions.show(item).flatMap((id) => {
      this.outbox.add("submission", id, now);
      return this.store.submissions.find(id) ?? [];
    });
    return shown.sort((a, b) => a.submitted_at - b.submitted_at);
  }

  /** Adds an entry with the new policy to the outbox, for the audit chain. */
  auditPolicy(actor: ActorRef, action: OwnEntry["action"], now: number, relock = false): void {
    const { id, cohorts, practice_mode, policy_seq } = this.state.meta;
    const relocked = relock ? { relock } : {};
    this.audit(actor, action, id, now, { cohorts: cohorts.length, practice_mode, policy_seq, ...relocked });
  }

  /** Adds an audit entry to the outbox, in the transaction of the change that it records. */
  audit(
    actor: ActorRef,
    action: OwnEntry["action"],
    target: string,
    now: number,
    details: NonNullable<OwnEntry["details"]>,
  ): void {
    const { id, course } = this.state.meta;
    const type = target === id ? "enrollment" : "item";
    const { request_id } = actor;
    const entry = { action, actor, target: { type, id: target }, course, enrollment: id, request_id, details };
    this.outbox.add("audit", target, now, JSON.stringify(ownEntry(entry, now)));
  }

  /** The answer to a write. */
  answer(): WriteAnswer {
    const { id, progress_seq, policy_seq, version, course_version } = this.state.meta;
    const completed = [...this.state.commitCompleted];
    return {
      enrollment_id: id,
      progress_seq,
      policy_seq,
      version,
      course_version,
      ...this.state.commitDelta,
      completed,
    };
  }
}
