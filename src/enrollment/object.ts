import { DurableObject } from "cloudflare:workers";
import { countedDatabase } from "../bindings.ts";
import { type CoursePointer, loadProgram, rememberedProgram, rememberProgram } from "../courses/index.ts";
import { logEvent, logFault } from "../ops/logging.ts";
import { meter } from "../ops/metrics/meter.ts";
import { type ExportPage, type ExportPosition, exportRows } from "../privacy/object-rows.ts";
import { AlarmScheduler } from "../shared/alarm-scheduler.ts";
import { parseEnrollmentId } from "../shared/ids.ts";
import { dumpObject, type ObjectDump } from "../shared/object-dump.ts";
import { hasSchema, migrate } from "../shared/object-schema.ts";
import { encodeCursor } from "../shared/pagination.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import type { Delta, Program } from "../unlock/index.ts";
import { findAdoption } from "./adoption.ts";
import { Announcements } from "./announcements.ts";
import { DERIVED_TABLES, loadEnrollment } from "./backup.ts";
import type {
  ActorRef,
  Cause,
  EnrollRequest,
  Idempotency,
  Mirror,
  OverrideInput,
  ProjectionBatch,
  ReadAnswer,
  ReadRequest,
  RecordAnswer,
  RecordRequest,
  StoredOverride,
  SubmitAnswer,
  WriteAnswer,
} from "./contract.ts";
import { readAt } from "./history.ts";
import { Outbox } from "./outbox.ts";
import { collectProjection } from "./outbox-batch.ts";
import type { SignCursor } from "./reading.ts";

import { DUE_NAMES, type DueName, SCHEMA_STEPS } from "./schema.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { EnrollmentState, NO_CHANGE, RESEND_MAX_MS, RESEND_MS } from "./state.ts";
import { ANSWER_RETENTION_MS, EnrollmentStore, newMeta } from "./store.ts";
import { EnrollmentWrites, type OverrideRequest, type SubmitRequest, type VerdictRequest } from "./writes.ts";

/** Under this the object remembers that its learner was erased, after everything else is gone. */
const ERASED = "erased";
/** What of an enrollment is exported to its learner; `outbox` and stored answers repeat it. */
const EXPORTED = [
  { kind: "enrollment", query: "SELECT * FROM enrollment" },
  { kind: "fact", query: "SELECT * FROM facts ORDER BY item" },
  { kind: "fact_log", query: "SELECT * FROM fact_log ORDER BY seq" },
  { kind: "kept_open", query: "SELECT * FROM opened ORDER BY item, opened_at" },
  { kind: "override", query: "SELECT * FROM overrides ORDER BY id" },
  { kind: "policy_log", query: "SELECT * FROM policy_log ORDER BY seq" },
  { kind: "submission", query: "SELECT * FROM submissions ORDER BY id" },
];

/** How long "there is no such enrollment" is believed before D1 is asked again. */
const ABSENCE_MS = 2_000;

/**
 * One learner in one course: the single writer of the learner's facts and the home of the unlock snapshot. A facade:
 * rules are in ../unlock, rows in store.ts, changes in state.ts and writes.ts.
 *
 * Answers are Results; a throw is a fault and resets nothing but this object's memory. Every method is harmless to
 * repeat. Reads and writes run without a foreign await between decision and commit.
 */
