import { parseEnrollmentId } from "../platform/ids.ts";
import { inParallel } from "../platform/parallel.ts";
import type { ProjectionBatch } from "./contract.ts";
import { callPort } from "./port.ts";

const PARALLEL_OBJECTS = 12;

/**
 * Brings messages between the enrollments of one learner: questions whether another course is completed, and answers.
 * They go from object to object, without a database.
 * @returns enrollments with a message that could not be brought: they are not confirmed, and come again.
 */
export async function unlinked(env: Env, group: readonly ProjectionBatch[]): Promise<Set<string>> {
  const failed = new Set<string>();
  await inParallel(group, PARALLEL_OBJECTS, async ({ enrollment_id, asks = [], tells = [] }) => {
    const { course, user } = parseEnrollmentId(enrollment_id);
    for (const other of asks) {
      const answer = await callPort(env, `${other}:${user}`, (stub) => stub.watchCourse(course));
      const at = answer.ok ? answer.value : null;
      const told =
        at === null
          ? answer
          : await callPort(env, enrollment_id, (stub) => stub.tellCourse({ course: other, completed_at: at }));
      if (!told.ok) failed.add(enrollment_id);
    }
    for (const { course: watcher, completed_at } of tells) {
      const told = await callPort(env, `${watcher}:${user}`, (stub) => stub.tellCourse({ course, completed_at }));
      if (!told.ok) failed.add(enrollment_id);
    }
  });
  return failed;
}
