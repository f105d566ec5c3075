import { answersOf, directory, groupByShard, onEveryShard, type Shard } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { DAY_MS } from "../platform/instants.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import { FORGET_COURSES_OF, REGISTERED, REMOVE_GONE, REMOVE_MIRRORED, withdrawnBefore } from "./statements.ts";
import { callEnrollment } from "./stub.ts";

/** A withdrawn enrollment keeps its facts this long, for a learner who returns. */
export const WITHDRAWN_RETENTION_MS = 30 * DAY_MS;
/** Withdrawn enrollments destroyed by one call. */
const DESTROY_PAGE = 50;
const PARALLEL_OBJECTS = 6;

/**
 * A row of the index is removed only this long after it was last used, because a registration under way has written it.
 */
const INDEX_GRACE_MS = DAY_MS;
/**
 * Destroys a page of each shard's objects in which nobody has been enrolled for long, then removes their rows. In this
 * order, a crash in between leaves a row that is found again tomorrow, never an object that nobody finds.
 * @returns whether there may be more. A page in which nothing could be destroyed ends the night.
 */
export async function destroyWithdrawn(env: Env, now: number): Promise<boolean> {
  const pages = await onEveryShard(env, (shard) => destroyPage(env, shard, now));
  return answersOf(pages).includes(true);
}

async function destroyPage(env: Env, { name, db }: Shard, now: number): Promise<boolean> {
  const { results } = await withdrawnBefore(db, now - WITHDRAWN_RETENTION_MS, DESTROY_PAGE).all<{
    id: string;
    asked_at: number;
  }>();
  // For a course that is elsewhere, these rows are a copy from before its move: they say nothing about anybody now.
  const { groups } = await groupByShard(env, results, ({ id }) => parseEnrollmentId(id).course);
  const own = groups.find(({ shard }) => shard.name === name)?.items ?? [];
  const gone: { id: string; asked_at: number }[] = [];
  await inParallel(own, PARALLEL_OBJECTS, async (row) => {
    const { id } = row;
    const result = await callEnrollment(env, id, (stub) => stub.destroy());
    if (result.ok) gone.push(row);
    else logFault("destroy_failed", new Error(result.refusal.code), { enrollment_id: id });
  });
  if (gone.length > 0) {
    await db.batch([...Object.values(REMOVE_MIRRORED), REMOVE_GONE].flatMap((statement) => statement.over(db, gone)));
    const left = new Set(
      (
        await REGISTERED.find<{ id: string }>(
          db,
          gone.map(({ id }) => id),
        )
      ).map(({ id }) => id),
    );
    const forgotten = gone.filter(({ id }) => !left.has(id)).map(({ id }) => parseEnrollmentId(id));
    for (const statement of FORGET_COURSES_OF.over(directory(env), forgotten, now - INDEX_GRACE_MS))
      await statement.run();
    logEvent("enrollments_destroyed", { enrollments: gone.length, shard: name });
  }
  return results.length === DESTROY_PAGE && gone.length > 0;
}
