import { answersOf, onEveryShard } from "../platform/database/shards.ts";
import { DAY_MS } from "../platform/instants.ts";

/** Announcements stay in D1 this long. */
export const EVENT_RETENTION_MS = 7 * DAY_MS;
/** Divergences that the shadow check has found. */
export const FINDING_RETENTION_MS = 30 * DAY_MS;
/** Rows removed per statement, so that no statement holds the database long. */
const PRUNE_PAGE = 2_000;
/** Announcements looked at by one page. */
export const EVENT_PAGE = 5_000;

/** Nightly: removes what is past its time. @returns whether there may be more. */
export async function pruneMirror(env: Env, now: number): Promise<boolean> {
  const pages = await onEveryShard(env, async ({ db }) => {
    const isMore = await pruneEvents(db, now - EVENT_RETENTION_MS);
    return (await pruneFindings(db, now - FINDING_RETENTION_MS)) || isMore;
  });
  return answersOf(pages).includes(true);
}

async function pruneFindings(db: D1Database, before: number): Promise<boolean> {
  const { meta } = await db
    .prepare("DELETE FROM divergences WHERE id IN (SELECT id FROM divergences WHERE detected_at < ? LIMIT ?)")
    .bind(before, PRUNE_PAGE)
    .run();
  return meta.changes >= PRUNE_PAGE;
}

/**
 * Announcements have no index by age, which every completion would pay for: the night walks over all of them, page by page.
 * Where it stands is in D1; a page that comes twice does no harm.
 */
async function pruneEvents(db: D1Database, before: number): Promise<boolean> {
  const place = await db.prepare("SELECT place FROM walks WHERE name = 'unlock_events'").first<string>("place");
  const [version = "-1", id = ""] = place === null ? [] : place.split(/ (.*)/);
  const end = await db
    .prepare(
      `SELECT enrollment_id, version FROM unlock_events WHERE (enrollment_id, version) > (?1, ?2)
       ORDER BY enrollment_id, version LIMIT 1 OFFSET ${EVENT_PAGE - 1}`,
    )
    .bind(id, Number(version))
    .first<{ enrollment_id: string; version: number }>();
  const from = "DELETE FROM unlock_events WHERE (enrollment_id, version) > (?1, ?2) AND announced_at < ?3";
  if (end === null) {
    await db.batch([
      db.prepare(from).bind(id, Number(version), before),
      db.prepare("DELETE FROM walks WHERE name = 'unlock_events'"),
    ]);
    return false;
  }
  await db.batch([
    db
      .prepare(`${from} AND (enrollment_id, version) <= (?4, ?5)`)
      .bind(id, Number(version), before, end.enrollment_id, end.version),
    db
      .prepare(
        "INSERT INTO walks (name, place) VALUES ('unlock_events', ?1) ON CONFLICT (name) DO UPDATE SET place = ?1",
      )
      .bind(`${end.version} ${end.enrollment_id}`),
  ]);
  return true;
}
