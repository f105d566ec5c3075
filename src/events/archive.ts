import type { z } from "@hono/zod-openapi";
import { directory } from "../platform/database/shards.ts";
import { takesWrites } from "../platform/database/takes-writes.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { archiveMessageSchema } from "./messages.ts";
import { ARCHIVE, pruneArchived } from "./statements.ts";

/** How long important events stay in D1: seven days. */
const ARCHIVE_RETENTION_MS = 7 * 86_400_000;
/** Rows removed at a time. */
const PRUNE_PAGE = 5_000;

type Archived = z.output<typeof archiveMessageSchema>;

/**
 * Writes a batch of important events to D1 in one statement; their ids make a second delivery harmless. If that fails
 * while D1 accepts other writes, writes each message separately, so that an invalid one does not stop the others.
 */
export async function consumeEvents(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const readable: { message: Message<unknown>; body: Archived }[] = [];
  for (const message of batch.messages) {
    const parsed = archiveMessageSchema.safeParse(message.body);
    if (parsed.success) readable.push({ message, body: parsed.data });
    else message.retry(); // unreadable: exhausts its retries and is written down as a dead letter
  }
  try {
    const events = await archive(
      directory(env),
      readable.map(({ body }) => body),
    );
    for (const { message } of readable) message.ack();
    logEvent("events_archived", { events });
    return;
  } catch (fault) {
    logFault("events_not_archived", fault, { messages: readable.length });
  }
  const isWorthTrying = readable.length > 1 && (await takesWrites(directory(env)));
  for (const { message, body } of readable) {
    try {
      if (!isWorthTrying) throw new Error("D1 refuses writes");
      await archive(directory(env), [body]);
      message.ack();
    } catch {
      message.retry();
    }
  }
}

/**
 * Archives the content of a dead letter: a message that failed its last retry because D1 did not answer is a valid
 * message.
 * @returns false when it cannot be read.
 * @throws when D1 does not store it.
 */
export async function archiveLate(env: Env, body: unknown): Promise<boolean> {
  const parsed = archiveMessageSchema.safeParse(body);
  if (!parsed.success) return false;
  await archive(directory(env), [parsed.data]);
  return true;
}

async function archive(db: D1Database, messages: readonly Archived[]): Promise<number> {
  const rows = messages.flatMap(({ user_id, events }) =>
    events.map(({ roles, ...event }) => ({ ...event, user_id, roles: roles?.join(",") ?? null })),
  );
  if (rows.length > 0) await db.batch(ARCHIVE.over(db, rows));
  return rows.length;
}

/** Every night: removes events that are older than seven days. @returns whether there may be more. */
export async function pruneEvents(db: D1Database, now: number): Promise<boolean> {
  const { meta } = await pruneArchived(db, now - ARCHIVE_RETENTION_MS, PRUNE_PAGE).run();
  return (meta.changes ?? 0) >= PRUNE_PAGE;
}
