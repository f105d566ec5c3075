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

// Stale marks are set in D1, set by set and never in a loop over enrollments inside a request. A mark only says which
// snapshots the sweeps are to refresh: every object notices a new course version by itself on its next read.

/** Enrollments marked by one statement after a publish: some 30 ms of D1's single writer. */
export const COURSE_MARK_PAGE = 2_000;
/** Courses whose marking one minute's cron takes up again; each goes on by itself from there. */
const COURSES_A_MINUTE = 100;
/** Expired or outdated snapshots marked per minute and cause; the rest follows a minute later. */
const MARK_PAGE = 1_000;
/** An object's own alarm has this long to notice a passed date before the sweep marks it. */
export const DATE_GRACE_MS = 60_000;

/**
 * A publish makes a snapshot old; an admin may invalidate them all, and then each is recomputed whatever its version.
 */
export type CourseMarkReason = "publish" | "doubt";

/**
 * Asks for every active enrollment of a course to be marked stale. One row, whatever the size of the course, so it can
 * stand in the batch that moves the course's pointer. What still waits of an earlier request is covered by this one.
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
        // The wait is counted from the oldest request that is not carried out yet.
      },
    });
}

/** After a restore: how far each snapshot had come, and which were marked, is in no backup. Markings that wait stay as they are. */
export async function askForEveryMark(db: D1Database, now: number): Promise<void> {
  await markEveryCourse(db, now).run();
}

/** A page of a marking: which marking, and the user id after which the page begins. */
export interface MarkPlace {
  generation: number;
  user: string;
}

/** Sends the marking of a course on its way. @param at the page that is meant; left out, the next one. */
export async function askForMarks(env: Env, course: string, at?: MarkPlace): Promise<void> {
  const message: RefreshMessage = { type: "mark", course, ...(at === undefined ? {} : { at }) };
  await env.REFRESH_QUEUE.send(message);
}

/** Sends every marking that has not been carried out on its way again: the message of a publish may have been lost. */
export async function resumeMarks(env: Env): Promise<void> {
  const waiting = await countedDatabase(directory(env), { count: 0 })
    .select({ course: courseMarks.course_slug, generation: courseMarks.generation, user: courseMarks.marked_up_to })
    .from(courseMarks)
    .limit(COURSES_A_MINUTE)
    .all();
  await sendAll(
    env.REFRESH_QUEUE,
    // The very page it stands at: where the chain lives, its own message is the same, and one of the two has no effect.
    waiting.map(({ course, ...at }) => ({ type: "mark", course, at })),
  );
}

/**
 * Marks a page of a course's enrollments, in the course's shard, and then notes in the directory that it is done: a
 * crash between repeats the page, and never leaves one out. What is noted is fenced by the place the page starts from,
 * and only who has noted it learns where the next page begins. So there is one chain of pages for a course, whatever is
 * asked for meanwhile and however often a message comes.
 *
 * @param at the page that is meant; left out, the next one.
 * @param pointers after a publish the page is evaluated with them, and whose snapshot would be the same is not marked.
 * @returns where the next page begins; `done` after the last; `overtaken` when somebody else has had this page.
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
  /** Of the course, as it was read with the mark: a newer publish starts the marking again. */
  activation: number;
}

/** A page of a marking: up to which user it goes, and what of it is sure already. */
interface MarkedPage {
  last: string;
  isLast: boolean;
  reached: D1PreparedStatement[];
}

/** A page of which everybody is marked. */
async function wholePage(db: D1Database, course: string, from: string): Promise<MarkedPage> {
  const page = await pageToMark(db, course, from, COURSE_MARK_PAGE).first<{
    enrollments: number;
    last: string | null;
  }>();
  return { last: page?.last ?? from, isLast: (page?.enrollments ?? 0) < COURSE_MARK_PAGE, reached: [] };
}

/** A page of which those are left out whose snapshot would be the same. */
async function evaluatedPage(
  env: Env,
  pointers: PointerReader,
  db: D1Database,
  course: string,
  { marked_up_to: from }: CourseMark,
): Promise<MarkedPage> {
  // Marks first: see evaluatePage.
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

/** Marks a page in the course's shard. Its fence there gives a page one effect, however often it is carried out. */
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

/** Set-based marks for snapshots whose date has passed unnoticed, and for those of an older engine. */
export async function markExpired(db: D1Database, now: number): Promise<void> {
  await db.batch([markPastDates(db, now, now - DATE_GRACE_MS, MARK_PAGE), markOldEngines(db, now, ENGINE, MARK_PAGE)]);
}
