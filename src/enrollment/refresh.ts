import { callEnrollment, countedDatabase } from "../bindings.ts";
import { type CoursePointer, fetchCourse } from "../courses/index.ts";
import { logEvent, logFault } from "../ops/logging.ts";
import { meter } from "../ops/metrics/meter.ts";
import { parseEnrollmentId } from "../shared/ids.ts";
import { inParallel } from "../shared/parallel.ts";
import { cleanUpPage } from "./cleanup.ts";
import type { Mirror } from "./contract.ts";
import { askForMarks, markCoursePage, markExpired, resumeMarks } from "./marks.ts";
import { type RefreshMessage, refreshMessageSchema, sendAll } from "./messages.ts";
import { updateRefreshedMirrors } from "./projection.ts";

/** Stale enrollments taken by one sweep of whole courses, and by one pass for problems. */
export const COURSE_SWEEP = 100;
export const PROBLEM_SWEEP = 200;
/** The second pass for problems within the minute, so that they are refreshed within 30 s. */
export const HALF_MINUTE_S = 30;
/** A swept enrollment is left alone this long: three retries 60 s apart, and some. */
export const LEASE_MS = 300_000;
/** A dead-lettered refresh is swept again after this. */
export const DEAD_LEASE_MS = 3_600_000;
/** Learners active within this time are warmed after a publish. */
export const RECENT_MS = 7 * 86_400_000;
/** Enrollments warmed per message. */
export const WARM_PAGE = 100;
/** A backlog is swept page after page, so long after a minute's cron; the next minute begins anew. */
export const SWEEP_SPAN_MS = 55_000;
/** Between two pages of a backlog, so that what the first has asked for is under way. */
const SWEEP_PAUSE_S = 1;
const PARALLEL_OBJECTS = 12;
/** The kind of item a scope is counted under. */
const KIND_OF = { course: "chapter", problems: "problem" } as const;

/**
 * The minute cron: mark what time, a new engine or a publish made stale, then sweep both scopes. A scope that filled
 * its page has more waiting: it goes on by itself, see {@link sweepOn}.
 */
export async function sweepEveryMinute(env: Env, now: number): Promise<void> {
  await resumeMarks(env);
  await markExpired(env.DB, now);
  const until = now + SWEEP_SPAN_MS;
  await sweepOn(env, "course", now, until);
  await sweepOn(env, "problems", now, until);
  await env.REFRESH_QUEUE.send({ type: "sweep", scope: "problems" } satisfies RefreshMessage, {
    delaySeconds: HALF_MINUTE_S,
  });
}

/** Sweeps one page, and asks for the next while pages are full and the minute is not over. */
async function sweepOn(env: Env, scope: "course" | "problems", now: number, until: number): Promise<void> {
  const limit = scope === "course" ? COURSE_SWEEP : PROBLEM_SWEEP;
  if ((await sweep(env, scope, limit, now)) < limit || now + SWEEP_PAUSE_S * 1_000 >= until) return;
  const next: RefreshMessage = { type: "sweep", scope, until };
  await env.REFRESH_QUEUE.send(next, { delaySeconds: SWEEP_PAUSE_S });
}

/** Takes the oldest stale enrollments of one scope and sends each to the queue. @returns how many. */
export async function sweep(env: Env, scope: "course" | "problems", limit: number, now: number): Promise<number> {
  const { results } = await env.DB.prepare(
    `UPDATE enrollments SET leased_until = ?1
     WHERE id IN (SELECT id FROM enrollments WHERE is_stale = 1 AND stale_scope = ?2 AND leased_until <= ?3
                  ORDER BY stale_since LIMIT ?4)
     RETURNING id, stale_mark, stale_reason`,
  )
    .bind(now + LEASE_MS, scope, now, limit)
    .all<{ id: string; stale_mark: number; stale_reason: string | null }>();
  await sendAll(
    env.REFRESH_QUEUE,
    results.map((row) => ({
      type: "refresh",
      enrollment_id: row.id,
      stale_mark: row.stale_mark,
      force: row.stale_reason === "doubt",
      scope,
    })),
  );
  meter.count(`${KIND_OF[scope]}_unlock_stale_snapshots_total`, ["sweep"], results.length);
  if (results.length > 0) logEvent("swept", { scope, enrollments: results.length });
  return results.length;
}

