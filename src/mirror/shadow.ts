import { loadProgram } from "../courses/index.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { courseDatabases } from "../platform/database/course-databases.ts";
import { atCourse } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { logEvent } from "../platform/log.ts";
import { itemStates } from "../unlock/index.ts";
import type { SnapshotInfo } from "./contract.ts";
import { loadMirror } from "./mirror.ts";
import { mirroredView } from "./mirrored.ts";
import { divergences } from "./tables.ts";

export type ShadowOutcome = "equal" | "lagging" | "diverged";

/**
 * The shadow check: evaluates from D1 what an object has just answered, and compares. Only equal inputs are compared;
 * while D1 is behind the object the check is skipped. A divergence is stored; there must be none.
 * @param states the object's answer, at `snapshot`.
 */
export async function shadowCheck(
  env: Env,
  enrollment: string,
  snapshot: SnapshotInfo,
  states: Record<string, string>,
): Promise<ShadowOutcome> {
  const databases = courseDatabases(env);
  const { course } = parseEnrollmentId(enrollment);
  const mirror = await loadMirror(await databases.ofCourse(course), enrollment);
  const isComparable =
    mirror !== null &&
    mirror.version === snapshot.version &&
    mirror.progress_seq === snapshot.progress_seq &&
    mirror.policy_seq === snapshot.policy_seq &&
    mirror.course_version === snapshot.course_version;
  const program = isComparable ? await loadProgram(databases.directory, mirror.course, mirror.course_version) : null;
  if (!isComparable || program === null) return "lagging";
  const pointer = { version: mirror.course_version, activation: mirror.activation, last_relock: 0 };
  const expected = itemStates(mirroredView(mirror, pointer, program, Date.parse(snapshot.computed_at)));
  const differences = [...new Set([...Object.keys(expected), ...Object.keys(states)])]
    .filter((item) => expected[item] !== states[item])
    .map((item) => ({ item, snapshot: states[item] ?? null, evaluated: expected[item] ?? null }));
  if (differences.length === 0) return "equal";
  await atCourse(env, course, (db) =>
    countedDatabase(db, { count: 0 })
      .insert(divergences)
      .values({
        id: crypto.randomUUID(),
        enrollment_id: enrollment,
        snapshot: JSON.stringify(snapshot),
        differences: JSON.stringify(differences),
        detected_at: Date.now(),
      }),
  );
  logEvent("divergence", { enrollment_id: enrollment, items: differences.length });
  return "diverged";
}
