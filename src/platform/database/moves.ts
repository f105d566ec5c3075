import { logFault } from "../log.ts";
import { anyClosing, COURSE_WRITES, movesFound } from "../statements.ts";
import { type ByteBatch, oneBatch } from "./batches.ts";
import { directory } from "./shards.ts";

// Courses on their way from one shard to another, as everybody has to know them. Who moves them is src/ops/shards.

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

/** Moves under way at most: their list is a part of statements. */
export const MAX_MOVES = 200;

/**
 * What a course leaves behind stays so long after the directory names its new shard. Readers may still look there, with
 * what their isolate remembers: several times as long as that is remembered.
 */
export const LEFT_BEHIND_MS = 15_000;

/** Every move under way, the oldest first. */
export async function movesUnderWay(env: Env): Promise<CourseMove[]> {
  // No more than that are ever begun, so they are sorted here, where no index is needed for it.
  const { results } = await movesFound(directory(env), MAX_MOVES).all<CourseMove>();
  return results.sort((a, b) => a.started_at - b.started_at || (a.course_slug < b.course_slug ? -1 : 1));
}

/** Whether a course is just now in no shard that takes writes. */
export async function isAnyClosing(env: Env): Promise<boolean> {
  const found = anyClosing(directory(env));
  return (await found.first()) !== null;
}

/**
 * Courses whose rows in a shard are no answer: what is copied there is not whole yet, or what is left there is to be
 * removed. Whoever reads over all shards asks this first, so that one shard answers for a course: what the directory said
 * stays true of the rows for {@link LEFT_BEHIND_MS}.
 *
 * @returns the courses to leave out, by the shard's name, as one parameter of a statement.
 */
export async function notAtHome(env: Env): Promise<(shard: string) => ByteBatch<string>> {
  const moves = await movesUnderWay(env).catch((fault: unknown) => {
    // Its own courses do not answer then, as with any shard; the others' are answered, at worst one twice.
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
 * Statements that stand before those that may find no row: an update that finds none fires no trigger, and would not be
 * refused where a course has left. Nothing is written.
 */
export function writesTo(db: D1Database, courses: Iterable<string>): D1PreparedStatement[] {
  return COURSE_WRITES.over(db, [...new Set(courses)]);
}
