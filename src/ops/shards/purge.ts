import { forgetMarkFence, REMOVE_LEFT_BEHIND } from "../statements.ts";
import type { MoveCall } from "./move-call.ts";
import { idRange, NEXT_IDS_STATEMENTS, nextIds } from "./tables.ts";

/** Enrollments removed together. */
const PURGE_PAGE = 500;

/** Removes the rows of a course that has moved away. */
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
    const removals = Object.values(REMOVE_LEFT_BEHIND).flatMap((remove) =>
      remove.over(source.db, ids, course, move.generation),
    );
    // The progress of a marking in this shard means nothing any more.
    removals.push(forgetMarkFence(source.db, course));
    const removed = await source.db.batch(removals);
    const rows = removed.reduce((sum, { meta }) => sum + (meta.changes ?? 0), 0);
    this.#call.counted(removals.length + NEXT_IDS_STATEMENTS, undefined, rows);
    // A page from which nothing could be removed would be found again for ever.
    return ids.length === PURGE_PAGE && rows > 0;
  }
}
