import { oneBatch } from "../platform/database/batches.ts";
import { notAtHome } from "../platform/database/moves.ts";
import { answersOf, onEveryShard, type Shard } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { IN_COHORT, PENDING_OF_COURSES, type PendingRow, pendingOfCourse, pendingOfItem } from "./statements.ts";

/**
 * Rows that one step reads for members of a cohort, and steps of one page. A learner's cohorts are read with the row.
 */
const WINDOW = 250;
const MAX_WINDOWS = 8;

/** The filter: pending submissions of some courses or of one item; all of them, or only those of one cohort. */
export interface PendingFilter {
  courses: readonly string[];
  item?: string | undefined;
  cohort?: string | undefined;
}

type Position = readonly [instant: number, id: string];

/**
 * What waits for a verdict after a place, oldest first.
 * @returns `next`: the place to continue from; null at the end. A page may be empty and not be the last one, if few of
 * many learners are in the cohort.
 */
export async function pendingPage(
  env: Env,
  filter: PendingFilter,
  after: string | null,
  limit: number,
): Promise<{ rows: PendingRow[]; next: string | null }> {
  const [instant = "0", id = ""] = after?.split(" ") ?? [];
  let place: Position = [Number(instant), id];
  const { cohort } = filter;
  if (cohort === undefined) {
    const found = await oldest(env, filter, place, limit + 1);
    const rows = found.slice(0, limit);
    return { rows, next: found.length > limit ? placeOf(rows.at(-1)) : null };
  }
  const rows: PendingRow[] = [];
  for (let step = 0; step < MAX_WINDOWS; step += 1) {
    const seen = await oldest(env, filter, place, WINDOW);
    for (const row of seen) {
      place = [row.submitted_at, row.id];
      if (!row.isMember) continue;
      rows.push(row);
      if (rows.length === limit) return { rows, next: placeOf(row) };
    }
    if (seen.length < WINDOW) return { rows, next: null };
  }
  return { rows, next: place.join(" ") };
}

const placeOf = (row: PendingRow | undefined): string | null =>
  row === undefined ? null : `${row.submitted_at} ${row.id}`;

type Seen = PendingRow & { isMember: boolean };

async function oldest(env: Env, filter: PendingFilter, place: Position, take: number): Promise<Seen[]> {
  const absent = await notAtHome(env);
  const pages = await onEveryShard(env, (shard) =>
    oldestOf(shard, filter, new Set(absent(shard.name).rows), place, take),
  );
  // Submissions of a shard that does not answer come when it is back, because a grader starts each walk with the
  // oldest.
  return answersOf(pages)
    .flat()
    .sort((a, b) => a.submitted_at - b.submitted_at || (a.id < b.id ? -1 : 1))
    .slice(0, take);
}

async function oldestOf(
  { db }: Shard,
  { courses, item, cohort }: PendingFilter,
  absent: ReadonlySet<string>,
  [instant, id]: Position,
  take: number,
): Promise<Seen[]> {
  const here = courses.filter((course) => !absent.has(course));
  if (here.length === 0) return [];
  const [only] = here;
  const found =
    item !== undefined
      ? pendingOfItem(db, item, instant, id, take)
      : here.length === 1 && only !== undefined
        ? pendingOfCourse(db, only, instant, id, take)
        : PENDING_OF_COURSES.bind(db, oneBatch(here), instant, id, take);
  const { results } = await found.all<PendingRow>();
  if (cohort === undefined) return results.map((row) => ({ ...row, isMember: true }));
  const ids = [...new Set(results.map((row) => row.enrollment_id))];
  const inside = await IN_COHORT.find<{ id: string }>(db, ids, cohort);
  const members = new Set(inside.map((row) => row.id));
  return results.map((row) => ({ ...row, isMember: members.has(row.enrollment_id) }));
}

/** The learners of some rows, without repetitions. */
export function learnersOf(rows: readonly PendingRow[]): string[] {
  return [...new Set(rows.map((row) => parseEnrollmentId(row.enrollment_id).user))];
}
