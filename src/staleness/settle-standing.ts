import type { Shard } from "../platform/database/shards.ts";
import { logFault } from "../platform/log.ts";
import { evaluatePage, reachStatements } from "./page-evaluation.ts";
import { PointerReader } from "./refresh-one.ts";

/** An enrollment that a sweep has taken, with the mark that the sweep read. */
export interface Swept {
  course: string;
  user: string;
  stale_mark: number;
  stale_reason: string | null;
}

/**
 * Evaluates swept enrollments from D1, and settles those whose snapshot stays the same.
 * @returns these; the objects refresh those that cannot be evaluated now.
 */
export async function settleStanding(env: Env, { name, db }: Shard, swept: readonly Swept[]): Promise<Set<Swept>> {
  const settled = new Set<Swept>();
  const byCourse = Map.groupBy(
    swept.filter(({ stale_reason }) => stale_reason !== "doubt" && stale_reason !== "engine"),
    ({ course }) => course,
  );
  const pointers = new PointerReader(env);
  for (const [course, rows] of byCourse) {
    try {
      const byUser = new Map(rows.map((row) => [row.user, row]));
      const page = { after: "", limit: rows.length, users: [...byUser.keys()] };
      const { stands } = await evaluatePage(env, pointers, db, course, page);
      const marks = new Map(rows.map(({ user, stale_mark }) => [user, stale_mark]));
      const statements = reachStatements(db, stands, marks);
      if (statements.length === 0) continue;
      const noted = await db.batch<{ user: string }>(statements);
      for (const { user } of noted.flatMap(({ results }) => results)) {
        const row = byUser.get(user);
        if (row !== undefined) settled.add(row);
      }
    } catch (fault) {
      logFault("page_not_evaluated", fault, { course_id: course, enrollments: rows.length, shard: name });
    }
  }
  return settled;
}
