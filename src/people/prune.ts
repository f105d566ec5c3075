import { directory } from "../platform/database/shards.ts";
import { dropOldInvitations, dropOldUses } from "./statements.ts";

/** For so long after its end a link is listed. */
const KEPT_MS = 30 * 86_400_000;
/** Links of one page. */
const PAGE = 100;

/** Removes links that ended long ago, and who came by them. @returns whether there may be more. */
export async function pruneInvitations(env: Env, now: number): Promise<boolean> {
  const db = directory(env);
  const before = now - KEPT_MS;
  const [, dropped] = await db.batch([dropOldUses(db, before, PAGE), dropOldInvitations(db, before, PAGE)]);
  return (dropped?.meta.changes ?? 0) >= PAGE;
}
