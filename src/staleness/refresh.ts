import { type RefreshMessage, sendAll } from "../mirror/index.ts";
import { refreshMessageSchema } from "../mirror/shapes.ts";
import { answersOf, directory, groupByShard, onEveryShard, type Shard } from "../platform/database/shards.ts";
import { enrollmentId, parseEnrollmentId } from "../platform/ids.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { meter } from "../platform/metrics/meter.ts";
import { inParallel } from "../platform/parallel.ts";
import { retryOrDrop } from "../platform/queue/last-attempt.ts";
import { beginChain, takeStep } from "./chains.ts";
import { askForMarks, markCoursePage, markExpired, resumeMarks } from "./marks.ts";
import { KIND_OF, PARALLEL_OBJECTS, PointerReader, refreshOne } from "./refresh-one.ts";
import { Settler } from "./settle.ts";
import { type Swept, settleStanding } from "./settle-standing.ts";
import { leaseStale, REST } from "./statements.ts";
import { warmPage } from "./warm-up.ts";

/** A sweep waits so long for a shard. The work there continues, and the other shards are swept. */
const SHARD_WAIT_MS = 8_000;

/** Stale enrollments that one sweep takes: for whole courses, and for one pass over problems. */
export const COURSE_SWEEP = 100;
export const PROBLEM_SWEEP = 200;

/** The second pass for problems within the minute, so that they are refreshed within 30 s. */
const HALF_MINUTE_S = 30;

/** A swept enrollment is not swept again for so long: longer than three retries that are 60 s apart. */
export const LEASE_MS = 300_000;

/** A refresh that failed its last retry is swept again after this. */
export const DEAD_LEASE_MS = 900_000;

/** A backlog is swept page after page for so long after the minute cron; the next minute begins again. */
export const SWEEP_SPAN_MS = 55_000;

/** The wait between two pages of a backlog, so that the work of the first has begun. */
const SWEEP_PAUSE_S = 1;

/**
 * The minute cron: marks what time, a new engine or a publish made stale, then sweeps both scopes. A scope with a full
 * page has more waiting and continues by itself, see {@link sweepOn}.
 */
export async function sweepEveryMinute(env: Env, now: number): Promise<void> {
  await resumeMarks(env);
  answersOf(await onEveryShard(env, ({ db }) => markExpired(db, now), SHARD_WAIT_MS));
  const until = now + SWEEP_SPAN_MS;
  await sweepOn(env, "course", now, until);
  await sweepOn(env, "problems", now, until);
  await env.REFRESH_QUEUE.send({ type: "sweep", scope: "problems" } satisfies RefreshMessage, {
    delaySeconds: HALF_MINUTE_S,
  });
}

/**
 * Sweeps one page, and asks for the next one while pages are full and the minute is not over. A scope has one chain of
 * pages: a call without a step begins it again, and a step that comes twice is taken once. A page that fails after its
 * step was taken ends the chain; the next minute begins another.
 */
async function sweepOn(
  env: Env,
  scope: "course" | "problems",
  now: number,
  until: number,
  step?: number,
): Promise<void> {
  const chain = `sweep ${scope}`;
  const taken = step === undefined ? undefined : await takeStep(directory(env), chain, step);
  if (taken === null) return;
  const limit = scope === "course" ? COURSE_SWEEP : PROBLEM_SWEEP;
  const swept = answersOf(await onEveryShard(env, (shard) => sweepShard(env, shard, scope, limit, now), SHARD_WAIT_MS));
  if (swept.every(({ enrollments }) => enrollments < limit) || now + SWEEP_PAUSE_S * 1_000 >= until) return;
  // If few objects were called, there is nothing to wait for.
  const woken = swept.reduce((sum, page) => sum + page.woken, 0);
  const next: RefreshMessage = {
    type: "sweep",
    scope,
    until,
    step: taken ?? (await beginChain(directory(env), chain)),
  };
  await env.REFRESH_QUEUE.send(next, { delaySeconds: woken * 2 > limit ? SWEEP_PAUSE_S : 0 });
}

/** Sweeps a page of every shard. @returns the number of enrollments. */
export async function sweep(env: Env, scope: "course" | "problems", limit: number, now: number): Promise<number> {
  const swept = await onEveryShard(env, (shard) => sweepShard(env, shard, scope, limit, now));
  return answersOf(swept).reduce((sum, { enrollments }) => sum + enrollments, 0);
}

