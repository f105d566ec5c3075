import { DurableObject } from "cloudflare:workers";
import type { CoursePointer } from "../courses/index.ts";
import type { KeptBack } from "../events/index.ts";
import type { Presented } from "../identity/index.ts";
import type {
  ActorRef,
  EnrollAnswer,
  EnrollmentPort,
  EnrollRequest,
  Mirror,
  ProjectionBatch,
  ReadAnswer,
  ReadRequest,
  RecordAnswer,
  RecordRequest,
  SubmitAnswer,
  WriteAnswer,
} from "../mirror/index.ts";
import type { ExportPage, ExportPosition } from "../platform/cell/export-rows.ts";
import type { DumpRequest, ObjectDump } from "../platform/cell/object-dump.ts";
import type { Loaded } from "../platform/cell/object-load.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { readJudge } from "../unlock/index.ts";
import { refresh } from "./catch-up.ts";
import { EnrollmentCore } from "./core.ts";
import { tellCourse, watchCourse } from "./course-links.ts";
import { EXPORTED } from "./exported.ts";
import { runJob } from "./jobs.ts";
import { destroy, erase, restore } from "./lifecycle.ts";
import { confirmProjection, pendingProjection, tellAgain } from "./pending.ts";
import { ReadSide } from "./read-side.ts";
import { Recovery } from "./recovery.ts";
import { Tried } from "./regrade-writes.ts";
import type {
  ChangePolicyRequest,
  Inspection,
  PauseRequest,
  Regraded,
  RegradeRequest,
  ReleaseAnswer,
  ReleaseRequest,
  RelockRequest,
  RevokeRequest,
  SetOverrideRequest,
  StoredSubmission,
  SubmissionsPage,
  SubmissionsRequest,
  SubmitRequest,
  VerdictRequest,
} from "./requests.ts";
import { WriteSide } from "./write-side.ts";
import type { EnrollmentWrites } from "./writes.ts";

/** A learner who wrote this recently is writing again and again. */
const BUSY_MS = 600_000;

/**
 * One learner in one course: the single writer of the learner's facts and the home of the unlock snapshot. A facade:
 * rules are in ../unlock, rows in store.ts, changes in state.ts and writes.ts, what all work with in core.ts.
 * Answers are Results; a throw is a fault and resets nothing but this object's memory. Every method is harmless to
 * repeat. Reads and writes run without a foreign await between decision and commit.
 */
