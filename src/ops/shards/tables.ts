// What a course has in its shard, as a move sees it: which tables, and which of their columns say whose a row is.

/** One table of a shard with rows of enrollments. */
export interface MovedTable {
  name: string;
  /** Condition on its rows, given a set of ids of enrollments. */
  isOf: (set: string) => string;
  /** Column with the id of the enrollment; null: it has a row only where there is one in `enrollments`. */
  owner: string | null;
  /** Column that distinguishes the rows of one enrollment. */
  row: string;
}

const ownedBy = (name: string, owner: string, row: string): MovedTable => ({
  name,
  isOf: (set) => `${owner} IN (SELECT value FROM ${set})`,
  owner,
  row,
});

/** In the order in which they are written; a test compares them with the shards' own tables. */
export const MOVED_TABLES: readonly MovedTable[] = [
  // Before the enrollments: where there is no row yet, one is made of theirs.
  {
    name: "freshness",
    isOf: (set) => `(course_slug, user_id) IN
      (SELECT substr(value, 1, instr(value, ':') - 1), substr(value, instr(value, ':') + 1) FROM ${set})`,
    owner: null,
    row: "user_id",
  },
  ownedBy("enrollments", "id", "id"),
  ownedBy("progress", "enrollment_id", "item_id"),
  ownedBy("submissions", "enrollment_id", "id"),
  ownedBy("unlock_events", "enrollment_id", "version"),
  ownedBy("divergences", "enrollment_id", "id"),
];

/** A table with its columns. */
export interface Shape extends MovedTable {
  columns: readonly string[];
}

/** The two databases have not the same columns: a migration has reached one of them only. */
class ShapesDifferError extends Error {
  override readonly name = "ShapesDifferError";
}

/** The tables with the columns that both databases have. @throws ShapesDifferError */
export async function shapesOf(source: D1Database, target: D1Database): Promise<Shape[]> {
  const [here, there] = await Promise.all([columnsOf(source), columnsOf(target)]);
  return MOVED_TABLES.map((table, at) => {
    const columns = here[at] ?? [];
    const isSame = columns.length > 0 && [...columns].sort().join() === [...(there[at] ?? [])].sort().join();
    if (!isSame) throw new ShapesDifferError(`${table.name} has other columns in the two databases`);
    return { ...table, columns };
  });
}

async function columnsOf(db: D1Database): Promise<string[][]> {
  const tables = await db.batch<{ name: string }>(
    MOVED_TABLES.map(({ name }) => db.prepare("SELECT name FROM pragma_table_info(?)").bind(name)),
  );
  return tables.map(({ results }) => results.map(({ name }) => name));
}

/** Ids of enrollments of a course are between these two: they begin with the course and a colon. */
export function idRange(course: string): { from: string; to: string } {
  return { from: `${course}:`, to: `${course};` };
}

/**
 * The next ids of a course's enrollments after `after`, in order, also of those that have rows and no registration. One
 * statement for each table, which reads its index up to the page's end.
 */
export async function nextIds(db: D1Database, after: string, to: string, limit: number): Promise<string[]> {
  const owners = MOVED_TABLES.flatMap(({ name, owner }) => (owner === null ? [] : [{ name, owner }]));
  const pages = await db.batch<{ id: string }>(
    owners.map(({ name, owner }) =>
      db
        .prepare(
          `SELECT DISTINCT ${owner} AS id FROM ${name} WHERE ${owner} > ? AND ${owner} < ? ORDER BY ${owner} LIMIT ?`,
        )
        .bind(after, to, limit),
    ),
  );
  const ids = new Set(pages.flatMap(({ results }) => results.map(({ id }) => id)));
  return [...ids].sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
}

/** Statements of {@link nextIds}. */
export const NEXT_IDS_STATEMENTS = MOVED_TABLES.filter(({ owner }) => owner !== null).length;

/** SQL of how many bytes a row has. */
export function bytesOf(columns: readonly string[]): string {
  return `length(CAST(json_array(${columns.join(", ")}) AS BLOB))`;
}
