import { placeOfCourse } from "../statements.ts";

// In which shard a course is, as the isolate remembers it. The directory decides; see shards.ts for the databases.

/** Where a course is. */
export interface Placement {
  /** Name of the shard's binding. */
  shard: string;
  /** Grows with every move. */
  generation: number;
}

/**
 * What an isolate remembers of where a course is, at most this old while the directory answers. A write to a database
 * that the course has left is refused there, whatever is remembered.
 */
const PLACEMENT_MAX_AGE_MS = 5_000;
/** Courses remembered; the oldest goes first. */
const MAX_PLACEMENTS = 10_000;

const placements = new Map<string, { placement: Placement; at: number }>();

interface PlacementRow {
  shard: string;
  shard_generation: number | null;
  active_version: number | null;
}

/**
 * Where a course is. One query of the directory, none while it is remembered. Where there is no such course, or none was
 * published, nobody is enrolled: the answer is the first shard, and it is not remembered.
 * @throws when the directory does not answer and nothing is remembered.
 */
export async function placementOf(db: D1Database, course: string): Promise<Placement> {
  const remembered = placements.get(course);
  if (remembered !== undefined && Date.now() - remembered.at < PLACEMENT_MAX_AGE_MS) return remembered.placement;
  try {
    const row = await placeOfCourse(db, course).first<PlacementRow>();
    if (row === null) return { shard: "DB", generation: 0 };
    const placement = { shard: row.shard, generation: row.shard_generation ?? 0 };
    // A course that is not published yet gets its place when it is.
    if (row.active_version !== null) rememberPlacement(course, placement);
    return placement;
  } catch (fault) {
    if (remembered !== undefined) return remembered.placement;
    throw fault;
  }
}

/** Notes where a course is, as the directory has just said; an older answer never replaces a newer one. */
export function rememberPlacement(course: string, placement: Placement): void {
  const known = placements.get(course);
  if (known !== undefined && known.placement.generation > placement.generation) return;
  placements.delete(course);
  placements.set(course, { placement, at: Date.now() });
  for (const oldest of placements.keys()) {
    if (placements.size <= MAX_PLACEMENTS) break;
    placements.delete(oldest);
  }
}

/** Forgets where a course is: it has moved. */
export function forgetPlacement(course: string): void {
  placements.delete(course);
}
