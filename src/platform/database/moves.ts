import { logFault } from "../log.ts";
import { anyClosing, COURSE_WRITES, movesFound } from "../statements.ts";
import { type ByteBatch, oneBatch } from "./batches.ts";
import { directory } from "./shards.ts";

// Courses that are being moved from one shard to another, for all readers and writers. src/ops/shards moves them.

/** A move under way: a row of `course_moves`, see migrations/0025_course_moves.sql. Instants in epoch ms. */
export interface CourseMove {
  course_slug: string;
  source: string;
  target: string;
  generation: number;
  state: "copying" | "closing" | "moved" | "purging";
  step: number;
  leased_until: number;
  copied_up_to: string;
  enrollments: number;
  copied_rows: number;
  copied_bytes: number;
  purged_rows: number;
  statements: number;
  closed_ms: number | null;
  waits_for: string | null;
  started_at: number;
  progressed_at: number;
  moved_at: number | null;
}

/** The limit of moves under way: their list is a part of statements. */
export const MAX_MOVES = 200;

/**
 * After the directory names its new shard, the rows of a course stay in the old shard for this time. Readers may still
 * look there, because their isolate remembers the old place: the time is several times as long as that memory.
 */
export const LEFT_BEHIND_MS = 15_000;

/** All moves under way, oldest first. */
export async function movesUnderWay(env: Env): Promise<CourseMove[]> {
  // There are never more than this, so they are sorted here, and no index is needed.
  const { results } = await movesFound(directory(env), MAX_MOVES).all<CourseMove>();
  return results.sort((a, b) => a.started_at - b.started_at || (a.course_slug < b.course_slug ? -1 : 1));
}

/** Whether a course is at this moment in no shard that accepts writes. */
export async function isAnyClosing(env: Env): Promise<boolean> {
  const found = anyClosing(directory(env));
  return (await found.first()) !== null;
}

/**
 * Courses whose rows in a shard must not be used: a copy there is not complete yet, or the rows left there will be
 * removed. A reader of all shards calls this first, so that only one shard answers for a course. The answer of the
 * directory stays true of the rows for {@link LEFT_BEHIND_MS}.
 *
 * @returns the courses to leave out, by the shard's name, as one parameter of a statement.
 */
export async function notAtHome(env: Env): Promise<(shard: string) => ByteBatch<string>> {
  const moves = await movesUnderWay(env).catch((fault: unknown) => {
    // Its own courses are then missing, as with any shard. Those of others are answered, at worst one of them twice.
    logFault("moves_unknown", fault);
    return [];
  });
  return (shard) =>
    oneBatch(
      moves.flatMap(({ course_slug: course, source, target, state }) => {
        const away = state === "copying" || state === "closing" ? target : source;
        return away === shard ? [course] : [];
      }),
    );
}

/**
 * Statements to put before those that may find no row. An update that finds no row fires no trigger, so it would not be
 * refused in a shard that the course has left. They write nothing.
 */
export function writesTo(db: D1Database, courses: Iterable<string>): D1PreparedStatement[] {
  return COURSE_WRITES.over(db, [...new Set(courses)]);
}