export class EnrollmentObject extends DurableObject<Env> implements EnrollmentPort {
  readonly #core: EnrollmentCore;
  readonly #recovery: Recovery;
  readonly #reads: ReadSide;
  readonly #writes: WriteSide;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const forget = () => this.#reads.forget();
    this.#core = new EnrollmentCore(ctx, () => this.env, forget);
    this.#recovery = new Recovery(this.#core);
    this.#reads = new ReadSide(this.#core, this.#recovery);
    this.#writes = new WriteSide(this.#core, this.#recovery);
  }

  /**
   * Starts the enrollment, resumes it after a withdrawal, or changes the settings of an enrolled learner. The row in D1
   * exists already.
   */
  async enroll(request: EnrollRequest): Promise<Result<EnrollAnswer>> {
    return this.#writes.enroll(request);
  }

  /** The fresh snapshot, or the snapshot recomputed in place if any part of its tuple differs. */
  async read(request: ReadRequest): Promise<Result<ReadAnswer>> {
    return this.#reads.read(request);
  }

  /** Records what the learner did. Locked items are refused unless it happened elsewhere (mode "import"). */
  async record(request: RecordRequest): Promise<Result<RecordAnswer>> {
    return this.#writes.run(request, ({ facts }, now) => facts.record(request, now));
  }

  /**
   * The same by the learner, with a token that has not been checked yet.
   * @returns null if it is not known for sure that the token is valid: then nothing was done.
   */
  async recordOwn(request: RecordRequest, token: Presented): Promise<Result<RecordAnswer | null>> {
    const core = this.#core;
    const { lease, env, id } = core;
    const known = (await core.load())?.meta;
    const isBusy = known !== undefined && known.progress_seq > 0 && Date.now() - known.last_active_at < BUSY_MS;
    if (known === undefined || !(await lease.stands(env, id, token, isBusy))) return ok(null);
    const { endings } = lease;
    return this.#writes.run(request, ({ facts }, now) =>
      lease.endings === endings ? facts.record(request, now) : refuse("unavailable", { retry_after: 1 }),
    );
  }

  /** The validity of the learner's tokens changes: from now on it is asked again. */
  async endLease(): Promise<Result<null>> {
    const { cell, lease } = this.#core;
    if (cell.exists && !cell.isErased) lease.end((change) => cell.commit(change));
    return ok(null);
  }

  /** Takes a submission, judges it when the problem has an answer key, records the outcome. */
  async submit(request: SubmitRequest): Promise<Result<SubmitAnswer>> {
    const judge = await readJudge();
    return this.#writes.run(request, ({ submissions }, now) => submissions.submit(request, now, judge));
  }

  /** Judges a pending submission, also if the learner has withdrawn since: it was submitted while enrolled. */
  async verdict(request: VerdictRequest): Promise<Result<SubmitAnswer>> {
    const alsoWithdrawn = true;
    return this.#writes.run(request, ({ submissions }, now) => submissions.verdict(request, now), { alsoWithdrawn });
  }

  /** Held scores count from now on: those of some items, or all. Also if the learner has withdrawn since. */
  async release(request: ReleaseRequest): Promise<Result<ReleaseAnswer>> {
    const alsoWithdrawn = true;
    return this.#writes.run(request, ({ facts }, now) => facts.releaseHeld(request, now), { alsoWithdrawn });
  }

  /**
   * Judges again what the answer key of one problem has judged, also if the learner has withdrawn since. A dry run is
   * the same change, rolled back.
   */
  async regrade(request: RegradeRequest): Promise<Result<Regraded>> {
    const judge = await readJudge();
    const { actor, pointer, dry_run } = request;
    const run = { actor, pointer, idempotency: null };
    // The key of that version judges: a write uses a newer version as soon as it is in memory.
    if ((await this.#core.program(pointer.version)) === null) return refuse("version_not_found");
    try {
      const decide = (writes: EnrollmentWrites, now: number) => {
        const result = writes.regrade(request, now, judge);
        if (dry_run) throw new Tried(result);
        return result;
      };
      return await this.#writes.run(run, decide, { alsoWithdrawn: true });
    } catch (fault) {
      if (fault instanceof Tried) return fault.result;
      throw fault;
    }
  }

  /** Revokes everything the learner did with one item. This is the only way progress is lost; the reason is logged. */
  async revoke(request: RevokeRequest): Promise<Result<WriteAnswer>> {
    return this.#writes.run(request, ({ facts }, now) => facts.revoke(request, now));
  }

  /** Ends for this learner what is kept open although the rules do not open it now. */
  async relock(request: RelockRequest): Promise<Result<WriteAnswer>> {
    return this.#writes.run(request, ({ policy }, now) => policy.relock(request, now));
  }

  /** Pauses the learner's course, or resumes it. */
  async pause(request: PauseRequest): Promise<Result<WriteAnswer>> {
    return this.#writes.run(request, ({ policy }, now) => policy.pause(request, now));
  }

  /** Sets an override of one item or, with null, removes that of a `kind`, or all of them. */
  async override(request: SetOverrideRequest): Promise<Result<WriteAnswer>> {
    return this.#writes.run(request, ({ policy }, now) => policy.override(request, now));
  }

  /** Changes cohorts, practice mode or the beginning of the enrollment. */
  async changePolicy(request: ChangePolicyRequest): Promise<Result<WriteAnswer>> {
    return this.#writes.run(request, ({ policy }, now) => policy.changePolicy(request, now));
  }

  /** Ends the enrollment; facts stay, for a return and for the retention period. */
  async withdraw(actor: ActorRef, keepsOut = false): Promise<Result<WriteAnswer>> {
    return this.#writes.withdraw(actor, keepsOut);
  }

  /** The settings by staff for this learner, and the rows that are still pending for D1. */
  async inspect(): Promise<Result<Inspection>> {
    return this.#reads.inspect();
  }

  /** A page of the learner's submissions for one item, newest first. */
  async submissionsOf(request: SubmissionsRequest): Promise<Result<SubmissionsPage>> {
    return this.#reads.submissionsOf(request);
  }

  /** One submission with all its verdicts, for people who judge. */
  async submission(id: string): Promise<Result<StoredSubmission>> {
    return this.#reads.submission(id);
  }

  /** Invalidates the snapshot: the next read recomputes it. */
  async markStale(reason: string, actor: ActorRef | null = null): Promise<Result<{ stale: boolean }>> {
    return this.#writes.markStale(reason, actor);
  }

  /**
   * Brings the snapshot up to date for a sweep or a warm-up.
   * @param pointer that the caller has just read from D1; one that is older than the object's changes nothing.
   */
  async refresh(pointer: CoursePointer, force: boolean): Promise<Result<{ mirror: Mirror; recomputed: boolean }>> {
    return refresh(this.#core, await this.#recovery.active(), pointer, force);
  }

  /** D1's row differs from this object, which alone decides its content: the row is written once more. */
  async tellAgain(): Promise<Result<null>> {
    return tellAgain(this.#core);
  }

  /**
   * Another course of the learner depends on this one. @returns since when this one is completed; null if it is not.
   */
  async watchCourse(course: string): Promise<Result<number | null>> {
    return watchCourse(this.#core, course);
  }

  /** Another course of the learner reports that it is completed, or is not any more. */
  async tellCourse(news: { course: string; completed_at: number | null }): Promise<Result<null>> {
    return tellCourse(this.#core, news);
  }

  /**
   * The rows that are pending for D1, or null if there are none; with news for other systems if there are
   * subscriptions.
   */
  async pendingProjection(withNews = false): Promise<Result<ProjectionBatch | null>> {
    return pendingProjection(this.#core, withNews);
  }

  /** D1 has everything up to `head`; live events up to `sentUpTo` are published. */
  async confirmProjection(head: number, sentUpTo?: number): Promise<Result<{ remaining: number }>> {
    return confirmProjection(this.#core, head, sentUpTo);
  }

  /** The live events that were kept because nobody listened; now somebody does. Null if there is no enrollment. */
  async keptEvents(): Promise<Result<KeptBack | null>> {
    const { cell, announcements } = this.#core;
    if ((await this.#core.load()) === null) return ok(null);
    return ok(announcements.kept((change) => cell.commit(change)));
  }

  /** The learner's channel has received these events. */
  async confirmEvents(upTo: number): Promise<Result<null>> {
    if ((await this.#core.load()) !== null) this.#core.announcements.sent(upTo);
    return ok(null);
  }

  /** Merges D1's data into the object: for an object that lost its storage, harmless for any other. */
  async rebuild(): Promise<Result<WriteAnswer>> {
    return this.#recovery.rebuild();
  }

  /** Removes everything, unless the learner is enrolled or rows are pending. */
  async destroy(): Promise<Result<{ destroyed: boolean }>> {
    return destroy(this.#core);
  }

  /** A page of everything the object knows of its learner; empty if the object is empty. */
  async exportOf(from: ExportPosition | null): Promise<Result<ExportPage>> {
    return ok(this.#core.cell.exportOf(EXPORTED, from));
  }

  /** The enrollment's id, for a backup that knows only the object's id; null if the object is empty. */
  async whose(): Promise<Result<string | null>> {
    return ok(this.#core.cell.exists ? (this.#core.store.meta()?.id ?? null) : null);
  }

  /** A copy of everything, as of one instant, or a piece of one; null if the object is empty. */
  async backUp(asked?: DumpRequest): Promise<Result<ObjectDump | null>> {
    const { cell, store } = this.#core;
    this.#core.isNotedForBackup = false;
    return cell.exists && store.meta() !== null ? cell.dump(asked) : ok(null);
  }

  /** The backup has all pieces of the copy that was made for it. */
  async forgetBackUp(backup: string): Promise<Result<null>> {
    this.#core.cell.forgetDump(backup);
    return ok(null);
  }

  /** Fills the empty object with a copy, and wakes it: rows that were pending in the copy are pending again. */
  async restore(dump: ObjectDump, outline: readonly string[], job: string): Promise<Result<Loaded>> {
    return restore(this.#core, dump, outline, job);
  }

  /** The learner is erased: removes everything, whatever the state. The object never starts again, also not from D1. */
  async erase(): Promise<Result<{ erased: boolean }>> {
    return erase(this.#core);
  }

  override async alarm(): Promise<void> {
    await this.#core.cell.runDue({
      run: (name, now) => runJob(this.#core, name, now),
      fault: "alarm_job_failed",
      fields: () => ({ enrollment_id: this.#core.id }),
    });
  }
}
