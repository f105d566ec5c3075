import { placeOfCourse } from "../statements.ts";

// The isolate's memory of which shard each course is in. The directory decides; see shards.ts for the databases.

/** The place of a course. */
export interface Placement {
  /** Name of the shard's binding. */
  shard: string;
  /** Grows with each move. */
  generation: number;
}

/**
 * What an isolate remembers about the place of a course is at most this old while the directory answers. A database
 * refuses writes to a course that has left it, whatever is remembered.
 */
const PLACEMENT_MAX_AGE_MS = 5_000;
/** At most this many courses are remembered; the oldest is dropped first. */
const MAX_PLACEMENTS = 10_000;

const placements = new Map<string, { placement: Placement; at: number }>();

interface PlacementRow {
  shard: string;
  shard_generation: number | null;
  active_version: number | null;
}

/**
 * The place of a course. One query of the directory, or none while it is remembered. If the course does not exist or
 * was never published, nobody is enrolled: the answer is the first shard, and it is not remembered.
 * @throws if the directory does not answer and nothing is remembered.
 */
export async function placementOf(db: D1Database, course: string): Promise<Placement> {
  const remembered = placements.get(course);
  if (remembered !== undefined && Date.now() - remembered.at < PLACEMENT_MAX_AGE_MS) return remembered.placement;
  try {
    const row = await placeOfCourse(db, course).first<PlacementRow>();
    if (row === null) return { shard: "DB", generation: 0 };
    const placement = { shard: row.shard, generation: row.shard_generation ?? 0 };
    // A course gets its place when it is published.
    if (row.active_version !== null) rememberPlacement(course, placement);
    return placement;
  } catch (fault) {
    if (remembered !== undefined) return remembered.placement;
    throw fault;
  }
}

/** Notes the place of a course as the directory has just reported it. An older answer never replaces a newer one. */
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

/** Forgets the place of a course, because it has moved. */
export function forgetPlacement(course: string): void {
  placements.delete(course);
}
