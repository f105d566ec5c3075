import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

/** Where the local runtime keeps D1 databases, below its state directory. */
const D1_FOLDER = "v3/d1/miniflare-D1DatabaseObject";
/** The runtime's own book-keeping beside them. */
const NOT_A_DATABASE = "metadata.sqlite";

/** What every shard has. */
const SHARDED = /FROM (enrollments|freshness|progress|submissions|unlock_events|divergences)\b/;

const idList = z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text)));

/** The directory's D1 database of a state, past the Worker. Closing it is the caller's. */
export function openD1(stateDir: string, options: { readOnly: boolean }): DatabaseSync {
  for (const file of filesOf(stateDir)) {
    const database = new DatabaseSync(file, options);
    if (hasCourses(database)) return database;
    database.close();
  }
  throw new Error(`there is no directory below ${stateDir}`);
}

function filesOf(stateDir: string): string[] {
  const folder = join(stateDir, D1_FOLDER);
  const files = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== NOT_A_DATABASE);
  return files.map((name) => join(folder, name));
}

function hasCourses(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'courses'").get() !== undefined;
}

/**
 * Rows of a query against D1, read from its files past the Worker: of the directory, or where every shard has the table,
 * of all of them, one after the other.
 * The runtime must have ended: only then is the file complete and nobody else's.
 */
export function queryD1<T>(stateDir: string, sql: string, row: z.ZodType<T>): T[] {
  const rows: unknown[] = [];
  for (const file of filesOf(stateDir)) {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      // A statement of the directory's tables is for the directory alone.
      if (hasCourses(database) || SHARDED.test(sql)) rows.push(...database.prepare(sql).all());
    } finally {
      database.close();
    }
  }
  return z.array(row).parse(rows);
}

export interface Announced {
  /** Every announcement of an opening, in order; an item announced twice stands here twice. */
  unlocked: string[];
  locked: string[];
}

/** What was announced to each learner of a course, by enrollment id. */
export function announcements(stateDir: string, course: string): Map<string, Announced> {
  const rows = queryD1(
    stateDir,
    "SELECT enrollment_id, unlocked, locked FROM unlock_events ORDER BY enrollment_id, version",
    z.object({ enrollment_id: z.string(), unlocked: idList, locked: idList }),
  );
  const byEnrollment = new Map<string, Announced>();
  for (const { enrollment_id, unlocked, locked } of rows) {
    if (!enrollment_id.startsWith(`${course}:`)) continue;
    const announced = byEnrollment.get(enrollment_id) ?? { unlocked: [], locked: [] };
    announced.unlocked.push(...unlocked);
    announced.locked.push(...locked);
    byEnrollment.set(enrollment_id, announced);
  }
  return byEnrollment;
}
