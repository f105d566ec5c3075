import { and, eq, lt, sql } from "drizzle-orm";
import { jsonSet, oneBatch } from "../../platform/database/batches.ts";
import { rosterRuns } from "../tables.ts";
import { HELD_MS, KNOWN_MS } from "./limits.ts";
import { keysOf, rosterDatabase } from "./store.ts";

/** Runs of one page; each has three objects, and one call removes a thousand. */
const PAGE = 300;

/** Every night: files, plans and previews that have had their time, and runs that nobody need know of any more. */
export async function pruneRosters(env: Env, now: number): Promise<boolean> {
  const db = rosterDatabase(env);
  const old = await db
    .select({ id: rosterRuns.id })
    .from(rosterRuns)
    .where(and(lt(rosterRuns.created_at, now - HELD_MS), eq(rosterRuns.held, 1)))
    .limit(PAGE)
    .all();
  if (old.length > 0) {
    const ids = old.map(({ id }) => id);
    await env.DOCUMENTS.delete(ids.flatMap(keysOf));
    // A plan that nobody has confirmed in this time is nobody's any more.
    await db.run(sql`UPDATE roster_runs SET held = 0, state = CASE state WHEN 'planned' THEN 'replaced' ELSE state END
      WHERE id IN (SELECT value FROM ${jsonSet(oneBatch(ids))})`);
  }
  const gone = await db
    .delete(rosterRuns)
    .where(
      sql`id IN (SELECT id FROM roster_runs WHERE created_at < ${now - KNOWN_MS} AND held = 0 ORDER BY created_at LIMIT ${PAGE})`,
    )
    .returning({ id: rosterRuns.id });
  return old.length === PAGE || gone.length === PAGE;
}