/** Consumes the refresh queue. Each message is acknowledged or retried by itself. */
export async function consumeRefreshes(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const pointers = new PointerReader(env);
  const refreshed: { message: Message<unknown>; mirror: Mirror | null; enrollment: string; mark: number | null }[] = [];
  await inParallel(batch.messages, PARALLEL_OBJECTS, async (message) => {
    const parsed = refreshMessageSchema.safeParse(message.body);
    if (!parsed.success) return message.retry();
    try {
      const job = parsed.data;
      if (job.type === "refresh") {
        const mirror = await refreshOne(env, pointers, job.enrollment_id, job.force, job.scope);
        refreshed.push({ message, mirror, enrollment: job.enrollment_id, mark: job.stale_mark });
        return;
      }
      if (job.type === "warm") await warmPage(env, pointers, job);
      else if (job.type === "mark") await markPage(env, job.course);
      else if (job.type === "sweep") await sweepOn(env, job.scope, Date.now(), job.until ?? 0);
      else await cleanUpPage(env, Date.now());
      message.ack();
    } catch (fault) {
      logFault("refresh_failed", fault, { attempts: message.attempts });
      message.retry();
    }
  });
  if (refreshed.length === 0) return;
  try {
    await settleRefreshes(env.DB, refreshed);
    for (const { message } of refreshed) message.ack();
  } catch (fault) {
    logFault("refresh_unsettled", fault, { enrollments: refreshed.length });
    for (const { message } of refreshed) message.retry();
  }
}

/** Mirrors the new snapshots and clears exactly the marks that were read: a newer mark stays (invariant 4). */
export async function settleRefreshes(
  db: D1Database,
  refreshed: readonly { mirror: Mirror | null; enrollment: string; mark: number | null }[],
): Promise<void> {
  const marks = refreshed.flatMap(({ enrollment, mark }) => (mark === null ? [] : [{ id: enrollment, mark }]));
  const mirrors = refreshed.flatMap(({ mirror }) => (mirror === null ? [] : [mirror]));
  await db.batch([
    updateRefreshedMirrors(db, mirrors),
    db
      .prepare(
        `UPDATE enrollments SET reached_activation = max(reached_activation, m.value ->> 'activation')
         FROM json_each(?) AS m WHERE enrollments.id = m.value ->> 'enrollment_id'`,
      )
      .bind(JSON.stringify(mirrors.map(({ enrollment_id, activation }) => ({ enrollment_id, activation })))),
    db
      .prepare(
        `UPDATE enrollments SET is_stale = 0, stale_reason = NULL, stale_scope = NULL, stale_since = NULL, leased_until = 0
         FROM json_each(?) AS m
         WHERE enrollments.id = m.value ->> 'id' AND enrollments.stale_mark = m.value ->> 'mark'`,
      )
      .bind(JSON.stringify(marks)),
  ]);
}

/**
 * Lets enrollments rest whose refresh has failed its last retry: they stay marked and are swept again after
 * {@link DEAD_LEASE_MS}, or at once after the next publish. Else each would come back as a dead letter every few minutes.
 */
export async function restDeadRefreshes(batch: MessageBatch<unknown>, env: Env, now: number): Promise<void> {
  const ids = batch.messages.flatMap(({ body }) => {
    const parsed = refreshMessageSchema.safeParse(body);
    return parsed.success && parsed.data.type === "refresh" ? [parsed.data.enrollment_id] : [];
  });
  if (ids.length === 0) return;
  await env.DB.prepare(
    `UPDATE enrollments SET leased_until = ?1
     WHERE id IN (SELECT value FROM json_each(?2)) AND is_stale = 1`,
  )
    .bind(now + DEAD_LEASE_MS, JSON.stringify(ids))
    .run();
}

