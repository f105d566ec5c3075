import { setStatement } from "../../platform/database/set-statement.ts";
import type { MoveCall } from "./move-call.ts";
import { idRange, MOVED_TABLES, NEXT_IDS_STATEMENTS, nextIds } from "./tables.ts";

/** Enrollments removed together. */
const PURGE_PAGE = 500;

// Only while the shard is closed by this very move: a late call removes nothing of a course that has come back.
const REMOVALS = MOVED_TABLES.toReversed().map(({ name, isOf }) =>
  setStatement(
    (set) => `DELETE FROM ${name} WHERE ${isOf(set)}
      AND EXISTS (SELECT 1 FROM closed_courses WHERE course_slug = ?2 AND generation = ?3)`,
  ),
);

/** Removes what a course has left behind. */
export class Purging {
  readonly #call: MoveCall;

  constructor(call: MoveCall) {
    this.#call = call;
  }

  /** @returns whether there may be more. */
  async nextPage(): Promise<boolean> {
    const { course, move, source } = this.#call;
    const { from, to } = idRange(course);
    const ids = await nextIds(source.db, from, to, PURGE_PAGE);
    const removals = REMOVALS.flatMap((remove) => remove.over(source.db, ids, course, move.generation));
    // Which page of a marking was done here says nothing any more.
    removals.push(source.db.prepare("DELETE FROM mark_fences WHERE course_slug = ?").bind(course));
    const removed = await source.db.batch(removals);
    const rows = removed.reduce((sum, { meta }) => sum + (meta.changes ?? 0), 0);
    this.#call.counted(removals.length + NEXT_IDS_STATEMENTS, undefined, rows);
    // A page of which nothing could be removed would be found for ever.
    return ids.length === PURGE_PAGE && rows > 0;
  }
}