/**
 * Takes the oldest stale enrollments of one scope in a shard, and sends those whose snapshot may differ to the queue.
 * @returns how many it took, and how many of these wake their object.
 */
async function sweepShard(
  env: Env,
  { name, db }: Shard,
  scope: "course" | "problems",
  limit: number,
  now: number,
): Promise<{ enrollments: number; woken: number }> {
  const { results } = await leaseStale(db, now + LEASE_MS, scope, now, limit).all<Swept>();
  const settled = await settleStanding(env, { name, db }, results);
  await sendAll(
    env.REFRESH_QUEUE,
    results.flatMap((row) =>
      settled.has(row)
        ? []
        : {
            type: "refresh",
            enrollment_id: enrollmentId(row.course, row.user),
            stale_mark: row.stale_mark,
            force: row.stale_reason === "doubt",
            scope,
          },
    ),
  );
  meter.count(`${KIND_OF[scope]}_unlock_stale_snapshots_total`, ["sweep"], results.length);
  if (results.length > 0) {
    logEvent("swept", { scope, enrollments: results.length, unchanged: settled.size, shard: name });
  }
  return { enrollments: results.length, woken: results.length - settled.size };
}

/**
 * Handles the refresh queue. Each message is acknowledged or retried separately, and dropped after its last retry: the
 * marks stay in D1, and the crons ask again.
 * @param cleanUp does one page of the nightly clean-up, whose messages are in the same queue.
 */
export async function consumeRefreshes(
  batch: MessageBatch<unknown>,
  env: Env,
  cleanUp: (env: Env, now: number) => Promise<void>,
): Promise<void> {
  const pointers = new PointerReader(env);
  const gone: Message<unknown>[] = [];
  const failed = (message: Message<unknown>) => {
    if (retryOrDrop("latchkey-refresh", message)) gone.push(message);
  };
  const settler = new Settler(env, failed);
  await inParallel(batch.messages, PARALLEL_OBJECTS, async (message) => {
    const parsed = refreshMessageSchema.safeParse(message.body);
    if (!parsed.success) return message.retry();
    try {
      const job = parsed.data;
      if (job.type === "refresh") {
        const mirror = await refreshOne(env, pointers, job.enrollment_id, job.force, job.scope);
        return await settler.add({ message, mirror, enrollment: job.enrollment_id, mark: job.stale_mark });
      }
      if (job.type === "warm") await warmPage(env, pointers, job);
      else if (job.type === "mark") await markPage(env, job);
      else if (job.type === "sweep") await sweepOn(env, job.scope, Date.now(), job.until ?? 0, job.step);
      else await cleanUp(env, Date.now());
      message.ack();
    } catch (fault) {
      logFault("refresh_failed", fault, { attempts: message.attempts });
      failed(message);
    }
  });
  await settler.settle();
  await restRefreshes(gone, env, Date.now());
}

/**
 * Gives a rest to enrollments whose refresh has failed its last retry: they stay marked and are swept again after
 * {@link DEAD_LEASE_MS}, or at once after the next publish. Never throws: if the rest cannot be noted, they are swept
 * earlier.
 */
export async function restRefreshes(messages: readonly Message<unknown>[], env: Env, now: number): Promise<void> {
  const ids = messages.flatMap(({ body }) => {
    const parsed = refreshMessageSchema.safeParse(body);
    return parsed.success && parsed.data.type === "refresh" ? [parsed.data.enrollment_id] : [];
  });
  if (ids.length === 0) return;
  const { groups } = await groupByShard(env, ids, (id) => parseEnrollmentId(id).course);
  for (const { shard, items } of groups) {
    try {
      await shard.db.batch(REST.over(shard.db, items.map(parseEnrollmentId), now + DEAD_LEASE_MS));
    } catch (fault) {
      logFault("refreshes_not_rested", fault, { enrollments: items.length, shard: shard.name });
    }
  }
}

/**
 * Marks one page of a course and asks for the next one. After the last page, the marked enrollments are swept at once.
 * A message that comes twice, or is of a marking that a newer one has replaced, does nothing.
 */
async function markPage(env: Env, { course, at }: Extract<RefreshMessage, { type: "mark" }>): Promise<void> {
  // A new reader: the marks of the page are older than the pointers that it reads.
  const page = await markCoursePage(env, course, at, new PointerReader(env));
  if (page === "overtaken") return;
  if (page !== "done") return askForMarks(env, course, page);
  const now = Date.now();
  return sweepOn(env, "course", now, now + SWEEP_SPAN_MS);
}