/** @returns the mirror, or null when there is no such enrollment any more. @throws when it cannot be refreshed now. */
async function refreshOne(
  env: Env,
  pointers: PointerReader,
  enrollment: string,
  force: boolean,
  scope: keyof typeof KIND_OF,
): Promise<Mirror | null> {
  const pointer = await pointers.of(parseEnrollmentId(enrollment).course);
  if (pointer === null) return null;
  const started = performance.now();
  const result = await callEnrollment(env, enrollment, (stub) => stub.refresh(pointer, force));
  const outcome = !result.ok ? "failed" : result.value.recomputed ? "recomputed" : "fresh";
  const seconds = (performance.now() - started) / 1_000;
  meter.observe(`${KIND_OF[scope]}_unlock_refresh_duration_seconds`, [outcome], seconds);
  if (result.ok) return result.value.mirror;
  if (result.refusal.code !== "not_enrolled") throw new Error(`refresh refused: ${result.refusal.code}`);
  logEvent("refresh_enrollment_gone", { enrollment_id: enrollment });
  return null;
}

/** Marks one page of a course and asks for the next; after the last, who is marked need not wait for the next minute. */
async function markPage(env: Env, course: string): Promise<void> {
  if (await markCoursePage(env, course)) return askForMarks(env, course);
  const now = Date.now();
  return sweepOn(env, "course", now, now + SWEEP_SPAN_MS);
}

/** Refreshes one page of a course's recently active learners, marked or not yet, and asks for the next. */
async function warmPage(
  env: Env,
  pointers: PointerReader,
  job: Extract<RefreshMessage, { type: "warm" }>,
): Promise<void> {
  const pointer = await pointers.of(job.course);
  if (pointer === null || pointer.activation > job.activation) return; // a newer publish warms for itself
  const now = Date.now();
  const from = job.cursor ?? { last_active_at: now + 1, id: "" };
  const { results } = await env.DB.prepare(
    `SELECT id, last_active_at, is_stale, stale_mark, activation FROM enrollments
     WHERE course_slug = ?1 AND last_active_at >= ?2 AND (last_active_at, id) < (?3, ?4)
     ORDER BY last_active_at DESC, id DESC LIMIT ?5`,
  )
    .bind(job.course, now - RECENT_MS, from.last_active_at, from.id, WARM_PAGE)
    .all<{ id: string; last_active_at: number; is_stale: number; stale_mark: number; activation: number }>();
  const warmed: { mirror: Mirror | null; enrollment: string; mark: number | null }[] = [];
  // Read after the marks: a pointer read before them could miss the publish that set them, and the refresh would then
  // clear a mark it has not answered (invariant 4).
  const current = new PointerReader(env);
  await inParallel(
    results.filter((row) => row.is_stale === 1 || row.activation < pointer.activation),
    PARALLEL_OBJECTS,
    async (row) => {
      try {
        const mirror = await refreshOne(env, current, row.id, false, "course");
        warmed.push({ mirror, enrollment: row.id, mark: row.is_stale === 1 ? row.stale_mark : null });
      } catch (fault) {
        logFault("warm_failed", fault, { enrollment_id: row.id }); // its mark stays: the sweep takes it
      }
    },
  );
  if (warmed.length > 0) await settleRefreshes(env.DB, warmed);
  const last = results.at(-1);
  if (results.length === WARM_PAGE && last !== undefined) {
    const next: RefreshMessage = { ...job, cursor: { last_active_at: last.last_active_at, id: last.id } };
    await env.REFRESH_QUEUE.send(next);
  } else {
    logEvent("warmed", { course_id: job.course, activation: job.activation });
    // Only now, so that who has just been refreshed is not marked to be refreshed again.
    await askForMarks(env, job.course);
  }
}

/** Course pointers read from D1 once per batch, never from a cache: a refresh must not use an old one. */
class PointerReader {
  readonly #env: Env;
  readonly #known = new Map<string, Promise<CoursePointer | null>>();

  constructor(env: Env) {
    this.#env = env;
  }

  of(course: string): Promise<CoursePointer | null> {
    let pointer = this.#known.get(course);
    if (pointer === undefined) {
      pointer = fetchCourse(countedDatabase(this.#env.DB, { count: 0 }), course).then(
        (entry) => entry?.pointer ?? null,
      );
      this.#known.set(course, pointer);
    }
    return pointer;
  }
}
