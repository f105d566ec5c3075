import { z } from "@hono/zod-openapi";
import { NOBODY, type PeoplePage } from "./source.ts";

/** A column of D1 that holds user ids. The names come from the code, never from outside. */
export type UserColumn = readonly [table: string, column: string];

/** Whether any of these columns has this user. One statement. */
export async function anyRow(db: D1Database, columns: readonly UserColumn[], user: string): Promise<boolean> {
  const any = columns.map(([table, column]) => `EXISTS (SELECT 1 FROM ${table} WHERE ${column} = ?1)`).join(" OR ");
  const row = await db.prepare(`SELECT ${any} AS found`).bind(user).first<{ found: number }>();
  return row?.found === 1;
}

/** User ids of one page. */
const PAGE = 500;
const positionSchema = z.object({ column: z.int(), after: z.string() });

/** A page of the user ids in these columns, one column after the other. */
export async function idsIn(db: D1Database, columns: readonly UserColumn[], from: string | null): Promise<PeoplePage> {
  const { column: at, after } = from === null ? { column: 0, after: "" } : positionSchema.parse(JSON.parse(from));
  const [table, column] = columns[at] ?? [];
  if (table === undefined || column === undefined) return NOBODY;
  const { results } = await db
    .prepare(`SELECT DISTINCT ${column} AS id FROM ${table} WHERE ${column} > ? ORDER BY ${column} LIMIT ?`)
    .bind(after, PAGE)
    .all<{ id: string }>();
  const ids = results.map(({ id }) => id);
  const last = ids.at(-1);
  if (last !== undefined && ids.length === PAGE) return { ids, next: JSON.stringify({ column: at, after: last }) };
  return { ids, next: at + 1 < columns.length ? JSON.stringify({ column: at + 1, after: "" }) : null };
}
