import { notBeingErased } from "../identity/index.ts";
import { logEvent } from "../ops/logging.ts";
import { archiveMessageSchema } from "./messages.ts";

/** How long important events stay in D1: seven days. */
export const ARCHIVE_RETENTION_MS = 7 * 86_400_000;
/** Rows removed at a time. */
const PRUNE_PAGE = 5_000;

const INSERT = `
  INSERT INTO event_log (id, user_id, at, type, level, priority, roles, data)
  SELECT value ->> 'id', value ->> 'user_id', value ->> 'at', value ->> 'type', value ->> 'level',
         value ->> 'priority', value ->> 'roles', value ->> 'data'
  FROM json_each(?) WHERE ${notBeingErased("value ->> 'user_id'")} ON CONFLICT (id) DO NOTHING`;

/** Writes a batch of important events to D1 in one statement; their ids make a second delivery harmless. */
export async function consumeEvents(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const rows: object[] = [];
  const readable: Message<unknown>[] = [];
  for (const message of batch.messages) {
    const parsed = archiveMessageSchema.safeParse(message.body);
    if (!parsed.success) {
      message.retry(); // unreadable: exhausts its retries and is written down as a dead letter
      continue;
    }
    readable.push(message);
    const { user_id, events } = parsed.data;
    for (const { roles, ...event } of events) rows.push({ ...event, user_id, roles: roles?.join(",") ?? null });
  }
  if (rows.length > 0) await env.DB.prepare(INSERT).bind(JSON.stringify(rows)).run();
  for (const message of readable) message.ack();
  logEvent("events_archived", { events: rows.length });
}

/** Nightly: removes what is older than the retention. @returns whether there may be more. */
export async function pruneEvents(db: D1Database, now: number): Promise<boolean> {
  const { meta } = await db
    .prepare("DELETE FROM event_log WHERE id IN (SELECT id FROM event_log WHERE at < ? LIMIT ?)")
    .bind(now - ARCHIVE_RETENTION_MS, PRUNE_PAGE)
    .run();
  return (meta.changes ?? 0) >= PRUNE_PAGE;
}
