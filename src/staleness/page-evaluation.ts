import { type CoursePointer, loadProgram } from "../courses/index.ts";
import { loadMirroredPage, type MirroredEnrollment, type Standing, standingOf } from "../mirror/index.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import type { Program } from "../unlock/index.ts";
import type { PointerReader } from "./refresh-one.ts";
import { REACH_STANDING } from "./statements.ts";

// After a publish, or after a date, most snapshots stay the same. They are found from D1, a page at a time, and noted
// in one small row each; only the other enrollments wake their object.

/** Enrollments evaluated at once, fewer if they are large: see loadMirroredPage. */
export const EVALUATED_PAGE = 500;

/** A snapshot that stays the same. */
export interface Stands extends Standing {
  mirror: MirroredEnrollment;
  pointer: CoursePointer;
  from: Program;
  to: Program;
}

/** The results of evaluating a page of a course. */
export interface EvaluatedPage {
  stands: Stands[];
  /** The user id after which the next page begins; null at the end. */
  next: string | null;
}

/**
 * Evaluates a page of a course's active enrollments, by user id. The caller must read the marks that it will clear
 * before this call: the pointer is read here, so it is not older than they are.
 * @param users only these, if given.
 */
export async function evaluatePage(
  env: Env,
  pointers: PointerReader,
  db: D1Database,
  course: string,
  page: { after: string; limit: number; users?: readonly string[] },
): Promise<EvaluatedPage> {
  const queries = { count: 0 };
  const pointer = await pointers.of(course);
  const { mirrors, next } = await loadMirroredPage(
    countedDatabase(db, queries),
    course,
    page.after,
    page.limit,
    page.users,
  );
  if (pointer === null) return { stands: [], next };
  const programs = new Map<number, Promise<Program | null>>();
  const programOf = (version: number) => {
    const program = programs.get(version) ?? loadProgram(countedDatabase(directory(env), queries), course, version);
    programs.set(version, program);
    return program;
  };
  const to = await programOf(pointer.version);
  const stands: Stands[] = [];
  for (const mirror of mirrors) {
    const from = to === null ? null : await programOf(mirror.course_version);
    if (to === null || from === null) continue;
    const standing = standingOf(mirror, from, { pointer, program: to }, Date.now());
    if (standing !== null) stands.push({ ...standing, mirror, pointer, from, to });
  }
  return { stands, next };
}

/**
 * Statements that note the snapshots which stay the same; each returns the users it has noted.
 * @param marks the mark of each user, read before the page was evaluated; users without one are left out.
 */
export function reachStatements(
  db: D1Database,
  stands: readonly Stands[],
  marks: ReadonlyMap<string, number>,
): D1PreparedStatement[] {
  const rows = stands.flatMap(({ mirror, pointer, valid_until }) => {
    const mark = marks.get(mirror.user);
    const { id, version, progress_seq, policy_seq, activation, computed_at } = mirror;
    return mark === undefined
      ? []
      : [
          {
            id,
            mark,
            version,
            progress_seq,
            policy_seq,
            activation,
            computed_at,
            reached: pointer.activation,
            valid_until,
          },
        ];
  });
  return REACH_STANDING.over(db, rows);
}
