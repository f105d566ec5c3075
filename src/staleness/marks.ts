import { sql } from "drizzle-orm";
import { courseMarks, type RefreshMessage, sendAll } from "../mirror/index.ts";
import { countedDatabase, type Database } from "../platform/database/counted.ts";
import { writesTo } from "../platform/database/moves.ts";
import { atCourse, directory, forCourse } from "../platform/database/shards.ts";
import { logEvent } from "../platform/log.ts";
import { ENGINE } from "../unlock/index.ts";
import { EVALUATED_PAGE, evaluatePage, reachStatements } from "./page-evaluation.ts";
import type { PointerReader } from "./refresh-one.ts";
import {
  dropMarkFence,
  endMarking,
  fencePage,
  markEveryCourse,
  markOf,
  markOldEngines,
  markPage,
  markPastDates,
  moveMarking,
  pageToEvaluate,
  pageToMark,
} from "./statements.ts";

// Stale marks are set in D1 with one statement for many enrollments, never in a loop inside a request. A mark only says
// which snapshots the sweeps must refresh: every object notices a new course version by itself on its next read.

/** Enrollments marked by one statement after a publish: it takes about 30 ms of D1's single writer. */
export const COURSE_MARK_PAGE = 2_000;
/** Courses whose marking is continued by the cron of one minute; each continues by itself from there. */
const COURSES_A_MINUTE = 100;
/** Snapshots marked per minute and cause, after a date or a new engine; the others are marked a minute later. */
const MARK_PAGE = 1_000;
/** The alarm of an object has this long to notice a passed date before the sweep marks the snapshot. */
export const DATE_GRACE_MS = 60_000;

/**
 * A publish makes a snapshot old; an admin may invalidate all snapshots, and then each is computed again, whatever its
 * version.
 */
export type CourseMarkReason = "publish" | "doubt";

/**
 * Requests that every active enrollment of a course is marked stale. This is one row for a course of any size, so it
 * can be in the batch that moves the course's pointer. It also does what an earlier request has left undone.
 */
export function markCourseStale(db: Database, course: string, now: number, reason: CourseMarkReason = "publish") {
  return db
    .insert(courseMarks)
    .values({ course_slug: course, reason, requested_at: now })
    .onConflictDoUpdate({
      target: courseMarks.course_slug,
      set: {
        reason: sql`CASE WHEN ${courseMarks.reason} = 'doubt' THEN 'doubt' ELSE ${reason} END`,
        generation: sql`${courseMarks.generation} + 1`,
        marked_up_to: "",
        // The age is counted from the oldest request that is not done yet.
      },
    });
}

/**
 * After a restore: a backup has neither the progress of each snapshot nor the marks. Waiting markings stay as they are.
 */
export async function askForEveryMark(db: D1Database, now: number): Promise<void> {
  await markEveryCourse(db, now).run();
}

/** A page of a marking: the marking, and the user id after which the page begins. */
export interface MarkPlace {
  generation: number;
  user: string;
}

/** Starts the marking of a course. @param at the page that is meant; left out, the next one. */
export async function askForMarks(env: Env, course: string, at?: MarkPlace): Promise<void> {
  const message: RefreshMessage = { type: "mark", course, ...(at === undefined ? {} : { at }) };
  await env.REFRESH_QUEUE.send(message);
}

/** Starts every marking again that is not done yet: the message of a publish may have been lost. */
export async function resumeMarks(env: Env): Promise<void> {
  const waiting = await countedDatabase(directory(env), { count: 0 })
    .select({ course: courseMarks.course_slug, generation: courseMarks.generation, user: courseMarks.marked_up_to })
    .from(courseMarks)
    .limit(COURSES_A_MINUTE)
    .all();
  await sendAll(
    env.REFRESH_QUEUE,
    // This is the page at which the marking stands. If its chain still runs, it sends the same message, and one of the
    // two has no effect.
    waiting.map(({ course, ...at }) => ({ type: "mark", course, at })),
  );
}

