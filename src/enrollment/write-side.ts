import type { CoursePointer } from "../courses/index.ts";
import type { ActorRef, EnrollAnswer, EnrollRequest, Idempotency, WriteAnswer } from "../mirror/index.ts";
import { ANSWER_RETENTION_MS } from "../platform/http/limits.ts";
import { logEvent } from "../platform/log.ts";
import { type Result, refuse } from "../platform/results.ts";
import { takeNewerVersion } from "./catch-up.ts";
import type { EnrollmentCore } from "./core.ts";
import type { Recovery } from "./recovery.ts";
import type { EnrollmentWrites } from "./writes.ts";

/** The parts of a request that every write uses; a verdict has no pointer. */
interface Request {
  pointer?: CoursePointer | null;
  idempotency: Idempotency | null;
  actor: { id: string };
}

/** Runs writes: each is replayed, decided, committed and remembered in one transaction. */
export class WriteSide {
  readonly #core: EnrollmentCore;
  readonly #recovery: Recovery;

  constructor(core: EnrollmentCore, recovery: Recovery) {
    this.#core = core;
    this.#recovery = recovery;
  }

  /** Any write by or for an active learner. @param alsoWithdrawn also for one who has withdrawn. */
  async run<T extends WriteAnswer>(
    { pointer = null, idempotency, actor }: Request,
    decide: (writes: EnrollmentWrites, now: number) => Result<T>,
    { alsoWithdrawn = false } = {},
  ): Promise<Result<T>> {
    const core = this.#core;
    const state = alsoWithdrawn ? await core.load() : null;
    if (state === null && (await this.#recovery.active()) === null) return refuse("not_enrolled");
    return core.commit(() => {
      const writes = core.writes();
      const now = Date.now();
      const key = idempotency === null ? null : `${actor.id} ${idempotency.key}`;
      const stored = key === null ? null : core.store.storedAnswer(key);
      if (stored !== null && idempotency !== null) {
        if (stored.body_hash !== idempotency.body_hash) return refuse("idempotency_key_reused");
        // SAFETY: written below by this same method for the same key, so it has this method's answer type.
        return { ok: true, value: { ...(JSON.parse(stored.answer) as T), replayed: true } };
      }
      takeNewerVersion(core, pointer, now);
      const result = decide(writes, now);
      if (result.ok && key !== null && idempotency !== null) {
        core.store.storeAnswer(key, idempotency.body_hash, JSON.stringify(result.value), now);
        core.cell.scheduler.schedule("housekeeping", now + ANSWER_RETENTION_MS);
      }
      return result;
    });
  }

  /** Starts the enrollment, resumes it after a withdrawal, or changes the settings of an enrolled learner. */
  async enroll(request: EnrollRequest): Promise<Result<EnrollAnswer>> {
    const core = this.#core;
    const program = await core.program(request.pointer.version);
    if (program === null) return refuse("course_unpublished");
    if ((await core.load()) === null && request.has_history) {
      // A learner who comes back to an emptied object starts with D1's data.
      if (!(await this.#recovery.rebuildForReturn())) return refuse("unavailable", { retry_after: 1 });
    }
    return core.commit(() => {
      const now = Date.now();
      const isNew = core.state === null;
      const state = core.state ?? core.begin(request.pointer, program, request.enrolled_at, now);
      if (isNew && request.place != null) core.store.savePlace(request.place);
      state.noteLearners(request.pointer);
      return core.writes().policy.enroll(request, program, isNew, now);
    });
  }

  /** Ends the enrollment; facts stay, for a return and for the retention period. */
  async withdraw(actor: ActorRef, keepsOut: boolean): Promise<Result<WriteAnswer>> {
    const core = this.#core;
    if ((await this.#recovery.active()) === null) return refuse("not_enrolled");
    return core.commit(() => {
      const withdrawn = core.writes().policy.withdraw(actor, keepsOut, Date.now());
      logEvent("withdrawn", { enrollment_id: core.id, actor: actor.id });
      return withdrawn;
    });
  }

  /** Invalidates the snapshot: the next read recomputes it. */
  async markStale(reason: string, actor: ActorRef | null): Promise<Result<{ stale: boolean }>> {
    if ((await this.#recovery.active()) === null) return refuse("not_enrolled");
    return this.#core.commit(() => this.#core.writes().policy.markStale(reason, actor, Date.now()));
  }
}
