import { placementOf } from "../platform/database/placement.ts";
import { directory, everyShard, FIRST_SHARD, shardOf } from "../platform/database/shards.ts";
import { type Column, comparePositions, d1Tables, type Position, positionOf, readRows, type Tables } from "./rows.ts";
import { enrollmentIdsAfter, USERS_INDEX } from "./statements.ts";
import { type BackedUpTable, SHARDED } from "./tables.ts";

// Tables that every shard has. A backup has the rows of all shards as one table in the order of its key, so a backup
// does not depend on the number of databases.

/** Whether a table is in every shard, and not in the directory alone. */
export function isSharded(table: BackedUpTable): boolean {
  return SHARDED.includes(table.name);
}

/** Column that says to whom a row belongs. */
function ownerColumn(table: BackedUpTable): string {
  return table.name === "enrollments" ? "id" : "enrollment_id";
}

/** The course of a row: ids of enrollments begin with it. */
export function courseOfLine(table: BackedUpTable, columns: readonly Column[], line: string): string {
  const at = columns.findIndex(({ name }) => name === ownerColumn(table));
  // SAFETY: a line is a row as an array of its columns' values, see rows.ts.
  const id = String((JSON.parse(line) as unknown[])[at]);
  return id.slice(0, id.indexOf(":"));
}

/** The rows of a shard whose course is there, without the rows of courses that have moved away. */
export async function rowsAtHome(
  env: Env,
  shard: string,
  table: BackedUpTable,
  columns: readonly Column[],
  lines: readonly string[],
): Promise<string[]> {
  const own: string[] = [];
  for (const line of lines) {
    const placed = await placementOf(directory(env), courseOfLine(table, columns, line));
    if (placed.shard === shard) own.push(line);
  }
  return own;
}

/**
 * A page of a table over all shards, by key, without the rows of courses that have moved away.
 * @throws while one of the shards does not answer: a backup without it would not be whole.
 */
export async function readShardedRows(
  env: Env,
  table: BackedUpTable,
  columns: readonly Column[],
  after: Position | null,
): Promise<{ lines: string[]; next: Position | null }> {
  const pages = await Promise.all(
    everyShard(env).map(async ({ name, db }) => {
      const { lines, last, more } = await readRows(d1Tables(db), table, columns, { after });
      const own = await rowsAtHome(env, name, table, columns, lines);
      return { own: own.map((line) => ({ line, key: positionOf(columns, line) })), end: more ? last : null };
    }),
  );
  const compare = comparePositions(columns);
  // No page may go further than the end of the shortest page that has more after it.
  const [next = null] = pages.flatMap(({ end }) => (end === null ? [] : [end])).sort(compare);
  const rows = pages.flatMap(({ own }) => own).filter(({ key }) => next === null || compare(key, next) <= 0);
  rows.sort((a, b) => compare(a.key, b.key));
  return { lines: rows.map(({ line }) => line), next };
}

/** The next ids of enrollments over all shards. @throws while one of them does not answer. */
export async function enrollmentsAfter(env: Env, after: string, limit: number): Promise<string[]> {
  const pages = await Promise.all(
    everyShard(env).map(({ db }) => enrollmentIdsAfter(db, after, limit).all<{ id: string }>()),
  );
  const ids = new Set(pages.flatMap(({ results }) => results.map(({ id }) => id)));
  return [...ids].sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
}

/** The database that takes a course's rows in a restore. */
export interface RowsPlace {
  name: string;
  tables: Tables;
  /** Whether courses are in the same database, so that a fence may ask for them. */
  hasCourses: boolean;
}

/** The database for a course's rows in this deployment: courses are restored before them, and have it. */
export async function placeIn(env: Env, course: string): Promise<RowsPlace> {
  const { name, db } = await shardOf(env, course);
  return { name, tables: d1Tables(db), hasCourses: name === FIRST_SHARD };
}

/** Adds restored enrollments to the index of a user's courses. In the first shard a trigger does it. */
export async function indexRestored(env: Env, columns: readonly Column[], lines: readonly string[]): Promise<void> {
  const at = (name: string) => columns.findIndex((column) => column.name === name);
  const [user, course] = [at("user_id"), at("course_slug")];
  const rows = lines.map((line) => {
    // SAFETY: as above.
    const values = JSON.parse(line) as unknown[];
    return { user: values[user], course: values[course] };
  });
  for (const statement of USERS_INDEX.over(directory(env), rows)) await statement.run();
}
