import { type Mirror, mirrorStatements } from "../mirror/index.ts";
import { utf8Bytes } from "../platform/database/batches.ts";
import { writesTo } from "../platform/database/moves.ts";
import { atCourse, groupByShard } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { logFault } from "../platform/log.ts";
import { CLEAR_MARKS, REACH } from "./statements.ts";

/** Bytes of mirrors that are settled together; one mirror may have more. */
const SETTLE_BYTES = 3_000_000;

/** What a refresh has brought, and the mark it answers. */
interface Refreshed {
  mirror: Mirror | null;
  enrollment: string;
  mark: number | null;
}

/**
 * Settles refreshes in groups of so many bytes: a hundred mirrors of large courses are more than a statement may be given,
 * and more than should be held. A group that fails is settled one by one, so that one bad mirror keeps back no other.
 */
export class Settler {
  readonly #env: Env;
  readonly #failed: (message: Message<unknown>) => void;
  #held: (Refreshed & { message?: Message<unknown> })[] = [];
  #bytes = 0;

  /** @param failed what to do with a message whose refresh could not be settled; a refresh without one is swept later. */
  constructor(env: Env, failed: (message: Message<unknown>) => void = () => undefined) {
    this.#env = env;
    this.#failed = failed;
  }

  /** Takes a refresh, and settles what is held when it is enough. Never throws: a message that is not settled has failed. */
  async add(refreshed: Refreshed & { message?: Message<unknown> }): Promise<void> {
    this.#held.push(refreshed);
    this.#bytes += refreshed.mirror === null ? 0 : utf8Bytes(JSON.stringify(refreshed.mirror));
    if (this.#bytes >= SETTLE_BYTES) await this.settle();
  }

  /** Settles what is held. */
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

/** Mirrors the new snapshots and clears exactly the marks that were read: a newer mark stays (invariant 4). */
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
