import { loadActiveProgram, loadProgram, rememberedProgram } from "../courses/index.ts";
import type { CourseDatabases } from "../platform/database/course-databases.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ENGINE } from "../unlock/index.ts";
import type { ReadAnswer, ReadRequest, SnapshotInfo } from "./contract.ts";
import { loadMirror } from "./mirror.ts";
import { mirroredView } from "./mirrored.ts";
import { walkedBefore } from "./paging.ts";
import { contentFrom, presentOnly, type SignCursor, type Views } from "./reading.ts";

/** Suggested wait when D1 does not have a write yet that the caller knows of. */
const CATCH_UP_S = 2;

/**
 * Answers a read from D1 when the enrollment object cannot, with the same evaluator. At most three D1 statements for a
 * course of any size: pointer with outline (none if remembered), the enrollment, its facts. A cursor of another course
 * version may need one more for that version. D1 may be behind the object by the rows in its outbox. Facts open items,
 * so an answer that is behind locks too much rather than too little (invariant 7); policy changes are projected before
 * they are acknowledged while D1 answers. The one exception is a rule under `not`: until the fact that closes it is
 * projected (usually a second), the fallback may still show such an item open. The object decides about a write on it
 * anyway.
 */
export async function readRealtime(
  databases: CourseDatabases,
  enrollment: string,
  request: ReadRequest,
  now: number,
  sign: SignCursor,
): Promise<Result<ReadAnswer>> {
  const { course } = parseEnrollmentId(enrollment);
  const remembered = request.pointer === null ? null : rememberedProgram(course, request.pointer.version);
  const active =
    remembered !== null && request.pointer !== null
      ? { pointer: request.pointer, program: remembered }
      : await loadActiveProgram(databases.directory, course);
  if (active === null) return refuse("course_unpublished");
  const mirror = await loadMirror(await databases.ofCourse(course), enrollment);
  if (mirror === null || mirror.status !== "active") return refuse("not_enrolled");
  if (request.min_seq !== null && request.min_seq > mirror.progress_seq) {
    return refuse("unavailable", {
      detail: "The state with this min_seq cannot be read yet.",
      retry_after: CATCH_UP_S,
    });
  }
  if (request.at !== null && request.at < now) {
    return refuse("unavailable", { detail: "The past cannot be read right now.", retry_after: CATCH_UP_S });
  }
  const { pointer, program } = active;
  const walked = await walkedBefore(request.want, { version: pointer.version, program }, (version) =>
    loadProgram(databases.directory, course, version),
  );
  if (!walked.ok) return walked;
  const present = mirroredView(mirror, pointer, program, now);
  const views: Views =
    request.at === null
      ? presentOnly(present, pointer.version)
      : { ...presentOnly(present, pointer.version), asked: mirroredView(mirror, pointer, program, request.at) };
  const { validUntil } = views.asked.evaluation;
  const snapshot: SnapshotInfo = {
    version: mirror.version,
    source: "realtime",
    computed_at: toInstant(now),
    progress_seq: mirror.progress_seq,
    policy_seq: mirror.policy_seq,
    course_version: pointer.version,
    engine: ENGINE,
    valid_until: toInstantOrNull(Number.isFinite(validUntil) ? validUntil : null),
    ...(mirror.stale_since === null ? {} : { stale_since: toInstant(mirror.stale_since) }),
  };
  const content = await contentFrom(views, request, walked.value, snapshot, sign);
  return content.ok ? ok({ unchanged: false, etag: "", snapshot, content: content.value }) : content;
}
