import { type Mirror, mirrorStatements } from "../mirror/index.ts";
import { utf8Bytes } from "../platform/database/batches.ts";
import { writesTo } from "../platform/database/moves.ts";
import { atCourse, groupByShard } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { logFault } from "../platform/log.ts";
import { CLEAR_MARKS, REACH } from "./statements.ts";

/** Bytes of mirrors that are settled together; one mirror may have more. */
const SETTLE_BYTES = 3_000_000;

/** The result of a refresh, and the mark that caused it. */
interface Refreshed {
  mirror: Mirror | null;
  enrollment: string;
  mark: number | null;
}

/**
 * Settles refreshes in groups of so many bytes: a hundred mirrors of large courses are too much for one statement and
 * for the memory. If a group fails, its refreshes are settled one by one, so that an invalid mirror delays no other.
 */
export class Settler {
  readonly #env: Env;
  readonly #failed: (message: Message<unknown>) => void;
  #held: (Refreshed & { message?: Message<unknown> })[] = [];
  #bytes = 0;

  /**
   * @param failed called with the message of a refresh that could not be settled; a refresh without a message is swept
   * later.
   */
  constructor(env: Env, failed: (message: Message<unknown>) => void = () => undefined) {
    this.#env = env;
    this.#failed = failed;
  }

  /**
   * Adds a refresh, and settles the group when it is large enough. Never throws: `failed` is called for a message that
   * could not be settled.
   */
  async add(refreshed: Refreshed & { message?: Message<unknown> }): Promise<void> {
    this.#held.push(refreshed);
    this.#bytes += refreshed.mirror === null ? 0 : utf8Bytes(JSON.stringify(refreshed.mirror));
    if (this.#bytes >= SETTLE_BYTES) await this.settle();
  }

  /** Settles the refreshes of the present group. */
  async settle(): Promise<void> {
    const group = this.#held;
    this.#held = [];
    this.#bytes = 0;
    const { groups, unplaced } = await groupByShard(this.#env, group, courseOf);
    for (const { message } of unplaced) if (message !== undefined) this.#failed(message);
    await Promise.all(
      groups.map(async ({ shard, items }) => {
        if (await this.#settled(items, (write) => write(shard.db))) return;
        for (const one of items) {
          const isSettled = await this.#settled([one], (write) => atCourse(this.#env, courseOf(one), write));
          if (!isSettled && one.message !== undefined) this.#failed(one.message);
        }
      }),
    );
  }

  async #settled(
    group: readonly (Refreshed & { message?: Message<unknown> })[],
    inDatabase: (write: (db: D1Database) => Promise<void>) => Promise<void>,
  ): Promise<boolean> {
    try {
      await inDatabase((db) => settleRefreshes(db, group));
      for (const { message } of group) message?.ack();
      return true;
    } catch (fault) {
      logFault("refresh_unsettled", fault, { enrollments: group.length });
      return false;
    }
  }
}

function courseOf({ enrollment }: { enrollment: string }): string {
  return parseEnrollmentId(enrollment).course;
}

/**
 * Writes the new snapshots to the mirror and clears exactly the marks that were read: a newer mark stays (invariant 4).
 */
export async function settleRefreshes(db: D1Database, refreshed: readonly Refreshed[]): Promise<void> {
  const marks = refreshed.flatMap(({ enrollment, mark }) =>
    mark === null ? [] : [{ ...parseEnrollmentId(enrollment), mark }],
  );
  const mirrors = refreshed.flatMap(({ mirror }) => (mirror === null ? [] : [mirror]));
  const statements = [
    ...mirrorStatements(db, mirrors, true),
    ...REACH.over(
      db,
      mirrors.map(({ enrollment_id, activation }) => ({ ...parseEnrollmentId(enrollment_id), activation })),
    ),
    ...CLEAR_MARKS.over(db, marks),
  ];
  if (statements.length > 0) await db.batch([...writesTo(db, refreshed.map(courseOf)), ...statements]);
}
