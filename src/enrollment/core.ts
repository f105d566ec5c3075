import { type CoursePointer, loadProgram, rememberedProgram, rememberProgram } from "../courses/index.ts";
import { Cell } from "../platform/cell/cell.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { meter } from "../platform/metrics/meter.ts";
import { type Result, refuse } from "../platform/results.ts";
import type { Program } from "../unlock/index.ts";
import { Announcements } from "./announcements.ts";
import { DERIVED_TABLES } from "./backup.ts";
import { StandingLease } from "./lease.ts";
import { newMeta } from "./meta.ts";
import { Outbox } from "./outbox.ts";
import { Promised } from "./promises.ts";
import { RESEND_MS } from "./resend.ts";
import { DUE_NAMES, type DueName, SCHEMA_STEPS } from "./schema.ts";
import { EnrollmentState } from "./state.ts";
import { EnrollmentStore } from "./store.ts";
import { tellWatchers, Watchers } from "./watchers.ts";
import { WriteTools } from "./write-tools.ts";
import { type EnrollmentWrites, writesWith } from "./writes.ts";

/**
 * One enrollment in its object: its rows, its memory, its outbox, and the one way to change any of it. The modules
 * beside this have the operations.
 */
export class EnrollmentCore {
  readonly store: EnrollmentStore;
  readonly outbox: Outbox;
  readonly cell: Cell<DueName>;
  readonly announcements: Announcements;
  readonly promised: Promised;
  readonly lease: StandingLease;
  readonly watchers: Watchers;
  readonly #ctx: DurableObjectState;
  readonly #env: () => Env;
  /** Whether it is noted for the next backup that D1 is behind. */
  isNotedForBackup = false;
  #state: EnrollmentState | null = null;

  /**
   * @param env the object's bindings as they are now.
   * @param forget drops what other parts remember of the enrollment.
   */
  constructor(ctx: DurableObjectState, env: () => Env, forget: () => void) {
    this.#ctx = ctx;
    this.#env = env;
    this.store = new EnrollmentStore(ctx.storage.sql);
    this.outbox = new Outbox(ctx.storage.sql);
    this.watchers = new Watchers(ctx.storage);
    this.promised = new Promised(ctx.storage.sql);
    this.lease = new StandingLease(this.promised);
    this.cell = new Cell(ctx, {
      called: "an enrollment object",
      schema: SCHEMA_STEPS,
      dues: DUE_NAMES,
      dueRows: { table: "due_rows", implied: { name: "outbox", at: () => this.#askAgainAt() } },
      derived: DERIVED_TABLES,
      forget: () => {
        this.#state = null;
        this.outbox.forget();
        this.watchers.forget();
        this.promised.forget();
        this.announcements.forget();
        forget();
      },
    });
    const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work);
    this.announcements = new Announcements(env, waitUntil, this.outbox, this.promised, () => this.id);
  }

  get env(): Env {
    return this.#env();
  }

  /** The enrollment id is the object's name. */
  get id(): string {
    return this.cell.name;
  }

  get storage(): DurableObjectStorage {
    return this.#ctx.storage;
  }

  /** The enrollment in memory; null if nothing is loaded. */
  get state(): EnrollmentState | null {
    return this.#state;
  }

  /** The state inside a transaction: the present memory, not a value from before an await. */
  current(): EnrollmentState {
    if (this.#state === null) throw new Error("a failed write has reset the enrollment's memory; try again");
    return this.#state;
  }

  /** The decisions behind writes, for the present memory. */
  writes(): EnrollmentWrites {
    return writesWith(new WriteTools(this.current(), this.store, this.outbox, this.cell.scheduler));
  }

  /** The enrollment as stored, or null when the object is empty. */
  async load(): Promise<EnrollmentState | null> {
    if (this.#state !== null) return this.#state;
    if (!this.cell.exists) return null;
    const meta = this.store.meta();
    if (meta === null) return null;
    let program = rememberedProgram(meta.course, meta.course_version);
    if (program === null) {
      const outline = this.store.outline();
      if (outline === null) return null;
      program = rememberProgram(meta.course_version, outline);
    }
    const loaded = { meta, program, facts: this.store.facts.all() };
    this.#state = new EnrollmentState(this.store, this.outbox, this.cell.scheduler, loaded);
    // The constructor of a woken object cannot await. Everything that was due while it slept is set again with its
    // first call.
    await this.cell.scheduler.arm();
    return this.#state;
  }

  /** Creates the rows of a new enrollment, inside the caller's transaction. */
  begin(pointer: CoursePointer, program: Program, enrolledAt: number, now: number): EnrollmentState {
    const meta = newMeta(this.id, pointer.version, program.size, enrolledAt, now);
    this.store.saveMeta();
    const begun = { meta, program, facts: new Map() };
    this.#state = new EnrollmentState(this.store, this.outbox, this.cell.scheduler, begun);
    return this.#state;
  }

  /** Runs a change in one transaction, together with its outbox rows, and notifies others right after. */
  commit<T>(change: () => Result<T>): Result<T> {
    if (this.cell.isErased) return refuse("not_enrolled");
    this.#state?.beginCommit();
    this.outbox.beginCommit();
    this.store.beginCommit();
    const result = this.cell.commit(() => {
      const changed = change();
      tellWatchers(this.watchers, this.#state, this.outbox, Date.now());
      this.#state?.endCommit(Date.now());
      this.outbox.flush(this.#state !== null);
      if (this.#state !== null) this.store.flush(this.#state.meta, this.outbox, this.promised);
      // After a failure it waits for its turn; news come before that.
      const { scheduler } = this.cell;
      if (this.outbox.hasNews && scheduler.has("outbox")) scheduler.schedule("outbox", Date.now() + RESEND_MS);
      return changed;
    });
    this.#countCommit();
    this.announcements.afterCommit(Date.now());
    return result;
  }

  /** Loads a course version: from this isolate's memory, or by one D1 query. */
  program(version: number): Promise<Program | null> {
    const { course } = parseEnrollmentId(this.id);
    return loadProgram(countedDatabase(directory(this.env), { count: 0 }), course, version);
  }

  /** When to ask the queue again to bring a consumer, while rows are pending. */
  #askAgainAt(): number | null {
    const { oldest } = this.outbox;
    return oldest === null ? null : Math.max(oldest, this.announcements.confirmedAt) + RESEND_MS;
  }

  /** Counts what the last commit did for the learner. */
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
}
