import type { CoursePointer } from "../courses/index.ts";
import { type ReadAnswer, type ReadRequest, type SignCursor, walkedBefore } from "../mirror/index.ts";
import { encodeCursor } from "../platform/http/pagination.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { pauseAt } from "../unlock/index.ts";
import { freshen } from "./catch-up.ts";
import type { EnrollmentCore } from "./core.ts";
import { readAt } from "./history.ts";
import { mirrorOf } from "./mirror-of.ts";
import type { Recovery } from "./recovery.ts";
import type { Inspection, StoredSubmission, SubmissionsPage, SubmissionsRequest } from "./requests.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import type { EnrollmentState } from "./state.ts";

/** Answers reads: for the present from the updated snapshot; for another instant from the logs. */
export class ReadSide {
  readonly #core: EnrollmentCore;
  readonly #recovery: Recovery;
  readonly #reader: SnapshotReader;
  readonly #sign: SignCursor;
  /** Since when the snapshot is known to be behind a publish that could not be loaded. */
  #behind: number | null = null;

  constructor(core: EnrollmentCore, recovery: Recovery) {
    this.#core = core;
    this.#recovery = recovery;
    this.#sign = (scope, position) => encodeCursor(core.env.AUTH_SECRET, scope, position);
    this.#reader = new SnapshotReader(this.#sign);
  }

  /** The object's memory was dropped. */
  forget(): void {
    this.#reader.forget();
  }

  async read(request: ReadRequest): Promise<Result<ReadAnswer>> {
    const core = this.#core;
    const state = await this.#recovery.active(true);
    if (state === null) return refuse("not_enrolled");
    if (request.min_seq !== null && request.min_seq > state.meta.progress_seq) {
      return refuse("sequence_ahead", { detail: `The enrollment is at ${state.meta.progress_seq}.` });
    }
    const load = (version: number) => core.program(version);
    const held = { version: state.meta.course_version, program: state.program };
    const walked = await walkedBefore(request.want, held, load);
    if (!walked.ok) return walked;
    if (request.at === null) core.announcements.somebodyReads();
    const isFresh = await freshen(core, state, request.pointer);
    const source = this.#noteOpening(request) || isFresh ? "recomputed" : "snapshot";
    const current = core.current();
    const behindSince = this.#behindSince(current, request.pointer);
    if (request.at === null) return this.#reader.answer(current, request, walked.value, source, behindSince);
    const tools = { load, sign: this.#sign, walked: walked.value, behindSince };
    return readAt(current, core.store, request, request.at, tools);
  }

  /** The settings by staff for this learner, and the rows that are still pending for D1. */
  async inspect(): Promise<Result<Inspection>> {
    const state = await this.#recovery.active();
    if (state === null) return refuse("not_enrolled");
    const { store, outbox } = this.#core;
    const { cohorts, practice_mode, profile, courses, pauses } = state.meta;
    const mirror = mirrorOf(state, store);
    return ok({
      overrides: store.policy.overrides(),
      cohorts,
      practice_mode,
      profile,
      courses,
      pause: pauseAt(pauses, Date.now()),
      held: store.held.all().map(({ item, held_at }) => ({ item, held_at })),
      outbox: outbox.depth(Date.now()),
      mirror,
    });
  }

  /** A page of the learner's submissions for one item, newest first. */
  async submissionsOf({ item, after, limit, byStaff = false }: SubmissionsRequest): Promise<Result<SubmissionsPage>> {
    if ((await this.#recovery.active()) === null) return refuse("not_enrolled");
    return ok(this.#core.store.submissions.page(item, after, limit, byStaff));
  }

  /** One submission with all its verdicts, for people who judge: also if the learner has withdrawn. */
  async submission(id: string): Promise<Result<StoredSubmission>> {
    if ((await this.#core.load()) === null && (await this.#recovery.active()) === null) return refuse("not_enrolled");
    const found = this.#core.store.submissions.whole(id, true);
    return found === null ? refuse("submission_not_found") : ok(found);
  }

  /**
   * Notes before the answer that the learner opened the item, if a rule asks for it. @returns whether anything changed.
   */
  #noteOpening({ want, at, opens = false }: ReadRequest): boolean {
    const { program, learner } = this.#core.current();
    if (!opens || at !== null || want.kind !== "item" || !program.asksViews) return false;
    const index = program.indexOf.get(want.item) ?? -1;
    if (program.watched[index] !== 1 || !Number.isNaN(learner.viewedAt[index] ?? 0)) return false;
    const noted = this.#core.commit(() =>
      ok(this.#core.writes().facts.open(want.item, this.#core.current().meta.user, Date.now())),
    );
    return noted.ok && noted.value;
  }

  #behindSince(state: EnrollmentState, pointer: CoursePointer | null): number | null {
    if (pointer === null || pointer.activation <= state.meta.activation) this.#behind = null;
    else this.#behind ??= Date.now();
    return this.#behind;
  }
}
