import { type CoursePointer, findCourse } from "../courses/index.ts";
import { noteChanged } from "../platform/cell/change-notes.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { ANSWER_RETENTION_MS } from "../platform/http/limits.ts";
import { logFault } from "../platform/log.ts";
import { freshen } from "./catch-up.ts";
import type { EnrollmentCore } from "./core.ts";
import { RESEND_MS, resendMost } from "./resend.ts";
import type { DueName } from "./schema.ts";

/**
 * The version that its course has now: an object that slept through a publish must not act on a date of an earlier
 * version. Null if it is not known.
 */
async function knownPointer({ env }: EnrollmentCore, course: string): Promise<CoursePointer | null> {
  try {
    const entry = await findCourse(() => countedDatabase(directory(env), { count: 0 }), course);
    return entry?.pointer ?? null;
  } catch (fault) {
    logFault("pointer_unreachable", fault, { course_id: course });
    return null;
  }
}

/** The due jobs of an enrollment object. @throws if they must be tried again. */
export async function runJob(core: EnrollmentCore, name: DueName, now: number): Promise<void> {
  const { outbox, store } = core;
  const { scheduler } = core.cell;
  const state = await core.load();
  if (state === null) {
    scheduler.reschedule(name, null);
  } else if (name === "outbox" && outbox.depth(now).rows === 0) {
    // Confirmed while the last announcement was still under way.
    scheduler.reschedule("outbox", null);
  } else if (name === "outbox") {
    // D1 does not show that this object changed, so it is noted for the next backup.
    core.isNotedForBackup ||= await noteChanged(core.env, "enrollments", core.cell.objectId);
    await core.announcements.announceAgain(now);
    // Not done until confirmProjection confirms it: until then it is requested again, with longer waits.
    const { oldest_ms } = outbox.depth(now);
    scheduler.failed("outbox", now, { least: RESEND_MS, most: resendMost(oldest_ms) });
  } else if (name === "boundary") {
    scheduler.reschedule("boundary", null);
    if (state.meta.status === "active") await freshen(core, state, await knownPointer(core, state.meta.course));
  } else if (name === "catch_up") {
    scheduler.reschedule("catch_up", null);
    await core.env.REFRESH_QUEUE.send({ type: "refresh", enrollment_id: state.meta.id, stale_mark: null });
  } else {
    const oldest = store.pruneAnswers(now - ANSWER_RETENTION_MS);
    scheduler.reschedule("housekeeping", oldest === null ? null : oldest + ANSWER_RETENTION_MS);
  }
}