export class EnrollmentObject extends DurableObject<Env> {
  readonly #store: EnrollmentStore;
  readonly #outbox: Outbox;
  readonly #scheduler: AlarmScheduler<DueName>;
  #state: EnrollmentState | null = null;
  #schema = false;
  #isErased = false;
  #absentUntil = 0;
  #behind: number | null = null;
  readonly #announcements: Announcements;
  readonly #reader: SnapshotReader;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new EnrollmentStore(ctx.storage.sql);
    this.#outbox = new Outbox(ctx.storage.sql);
    this.#scheduler = new AlarmScheduler(ctx.storage, DUE_NAMES);
    this.#announcements = new Announcements(
      () => this.env,
      (work) => ctx.waitUntil(work),
      this.#outbox,
      () => this.#id(),
    );
    this.#reader = new SnapshotReader(this.#signCursor);
    this.#isErased = ctx.storage.kv.get(ERASED) !== undefined;
    if (this.#hasSchema()) migrate(ctx.storage, SCHEMA_STEPS);
  }

  /** Starts (or resumes after a withdrawal) the enrollment. The registry row in D1 exists already. */
  async enroll(request: EnrollRequest): Promise<Result<WriteAnswer & { created: boolean }>> {
    const program = await this.#program(request.pointer.version);
    if (program === null) return refuse("course_unpublished");
    if ((await this.#load()) === null && request.has_history) await this.rebuild();
    return this.#commit(() => {
      const now = Date.now();
      const existing = this.#state;
      const state = existing ?? this.#begin(request.pointer, program, request.enrolled_at, now);
      const isNew = existing === null;
      const wasWithdrawn = state.meta.status === "withdrawn";
      if (!isNew && !wasWithdrawn) return ok({ ...this.#answer(state, NO_CHANGE), created: false });
      state.meta.status = "active";
      state.meta.cohorts = request.cohorts ?? state.meta.cohorts;
      state.meta.practice_mode = request.practice_mode ?? state.meta.practice_mode;
      state.meta.policy_seq += 1;
      state.meta.last_active_at = now;
      const { cohorts, practice_mode, policy_seq } = state.meta;
      this.#store.logPolicy(policy_seq, now, request.actor.id, cohorts, practice_mode);
      const delta = state.refresh(isNew ? "enrollment" : "policy", now, { pointer: request.pointer, program });
      state.commitTally.enrollments += 1;
      return ok({ ...this.#answer(state, delta), created: isNew });
    });
  }

  /** The fresh snapshot, or the snapshot recomputed in place if any part of its tuple differs. */
  async read(request: ReadRequest): Promise<Result<ReadAnswer>> {
    const state = await this.#active();
    if (state === null) return refuse("not_enrolled");
    if (request.min_seq !== null && request.min_seq > state.meta.progress_seq) {
      return refuse("sequence_ahead", { detail: `The enrollment is at ${state.meta.progress_seq}.` });
    }
    if (request.at !== null) {
      if (request.at >= Date.now()) await this.#freshen(state, request.pointer);
      return readAt(state, this.#store, request, request.at, {
        load: (version) => this.#program(version),
        sign: this.#signCursor,
      });
    }
    this.#announcements.somebodyReads();
    const source = (await this.#freshen(state, request.pointer)) ? "recomputed" : "snapshot";
    const current = this.#current();
    return this.#reader.answer(current, request, source, this.#behindSince(current, request.pointer));
  }

  /** Records what the learner did. Locked items are refused unless it happened elsewhere (mode "import"). */
  async record(request: RecordRequest): Promise<Result<RecordAnswer>> {
    return this.#write(request.pointer, request.idempotency, request.actor.id, (writes, now) =>
      writes.record(request, now),
    );
  }

  /** Takes a submission, judges it when the problem has an answer key, records the outcome. */
  async submit(request: SubmitRequest): Promise<Result<SubmitAnswer>> {
    return this.#write(request.pointer, request.idempotency, request.actor.id, (writes, now) =>
      writes.submit(request, now),
    );
  }

  /** Judges a pending submission. */
  async verdict(request: VerdictRequest): Promise<Result<SubmitAnswer>> {
    return this.#write(null, request.idempotency, request.actor.id, (writes, now) => writes.verdict(request, now));
  }

  /** Takes back everything the learner did with one item. The only way progress regresses; the reason is logged. */
  async revoke(request: OverrideRequest<{ item: string; reason: string }>): Promise<Result<WriteAnswer>> {
    return this.#write(request.pointer, request.idempotency, request.actor.id, (writes, now) =>
      writes.revoke(request, now),
    );
  }

  /** Sets (or, with null, removes) the override of one item. */
  async override(
    request: OverrideRequest<{ item: string; override: OverrideInput | null }>,
  ): Promise<Result<WriteAnswer>> {
    return this.#write(request.pointer, request.idempotency, request.actor.id, (writes, now) =>
      writes.override(request, now),
    );
  }

  /** Changes cohorts or practice mode. */
  async changePolicy(
    request: OverrideRequest<{ cohorts: string[] | null; practice_mode: boolean | null }>,
  ): Promise<Result<WriteAnswer>> {
    return this.#write(request.pointer, request.idempotency, request.actor.id, (writes, now) =>
      writes.changePolicy(request, now),
    );
  }

  /** Ends the enrollment; facts stay, for a return and for the retention period. */
  async withdraw(actor: ActorRef): Promise<Result<WriteAnswer>> {
    if ((await this.#active()) === null) return refuse("not_enrolled");
    return this.#commit(() => {
      const state = this.#current();
      const withdrawn = this.#writesOf(state).withdraw(actor, Date.now());
      logEvent("withdrawn", { enrollment_id: state.meta.id, actor: actor.id });
      return withdrawn;
    });
  }

  /** What staff set for this learner, and what is still owed to D1. */
  async inspect(): Promise<
    Result<{
      overrides: StoredOverride[];
      cohorts: string[];
      practice_mode: boolean;
      outbox: { rows: number; oldest_ms: number };
      mirror: Mirror;
    }>
  > {
    const state = await this.#active();
    if (state === null) return refuse("not_enrolled");
    return ok({
      overrides: this.#store.overrides(),
      cohorts: state.meta.cohorts,
      practice_mode: state.meta.practice_mode,
      outbox: this.#outbox.depth(Date.now()),
      mirror: state.mirror(),
    });
  }

  /** Someone doubts the snapshot: the next read recomputes it. */
  async markStale(reason: string, actor: ActorRef | null = null): Promise<Result<{ stale: boolean }>> {
    if ((await this.#active()) === null) return refuse("not_enrolled");
    return this.#commit(() => this.#writesOf(this.#current()).markStale(reason, actor, Date.now()));
  }

  /**
   * Brings the snapshot up to date for a sweep or a warm-up.
   * @param pointer read from D1 by the caller just now; an older one than the object knows changes nothing.
   */
  async refresh(pointer: CoursePointer, force: boolean): Promise<Result<{ mirror: Mirror; recomputed: boolean }>> {
    const state = await this.#active();
    if (state === null) return refuse("not_enrolled");
    const recomputed = await this.#freshen(state, pointer, true);
    if (!recomputed && force) this.#commit(() => ok(this.#current().refresh("stale", Date.now())));
    return ok({ mirror: this.#current().mirror(), recomputed: recomputed || force });
  }

  /** What the outbox owes to D1, or null when nothing is owed. */
  async pendingProjection(): Promise<Result<ProjectionBatch | null>> {
    const state = await this.#load();
    return ok(
      state === null ? null : collectProjection(state, this.#store, this.#outbox, this.#announcements.toldUpTo),
    );
  }

  /** D1 has everything up to `head`. */
  async confirmProjection(head: number): Promise<Result<{ remaining: number }>> {
    const state = await this.#load();
    if (state === null) return ok({ remaining: 0 });
    return this.#commit(() => {
      const now = Date.now();
      this.#outbox.confirm(head);
      const { rows } = this.#outbox.depth(now);
      this.#scheduler.reschedule("outbox", rows === 0 ? null : now + RESEND_MS);
      this.#announcements.confirmed();
      if (rows > 0) this.#announcements.announce(now);
      return ok({ remaining: rows });
    });
  }

  /** Merges what D1 knows into the object: for an object that lost its storage, harmless for any other. */
  async rebuild(): Promise<Result<WriteAnswer>> {
    const id = this.#id();
    const adoption = await findAdoption(this.env, id);
    if (adoption === null) return refuse("not_enrolled");
    await this.#load();
    return this.#commit(() => {
      const now = Date.now();
      const state =
        this.#state ?? this.#begin(adoption.pointer, adoption.program, adoption.mirror.record.enrolled_at, now);
      const delta = this.#writesOf(state).adopt(adoption, now);
      return ok(this.#answer(state, delta));
    });
  }

  /** Removes everything, alarm included. Refused while the learner is enrolled: somebody may have just come back. */
  async destroy(): Promise<Result<{ destroyed: boolean }>> {
    if (this.#isErased) return ok({ destroyed: true }); // nothing is left but the memory of that
    if ((await this.#load())?.meta.status === "active") return refuse("concurrent_change");
    this.#forget();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    return ok({ destroyed: true });
  }

  /** A page of everything the object knows of its learner; nothing when it is empty. */
  async exportOf(from: ExportPosition | null): Promise<Result<ExportPage>> {
    if (!this.#hasSchema()) return ok({ rows: [], next: null });
    return ok(exportRows(this.ctx.storage.sql, EXPORTED, from));
  }

  /** A copy of everything, as of one instant; null when the object is empty. */
  async backUp(): Promise<Result<ObjectDump | null>> {
    return this.#isErased ? ok(null) : dumpObject(this.ctx.storage, DERIVED_TABLES);
  }

  /** Fills the empty object with a copy, and wakes it: what it owed to D1 then, it owes now. */
  async restore(dump: ObjectDump, outline: readonly string[], job: string): Promise<Result<{ rows: number }>> {
    if (this.#isErased) return refuse("restore_target_not_empty");
    const loaded = loadEnrollment(this.ctx.storage, dump, outline, job);
    if (!loaded.ok) return loaded;
    this.#forget();
    migrate(this.ctx.storage, SCHEMA_STEPS);
    await this.#load();
    this.#commit(() => ok(this.#oweEverything(Date.now())));
    return loaded;
  }

  /**
   * The learner is erased: removes everything, whatever the state, and never starts again, not from D1 either.
   * @returns `unavailable` while the audit chain has not been told what staff did here.
   */
  async erase(): Promise<Result<{ erased: boolean }>> {
    if (this.#hasSchema() && this.#outbox.owesAudit()) return refuse("unavailable", { retry_after: 1 });
    this.#isErased = true;
    this.#forget();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.ctx.storage.kv.put(ERASED, Date.now());
    return ok({ erased: true });
  }

  /** Runs whatever is due. Never throws: a failed job stays due, later each time. */
  override async alarm(): Promise<void> {
    this.#scheduler.fired();
    if (!this.#hasSchema()) return;
    const now = Date.now();
    for (const name of this.#scheduler.due(now)) {
      try {
        await this.#runDue(name, now);
      } catch (fault) {
        logFault("alarm_job_failed", fault, { job: name, enrollment_id: this.#state?.meta.id ?? null });
        this.#forget();
        this.#scheduler.failed(name, Date.now());
      }
    }
    await this.#scheduler.arm();
  }

  async #runDue(name: DueName, now: number): Promise<void> {
    const state = await this.#load();
    if (state === null) {
      this.#scheduler.reschedule(name, null);
    } else if (name === "outbox" && this.#outbox.depth(now).rows === 0) {
      // Confirmed while the last announcement was still under way.
      this.#scheduler.reschedule("outbox", null);
    } else if (name === "outbox") {
      await this.#announcements.announceAgain(now);
      // Not done until confirmProjection says so: until then it is asked for again, later each time.
      this.#scheduler.failed("outbox", now, { least: RESEND_MS, most: RESEND_MAX_MS });
    } else if (name === "boundary") {
      this.#scheduler.reschedule("boundary", null);
      if (state.meta.status === "active") await this.#freshen(state, null);
    } else if (name === "catch_up") {
      this.#scheduler.reschedule("catch_up", null);
      await this.env.REFRESH_QUEUE.send({ type: "refresh", enrollment_id: state.meta.id, stale_mark: null });
    } else {
      const oldest = this.#store.pruneAnswers(now - ANSWER_RETENTION_MS);
      this.#scheduler.reschedule("housekeeping", oldest === null ? null : oldest + ANSWER_RETENTION_MS);
    }
  }

  /** D1 may be behind this object, which does not know how far: everything is owed, and what D1 has does no harm. */
  #oweEverything(now: number): void {
    for (const item of this.#current().facts.keys()) this.#outbox.add("fact", item, now);
    for (const id of this.#store.submissionIds()) this.#outbox.add("submission", id, now);
    this.#outbox.add("mirror", "", now);
    this.#scheduler.schedule("outbox", now + RESEND_MS);
  }

  /** Any write by or for an active learner: replay, decide, commit, remember the answer; all in one transaction. */
  async #write<T extends WriteAnswer>(
    pointer: CoursePointer | null,
    idempotency: Idempotency | null,
    actor: string,
    run: (writes: EnrollmentWrites, now: number) => Result<T>,
  ): Promise<Result<T>> {
    if ((await this.#active()) === null) return refuse("not_enrolled");
    return this.#commit(() => {
      const state = this.#current();
      const now = Date.now();
      const key = idempotency === null ? null : `${actor} ${idempotency.key}`;
      const stored = key === null ? null : this.#store.storedAnswer(key);
      if (stored !== null && idempotency !== null) {
        if (stored.body_hash !== idempotency.body_hash) return refuse("idempotency_key_reused");
        // SAFETY: written below by this same method for the same key, so it has this method's answer type.
        return { ok: true, value: { ...(JSON.parse(stored.answer) as T), replayed: true } };
      }
      this.#takeNewerVersion(state, pointer, now);
      const result = run(this.#writesOf(state), now);
      if (result.ok && key !== null && idempotency !== null) {
        this.#store.storeAnswer(key, idempotency.body_hash, JSON.stringify(result.value), now);
        this.#scheduler.schedule("housekeeping", now + ANSWER_RETENTION_MS);
      }
      return result;
    });
  }

  /**
   * A write never waits for D1. If the caller knows a newer version and the isolate has it compiled, it is applied
   * first; otherwise the write is decided on the version the object holds and the object catches up right after.
   */
  #takeNewerVersion(state: EnrollmentState, pointer: CoursePointer | null, now: number): void {
    if (pointer === null || pointer.activation <= state.meta.activation) return;
    const program = rememberedProgram(state.meta.course, pointer.version);
    if (program === null) this.#scheduler.schedule("catch_up", now);
    else state.refresh("publish", now, { pointer, program });
  }

  /** Recomputes the snapshot if it is stale. @returns whether it did. */
  async #freshen(state: EnrollmentState, pointer: CoursePointer | null, mustReach = false): Promise<boolean> {
    const cause = state.staleness(pointer, Date.now());
    if (cause === null) return false;
    let next: { pointer: CoursePointer; program: Program } | undefined;
    if (pointer !== null && pointer.activation > state.meta.activation) {
      try {
        const program = await this.#program(pointer.version);
        if (program !== null) next = { pointer, program };
        else if (mustReach) throw new Error(`version ${pointer.version} has no outline`);
      } catch (fault) {
        if (mustReach) throw fault;
        // D1 is dark: the learner gets the last snapshot, and is told since when it is known to be old.
        logFault("version_unreachable", fault, { enrollment_id: state.meta.id });
      }
    }
    const done = this.#commit(() => {
      const now = Date.now();
      const current = this.#current();
      // Asked again: while the version was fetched, another call may have brought the snapshot further than this one.
      const still: Cause | null = current.staleness(next?.pointer ?? null, now);
      if (still === null) return ok(false);
      current.refresh(still, now, next);
      return ok(true);
    });
    return done.ok && done.value;
  }

  /** Since when this snapshot is known to be behind a publish that could not be loaded; null when it is not. */
  #behindSince(state: EnrollmentState, pointer: CoursePointer | null): number | null {
    if (pointer === null || pointer.activation <= state.meta.activation) this.#behind = null;
    else this.#behind ??= Date.now();
    return this.#behind;
  }

  readonly #signCursor: SignCursor = (scope, position) => encodeCursor(this.env.AUTH_SECRET, scope, position);

  #writesOf(state: EnrollmentState): EnrollmentWrites {
    return new EnrollmentWrites(state, this.#store, this.#outbox, this.#scheduler);
  }

  #answer(state: EnrollmentState, delta: Delta): WriteAnswer {
    const { id, progress_seq, policy_seq, version, course_version } = state.meta;
    return { enrollment_id: id, progress_seq, policy_seq, version, course_version, ...delta };
  }

  /** Loads a course version: from this isolate's memory, or by one D1 query. */
  #program(version: number): Promise<Program | null> {
    const { course } = parseEnrollmentId(this.#id());
    return loadProgram(countedDatabase(this.env.DB, { count: 0 }), course, version);
  }

  async #active(): Promise<EnrollmentState | null> {
    const state = await this.#load();
    if (state !== null) return state.meta.status === "active" ? state : null;
    return this.#adopt();
  }

  /** The enrollment as stored, or null when the object is empty. */
  async #load(): Promise<EnrollmentState | null> {
    if (this.#state !== null) return this.#state;
    if (!this.#hasSchema()) return null;
    const meta = this.#store.meta();
    if (meta === null) return null;
    let program = rememberedProgram(meta.course, meta.course_version);
    if (program === null) {
      const outline = this.#store.outline();
      if (outline === null) return null;
      program = rememberProgram(meta.course_version, outline);
    }
    this.#state = new EnrollmentState(this.#store, this.#outbox, this.#scheduler, {
      meta,
      program,
      facts: this.#store.facts(),
    });
    // The constructor of a woken object cannot await; whatever was due while it slept is re-armed with its first call.
    await this.#scheduler.arm();
    return this.#state;
  }

  /** An empty object of an enrollment that D1 knows: starts from what D1 has. */
  async #adopt(): Promise<EnrollmentState | null> {
    if (Date.now() < this.#absentUntil) return null;
    const rebuilt = await this.rebuild();
    if (!rebuilt.ok) this.#absentUntil = Date.now() + ABSENCE_MS;
    return this.#state;
  }

  /** Creates the rows of a new enrollment, inside the caller's transaction. */
  #begin(pointer: CoursePointer, program: Program, enrolledAt: number, now: number): EnrollmentState {
    migrate(this.ctx.storage, SCHEMA_STEPS);
    const meta = newMeta(this.#id(), pointer.version, program.size, enrolledAt, now);
    this.#store.saveMeta(meta);
    this.#state = new EnrollmentState(this.#store, this.#outbox, this.#scheduler, { meta, program, facts: new Map() });
    return this.#state;
  }

  /**
   * Runs a change in one transaction and arms the alarm in the same turn. Whatever throws rolls everything back and
   * drops the memory, which SQLite cannot roll back.
   */
  #commit<T>(change: () => Result<T>): Result<T> {
    if (this.#isErased) return refuse("not_enrolled");
    this.#state?.beginCommit();
    this.#outbox.beginCommit();
    try {
      const result = this.ctx.storage.transactionSync(() => {
        const changed = change();
        this.#outbox.flush();
        return changed;
      });
      if (this.#hasSchema()) this.#scheduler.armBeside(this.ctx);
      this.#countCommit();
      this.#announcements.afterCommit(Date.now());
      return result;
    } catch (fault) {
      this.#forget();
      throw fault;
    }
  }

  /** Counts what the commit that has just succeeded did for the learner. */
  #countCommit(): void {
    if (this.#state === null) return;
    const { commitDelta, commitTally } = this.#state;
    meter.count("items_unlocked_total", [], commitDelta.unlocked.length);
    meter.count("items_locked_total", [], commitDelta.locked.length);
    meter.count("items_completed_total", ["chapter"], commitTally.chapters);
    meter.count("items_completed_total", ["problem"], commitTally.problems);
    meter.count("enrollments_started_total", [], commitTally.enrollments);
    meter.pushSoon(this.env);
  }

  /** The state inside a transaction: what memory holds now, not what a caller held before it awaited. */
  #current(): EnrollmentState {
    if (this.#state === null) throw new Error("the enrollment's memory was dropped by a failed write; try again");
    return this.#state;
  }

  #forget(): void {
    this.#state = null;
    this.#announcements.forget();
    this.#schema = false;
    this.#reader.forget();
    this.#scheduler.forget();
  }

  /** Whether the object has tables; once it has, only {@link destroy} or a rollback takes them away. */
  #hasSchema(): boolean {
    this.#schema ||= hasSchema(this.ctx.storage.sql);
    return this.#schema;
  }

  /** The enrollment id is the object's name. */
  #id(): string {
    const name = this.ctx.id.name;
    if (name === undefined) throw new Error("an enrollment object must be addressed by name");
    return name;
  }
}
