import { ok, type Result } from "../platform/results.ts";
import type { EnrollmentCore } from "./core.ts";
import { completedAt } from "./watchers.ts";

/** Another course of the learner depends on this one. @returns since when this one is completed; null if it is not. */
export async function watchCourse(core: EnrollmentCore, course: string): Promise<Result<number | null>> {
  await core.load();
  if (core.cell.isErased) return ok(null);
  const at = completedAt(core.state, Date.now());
  core.watchers.note(course, at);
  return ok(at);
}

/** Another course of the learner reports that it is completed, or is not any more. */
export async function tellCourse(
  core: EnrollmentCore,
  { course, completed_at }: { course: string; completed_at: number | null },
): Promise<Result<null>> {
  if ((await core.load()) === null || core.cell.isErased) return ok(null);
  return core.commit(() => {
    core.writes().policy.tellCourse(course, completed_at, Date.now());
    return ok(null);
  });
}
