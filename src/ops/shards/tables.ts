import { columnsOf, idsIn } from "../statements.ts";
import { MOVED_TABLES, type MovedTable } from "./moved-tables.ts";
/** A table with its columns. */
export interface Shape extends MovedTable {
  columns: readonly string[];
}

/** The two databases have different columns: a migration has reached only one of them. */
class ShapesDifferError extends Error {
  override readonly name = "ShapesDifferError";
}

/** The tables with the columns that both databases have. @throws ShapesDifferError */
export async function shapesOf(source: D1Database, target: D1Database): Promise<Shape[]> {
  const [here, there] = await Promise.all([columnsIn(source), columnsIn(target)]);
  return MOVED_TABLES.map((table, at) => {
    const columns = here[at] ?? [];
    const isSame = columns.length > 0 && [...columns].sort().join() === [...(there[at] ?? [])].sort().join();
    if (!isSame) throw new ShapesDifferError(`${table.name} has other columns in the two databases`);
    return { ...table, columns };
  });
}

async function columnsIn(db: D1Database): Promise<string[][]> {
  const tables = await db.batch<{ name: string }>(MOVED_TABLES.map(({ name }) => columnsOf(db, name)));
  return tables.map(({ results }) => results.map(({ name }) => name));
}

/** Ids of enrollments of a course are between these two: they begin with the course and a colon. */
export function idRange(course: string): { from: string; to: string } {
  return { from: `${course}:`, to: `${course};` };
}

/**
 * The next ids of a course's enrollments after `after`, in order, including those that have rows and no registration.
 * One statement for each table, which reads its index up to the page's end.
 */
export async function nextIds(db: D1Database, after: string, to: string, limit: number): Promise<string[]> {
  const pages = await db.batch<{ id: string }>(Object.values(idsIn).map((next) => next(db, after, to, limit)));
  const ids = new Set(pages.flatMap(({ results }) => results.map(({ id }) => id)));
  return [...ids].sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
}

/** Statements of {@link nextIds}. */
export const NEXT_IDS_STATEMENTS = Object.keys(idsIn).length;

/** SQL of how many bytes a row has. */
export function bytesOf(columns: readonly string[]): string {
  return `length(CAST(json_array(${columns.join(", ")}) AS BLOB))`;
}
