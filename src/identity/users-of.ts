import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import type { UserRow } from "./library.ts";
import { users } from "./tables.ts";

/** People of an organisation by id, of whom a name, an address or an id has the text in it. */
export function findUsersOf(
  db: Database,
  organization: string,
  search: string,
  after: string,
  limit: number,
): Promise<UserRow[]> {
  const text = search.toLowerCase();
  const has = sql`(instr(lower(${users.name}), ${text}) > 0 OR instr(${users.email}, ${text}) > 0
    OR instr(lower(${users.id}), ${text}) > 0)`;
  return db
    .select()
    .from(users)
    .where(and(eq(users.organizationId, organization), gt(users.id, after), text === "" ? undefined : has))
    .orderBy(asc(users.id))
    .limit(limit);
}
