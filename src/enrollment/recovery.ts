import { type Adoption, adoptedSubmissions, findAdoption, type WriteAnswer } from "../mirror/index.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { EnrollmentCore } from "./core.ts";
import type { EnrollmentState } from "./state.ts";

/** How long "there is no such enrollment" is assumed before D1 is asked again. */
const ABSENCE_MS = 2_000;

/** An empty object whose enrollment is in D1 starts with the data of D1. */
export class Recovery {
  readonly #core: EnrollmentCore;
  #absentUntil = 0;

  constructor(core: EnrollmentCore) {
    this.#core = core;
  }

  /**
   * The enrollment while its learner is enrolled, read from D1 if necessary; else null.
   * @param believesAbsence whether "there is none" may be {@link ABSENCE_MS} old. This is allowed for reads. Changes,
   * and calls that make the object of a row, ask D1.
   */
  async active(believesAbsence = false): Promise<EnrollmentState | null> {
    const state = await this.#core.load();
    if (state !== null) return state.meta.status === "active" ? state : null;
    if (believesAbsence && Date.now() < this.#absentUntil) return null;
    const rebuilt = await this.rebuild();
    if (!rebuilt.ok) this.#absentUntil = Date.now() + ABSENCE_MS;
    return this.#core.state;
  }

  /** Merges D1's data into the object: for an object that lost its storage, harmless for any other. */
  async rebuild(): Promise<Result<WriteAnswer>> {
    const adoption = await findAdoption(this.#core.env, this.#core.id);
    return adoption === null ? refuse("not_enrolled") : this.#takeOver(adoption);
  }

  /** The same for a learner who comes back, though D1 says "withdrawn". @returns whether D1 knew the learner. */
  async rebuildForReturn(): Promise<boolean> {
    const adoption = await findAdoption(this.#core.env, this.#core.id, ["active", "withdrawn"]);
    if (adoption !== null) await this.#takeOver(adoption);
    return adoption !== null;
  }

  async #takeOver(adoption: Adoption): Promise<Result<WriteAnswer>> {
    const core = this.#core;
    await this.#adoptSubmissions();
    await core.load();
    return core.commit(() => {
      const now = Date.now();
      const { pointer, program, mirror } = adoption;
      const state = core.state ?? core.begin(pointer, program, mirror.record.enrolled_at, now);
      state.noteLearners(pointer);
      const delta = core.writes().facts.adopt(adoption, now);
      const { id, progress_seq, policy_seq, version, course_version } = state.meta;
      return ok({ enrollment_id: id, progress_seq, policy_seq, version, course_version, ...delta });
    });
  }

  /**
   * Reads the submissions from D1, page by page. They come before the enrollment itself: if the object is interrupted
   * in between, it has no enrollment yet, and begins again.
   */
  async #adoptSubmissions(): Promise<void> {
    const { submissions } = this.#core.store;
    for await (const page of adoptedSubmissions(this.#core.env, this.#core.id)) {
      this.#core.commit(() => {
        for (const submission of page) {
          if (submissions.find(submission.id) !== null) continue;
          // D1 has no score for a held verdict, and one for every other: it stays hidden until its release.
          const isHeld = submission.status !== "pending" && submission.score === null;
          submissions.save(submission, { held_at: isHeld ? submission.judged_at : null });
        }
        return ok(null);
      });
    }
  }
}
