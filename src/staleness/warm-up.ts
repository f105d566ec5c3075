import { publishAll } from "../events/index.ts";
import { changedItems, contentEvent, type RefreshMessage } from "../mirror/index.ts";
import { directory, forCourse } from "../platform/database/shards.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import { beginChain, endChain, takeStep } from "./chains.ts";
import { askForMarks } from "./marks.ts";
import { evaluatePage, reachStatements } from "./page-evaluation.ts";
import { PARALLEL_OBJECTS, PointerReader, refreshOne } from "./refresh-one.ts";
import { Settler } from "./settle.ts";
import { recentLearners } from "./statements.ts";

/** Learners who were active within this time are refreshed right after a publish. */
export const RECENT_MS = 7 * 86_400_000;

/** Enrollments refreshed for one message. */
export const WARM_PAGE = 100;

/**
 * Refreshes one page of a course's recently active learners, marked or not yet, and asks for the next page. A page that
 * comes twice finds nothing left to do, and only the worker that takes its step asks for the next one. The step is
 * taken after the work, so that a retry does a failed page again.
 */
export async function warmPage(
  env: Env,
  pointers: PointerReader,
  job: Extract<RefreshMessage, { type: "warm" }>,
): Promise<void> {
  const pointer = await pointers.of(job.course);
  if (pointer === null || pointer.activation > job.activation) return; // a newer publish warms for itself
  const now = Date.now();
  const from = job.cursor ?? { last_active_at: now + 1, id: "" };
  const { results } = await recentLearners(
    await forCourse(env, job.course),
    job.course,
    now - RECENT_MS,
    from.last_active_at,
    from.id,
    WARM_PAGE,
  ).all<Recent>();
  const settler = new Settler(env);
  // Read after the marks: a pointer read before them could be older than the publish that set them, and the refresh
  // would then clear a mark that it does not answer (invariant 4).
  const current = new PointerReader(env);
  const late = results.filter((row) => row.is_stale === 1 || row.activation < pointer.activation);
  const asleep = await leaveAsleep(env, current, job.course, late);
  await inParallel(
    late.filter(
      (row) =>
        !asleep.has(row) &&
        (row.is_stale === 1 || Math.max(row.activation, row.reached_activation) < pointer.activation),
    ),
    PARALLEL_OBJECTS,
    async (row) => {
      try {
        const mirror = await refreshOne(env, current, row.id, false, "course");
        await settler.add({ mirror, enrollment: row.id, mark: row.is_stale === 1 ? row.stale_mark : null });
      } catch (fault) {
        logFault("warm_failed", fault, { enrollment_id: row.id }); // its mark stays: the sweep takes it
      }
    },
  );
  await settler.settle();
  const last = results.at(-1);
  const chain = `warm ${job.course}`;
  if (results.length === WARM_PAGE && last !== undefined) {
    const db = directory(env);
    const step = job.step === undefined ? await beginChain(db, chain) : await takeStep(db, chain, job.step);
    if (step === null) return;
    const next: RefreshMessage = { ...job, cursor: { last_active_at: last.last_active_at, id: last.id }, step };
    await env.REFRESH_QUEUE.send(next);
    // If there are many, the others need not wait until all of these are done.
    if (job.cursor === null) await askForMarks(env, job.course);
  } else {
    if (job.step !== undefined) await endChain(directory(env), chain, job.step);
    logEvent("warmed", { course_id: job.course, activation: job.activation });
    // Only now, so that learners who were just refreshed are not marked again.
    await askForMarks(env, job.course);
  }
}

/** A learner who was active lately, from D1. */
interface Recent {
  id: string;
  user_id: string;
  last_active_at: number;
  is_stale: number;
  stale_mark: number;
  activation: number;
  reached_activation: number;
}

/**
 * Evaluates recent learners from D1. If a snapshot stays the same, D1 is told of the new version from here, and the
 * object is not called. If that does not succeed, the object is called, and it sends its mirror until it arrives.
 * @returns the learners whose objects are not called.
 */
async function leaveAsleep(
  env: Env,
  pointers: PointerReader,
  course: string,
  recent: readonly Recent[],
): Promise<Set<Recent>> {
  const asleep = new Set<Recent>();
  if (recent.length === 0) return asleep;
  try {
    const db = await forCourse(env, course);
    const byUser = new Map(recent.map((row) => [row.user_id, row]));
    const users = [...byUser.keys()];
    const { stands } = await evaluatePage(env, pointers, db, course, { after: "", limit: users.length, users });
    const marks = new Map(recent.map(({ user_id, stale_mark }) => [user_id, stale_mark]));
    const statements = reachStatements(db, stands, marks);
    if (statements.length === 0) return asleep;
    const noted = (await db.batch<{ user: string }>(statements)).flatMap(({ results }) => results);
    const reached = new Set(noted.map(({ user }) => user));
    const told = stands.filter(({ mirror }) => reached.has(mirror.user));
    const outcomes = await publishAll(
      env,
      told.map(({ mirror, pointer, from, to, visible }) => ({
        user: mirror.user,
        event: contentEvent(course, pointer.activation, pointer.version, changedItems(from, to, visible)),
      })),
      "enrollment",
    );
    told.forEach(({ mirror }, index) => {
      const row = byUser.get(mirror.user);
      if (row !== undefined && outcomes[index]?.status !== "unavailable") asleep.add(row);
    });
  } catch (fault) {
    logFault("page_not_evaluated", fault, { course_id: course, enrollments: recent.length });
  }
  return asleep;
}
