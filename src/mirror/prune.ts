import { answersOf, onEveryShard } from "../platform/database/shards.ts";
import { DAY_MS } from "../platform/instants.ts";
import {
  endOfPage,
  endWalk,
  noteWalk,
  placeOfWalk,
  pruneDivergences,
  pruneEventsBetween,
  pruneEventsFrom,
} from "./statements.ts";

/** How long announcements stay in D1. */
export const EVENT_RETENTION_MS = 7 * DAY_MS;
/** How long divergences of the shadow check stay. */
export const FINDING_RETENTION_MS = 30 * DAY_MS;
/** Rows removed by one statement, so that no statement holds the database for long. */
const PRUNE_PAGE = 2_000;
/** Announcements read for one page. */
export const EVENT_PAGE = 5_000;

/** Every night: removes old rows. @returns whether there may be more. */
export async function pruneMirror(env: Env, now: number): Promise<boolean> {
  const pages = await onEveryShard(env, async ({ db }) => {
    const isMore = await pruneEvents(db, now - EVENT_RETENTION_MS);
    return (await pruneFindings(db, now - FINDING_RETENTION_MS)) || isMore;
  });
  return answersOf(pages).includes(true);
}

async function pruneFindings(db: D1Database, before: number): Promise<boolean> {
  const { meta } = await pruneDivergences(db, before, PRUNE_PAGE).run();
  return meta.changes >= PRUNE_PAGE;
}

/**
 * Announcements have no index by age, because every completion would pay for it: the nightly job reads all of them,
 * page by page. D1 has its progress; a page that comes twice does no harm.
 */
async function pruneEvents(db: D1Database, before: number): Promise<boolean> {
  const place = await placeOfWalk(db).first<string>("place");
  const [version = "-1", id = ""] = place === null ? [] : place.split(/ (.*)/);
  const end = await endOfPage(db, id, Number(version), EVENT_PAGE - 1).first<{
    enrollment_id: string;
    version: number;
  }>();
  if (end === null) {
    await db.batch([pruneEventsFrom(db, id, Number(version), before), endWalk(db)]);
    return false;
  }
  await db.batch([
    pruneEventsBetween(db, id, Number(version), before, end.enrollment_id, end.version),
    noteWalk(db, `${end.version} ${end.enrollment_id}`),
  ]);
  return true;
}