/**
 * Marks a page of a course's enrollments in the course's shard, and then notes in the directory that it is done: after
 * a crash in between, the page is repeated and never left out. The note is fenced by the place at which the page
 * begins, and only the worker that wrote the note learns where the next page begins. So a course has one chain of
 * pages, whatever is requested meanwhile and however often a message comes.
 * @param at the page that is meant; left out, the next one.
 * @param pointers after a publish, the page is evaluated with them, and an enrollment whose snapshot stays the same is
 * not marked.
 * @returns where the next page begins; `done` after the last; `overtaken` when another worker has done this page.
 */
export async function markCoursePage(
  env: Env,
  course: string,
  at?: MarkPlace,
  pointers: PointerReader | null = null,
): Promise<MarkPlace | "done" | "overtaken"> {
  const mark = await markOf(directory(env), course).first<CourseMark>();
  if (mark === null) return "overtaken";
  if (at !== undefined && (at.generation !== mark.generation || at.user !== mark.marked_up_to)) return "overtaken";
  const { last, isLast } = await atCourse(env, course, async (db) => {
    const page =
      pointers !== null && mark.reason === "publish"
        ? await evaluatedPage(env, pointers, db, course, mark)
        : await wholePage(db, course, mark.marked_up_to);
    await markPageOf(db, course, mark, page);
    return page;
  });
  const { generation, marked_up_to: from } = mark;
  const moved = isLast
    ? endMarking(directory(env), course, generation, from)
    : moveMarking(directory(env), course, generation, from, last);
  if ((await moved.run()).meta.changes === 0) return "overtaken";
  if (isLast) {
    // A later marking may have the same numbers.
    await dropMarkFence(await forCourse(env, course), course, mark.requested_at, generation).run();
  }
  return isLast ? "done" : { generation, user: last };
}

interface CourseMark {
  generation: number;
  marked_up_to: string;
  reason: CourseMarkReason;
  requested_at: number;
  /** As it was read together with the mark: a newer publish starts the marking again. */
  activation: number;
}

/** A page of a marking: its last user, and the results of its evaluation. */
interface MarkedPage {
  last: string;
  isLast: boolean;
  reached: D1PreparedStatement[];
}

/** A page on which everybody is marked. */
async function wholePage(db: D1Database, course: string, from: string): Promise<MarkedPage> {
  const page = await pageToMark(db, course, from, COURSE_MARK_PAGE).first<{
    enrollments: number;
    last: string | null;
  }>();
  return { last: page?.last ?? from, isLast: (page?.enrollments ?? 0) < COURSE_MARK_PAGE, reached: [] };
}

/** A page without the enrollments whose snapshot stays the same. */
async function evaluatedPage(
  env: Env,
  pointers: PointerReader,
  db: D1Database,
  course: string,
  { marked_up_to: from }: CourseMark,
): Promise<MarkedPage> {
  // Marks are read first: see evaluatePage.
  const { results } = await pageToEvaluate(db, course, from, EVALUATED_PAGE).all<{
    user_id: string;
    stale_mark: number;
  }>();
  const marks = new Map(results.map(({ user_id, stale_mark }) => [user_id, stale_mark]));
  const { stands, next } = await evaluatePage(env, pointers, db, course, { after: from, limit: EVALUATED_PAGE });
  logEvent("page_evaluated", { course_id: course, enrollments: results.length, unchanged: stands.length });
  const last = next ?? results.at(-1)?.user_id ?? from;
  return { last, isLast: next === null, reached: reachStatements(db, stands, marks) };
}

/** Marks a page in the course's shard. A fence there gives a page one effect, however often it runs. */
async function markPageOf(
  db: D1Database,
  course: string,
  { generation, marked_up_to: from, reason, requested_at: since, activation }: CourseMark,
  { last, reached }: MarkedPage,
): Promise<void> {
  // A snapshot that has reached the new version meanwhile needs no mark, unless somebody invalidated it.
  const mark = markPage(db, course, reason, from, since, last, activation, generation);
  const fence = fencePage(db, course, since, generation, last);
  await db.batch([...writesTo(db, [course]), ...reached, mark, fence]);
}

/** Marks snapshots whose date has passed unnoticed, and snapshots of an older engine, each with one statement. */
export async function markExpired(db: D1Database, now: number): Promise<void> {
  await db.batch([markPastDates(db, now, now - DATE_GRACE_MS, MARK_PAGE), markOldEngines(db, now, ENGINE, MARK_PAGE)]);
}
