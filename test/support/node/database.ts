import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

/** Where the local runtime keeps D1 databases, below its state directory. */
const D1_FOLDER = "v3/d1/miniflare-D1DatabaseObject";
/** The runtime's own book-keeping beside them. */
const NOT_A_DATABASE = "metadata.sqlite";

const idList = z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text)));

/** The D1 database of a state, past the Worker. Closing it is the caller's. */
export function openD1(stateDir: string, options: { readOnly: boolean }): DatabaseSync {
  const folder = join(stateDir, D1_FOLDER);
  const files = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== NOT_A_DATABASE);
  const [file] = files;
  if (file === undefined || files.length > 1) throw new Error(`one database expected, there are ${files.length}`);
  return new DatabaseSync(join(folder, file), options);
}

/**
 * Rows of a query against D1, read from its file past the Worker.
 * The runtime must have ended: only then is the file complete and nobody else's.
 */
export function queryD1<T>(stateDir: string, sql: string, row: z.ZodType<T>): T[] {
  const database = openD1(stateDir, { readOnly: true });
  try {
    return z.array(row).parse(database.prepare(sql).all());
  } finally {
    database.close();
  }
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
