import { type CoursePointer, rememberedProgram } from "../courses/index.ts";
import type { Cause, Mirror } from "../mirror/index.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { Program } from "../unlock/index.ts";
import type { EnrollmentCore } from "./core.ts";
import { mirrorOf } from "./mirror-of.ts";
import { tellAgain } from "./pending.ts";
import type { EnrollmentState } from "./state.ts";

/**
 * Recomputes the snapshot if it is stale.
 * @param mustReach throws if a newer course version cannot be loaded; otherwise the last snapshot stays.
 * @returns whether it did.
 */
export async function freshen(
  core: EnrollmentCore,
  state: EnrollmentState,
  pointer: CoursePointer | null,
  mustReach = false,
): Promise<boolean> {
  state.noteLearners(pointer);
  const cause = state.staleness(pointer, Date.now());
  if (cause === null) return false;
  let next: { pointer: CoursePointer; program: Program } | undefined;
  if (pointer !== null && pointer.activation > state.meta.activation) {
    try {
      const program = await core.program(pointer.version);
      if (program !== null) next = { pointer, program };
      else if (mustReach) throw new Error(`version ${pointer.version} has no outline`);
    } catch (fault) {
      if (mustReach) throw fault;
      // D1 does not answer: the learner gets the last snapshot, with the instant since when it is known to be old.
      logFault("version_unreachable", fault, { enrollment_id: state.meta.id });
    }
  }
  const done = core.commit(() => {
    const now = Date.now();
    const current = core.current();
    // Checked again: while the version was loaded, another call may have brought the snapshot further than this one.
    const still: Cause | null = current.staleness(next?.pointer ?? null, now);
    if (still === null) return ok(false);
    current.refresh(still, now, next);
    return ok(true);
  });
  return done.ok && done.value;
}

/**
 * A write never waits for D1. If the caller knows a newer version and the isolate has it compiled, it is applied first.
 * Otherwise the write uses the version that the object has, and the object catches up right after.
 */
export function takeNewerVersion(core: EnrollmentCore, pointer: CoursePointer | null, now: number): void {
  const state = core.current();
  if (pointer === null || pointer.activation <= state.meta.activation) return;
  const program = rememberedProgram(state.meta.course, pointer.version);
  if (program === null) core.cell.scheduler.schedule("catch_up", now);
  else state.refresh("publish", now, { pointer, program });
}

/**
 * Brings the snapshot up to date for a sweep or a warm-up.
 * @param state of an active enrollment; null if there is none.
 * @param force recomputes it even if nothing differs.
 */
export async function refresh(
  core: EnrollmentCore,
  state: EnrollmentState | null,
  pointer: CoursePointer,
  force: boolean,
): Promise<Result<{ mirror: Mirror; recomputed: boolean }>> {
  if (state === null) {
    // Only active ones are refreshed: here D1 and this object differ.
    await tellAgain(core);
    return refuse("not_enrolled");
  }
  const recomputed = await freshen(core, state, pointer, true);
  if (!recomputed && force) core.commit(() => ok(core.current().refresh("stale", Date.now())));
  return ok({ mirror: mirrorOf(core.current(), core.store), recomputed: recomputed || force });
}
