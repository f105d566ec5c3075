import { directory } from "../database/shards.ts";
import { takesWrites } from "../database/takes-writes.ts";
import { DAY_MS } from "../instants.ts";
import { logEvent, logFault } from "../log.ts";
import { meter } from "../metrics/meter.ts";
import {
  bytesOfLetters,
  forgetHandled,
  insertLetter,
  KNOWN_LETTERS,
  noteReplay,
  pruneHandledLetters,
  pruneOpenLetters,
} from "../statements.ts";
import { type AskingQueue, dropAsking } from "./last-attempt.ts";

/** The name of a queue's dead-letter queue is its own name with this suffix; see wrangler.toml. */
export const DEAD_SUFFIX = "-dead";

/** The limit of open letters per queue: enough to see a cause, however many follow. */
export const MAX_OPEN_LETTERS = 150;
/** The limit of replayed letters per queue, the newest ones. */
export const MAX_HANDLED_LETTERS = 50;
/** When the open letters of a queue have this many bytes, no more are stored; one message has 128,000 at most. */
export const MAX_LETTER_BYTES = 4_000_000;
/** An open letter is kept this long; its alert fires all that time. */
export const LETTER_RETENTION_MS = 90 * DAY_MS;

/** A replayed letter is kept this long. */
const HANDLED_RETENTION_MS = 30 * DAY_MS;

/** At most this many letters are removed by one statement. */
const PRUNE_PAGE = 500;

/** What may be done with a queue's dead messages instead of storing them. */
export interface DeadQueue {
  /** The name under which dropped messages that only say "ask me" are counted; see {@link isAsking}. */
  asking?: AskingQueue;
  /** Whether a message only says "ask me": its subject waits elsewhere, and is requested again without it. */
  isAsking?(body: unknown): boolean;
  /** Carries out a message that contains its work. @returns false if it cannot be read. @throws if it fails. */
  carryOut?(env: Env, body: unknown): Promise<boolean>;
}

/**
 * What happens to messages that failed their last retry. Those that only say "ask me" are dropped. Those that contain
 * their work are tried once more: an outage may have failed them, and while that lasts they wait in their queue. The
 * rest are bad messages, and are stored.
 *
 * @returns the messages that were stored.
 */
export async function settleDead(
  batch: MessageBatch<unknown>,
  env: Env,
  now: number,
  { asking, isAsking, carryOut }: DeadQueue,
): Promise<Message<unknown>[]> {
  const askers = batch.messages.filter(({ body }) => isAsking?.(body) === true);
  if (asking !== undefined) dropAsking(asking, askers);
  const bad: Message<unknown>[] = [];
  let isDown = false;
  for (const message of batch.messages) {
    if (askers.includes(message)) continue;
    try {
      if (!isDown && (await carryOut?.(env, message.body)) === true) message.ack();
      else if (isDown) message.retry();
      else bad.push(message);
    } catch (fault) {
      logFault("dead_message_failed", fault, { queue: batch.queue });
      isDown = !(await takesWrites(directory(env)));
      if (isDown) message.retry();
      else bad.push(message);
    }
  }
  return storeDeadLetters(batch.queue.slice(0, -DEAD_SUFFIX.length), bad, env, now);
}

/**
 * Stores messages, up to the limit of their queue. A message is acknowledged only after that, and its id makes a second
 * delivery harmless. While D1 refuses them they wait in their queue.
 */
async function storeDeadLetters(
  queue: string,
  messages: readonly Message<unknown>[],
  env: Env,
  now: number,
): Promise<Message<unknown>[]> {
  if (messages.length === 0) return [];
  try {
    const held = await bytesOfLetters(directory(env), queue).first<{ bytes: number }>();
    let room = MAX_LETTER_BYTES - (held?.bytes ?? 0);
    const statements: D1PreparedStatement[] = [];
    for (const { id, body, attempts } of messages) {
      const text = JSON.stringify(body) ?? "null";
      room -= new TextEncoder().encode(text).byteLength;
      if (room < 0) break;
      statements.push(insertLetter(directory(env), id, queue, text, attempts, now, MAX_OPEN_LETTERS));
    }
    const results = statements.length === 0 ? [] : await directory(env).batch(statements);
    for (const message of messages) message.ack();
    const stored = messages.filter((_, at) => (results[at]?.meta.changes ?? 0) > 0);
    logEvent("dead_letters_stored", { queue, messages: stored.length });
    await countDropped(env, queue, messages, stored);
    return stored;
  } catch (fault) {
    logFault("dead_letters_wait", fault, { queue, messages: messages.length });
    for (const message of messages) message.retry();
    return [];
  }
}

/** An existing letter was delivered twice; any other letter that was not stored found no room. */
async function countDropped(
  env: Env,
  queue: string,
  messages: readonly Message<unknown>[],
  stored: readonly Message<unknown>[],
): Promise<void> {
  if (stored.length === messages.length) return;
  const rest = messages.filter((message) => !stored.includes(message)).map(({ id }) => id);
  const known = await KNOWN_LETTERS.find<{ id: string }>(directory(env), rest);
  const dropped = rest.length - known.length;
  if (dropped === 0) return;
  meter.count("dead_letters_dropped_total", [queue, "full"], dropped);
  logEvent("dead_letters_dropped", { queue, messages: dropped });
}

/**
 * Nightly: removes and counts old open letters, and removes letters handled long ago. @returns whether there may be
 * more.
 */
export async function pruneLetters(db: D1Database, now: number): Promise<boolean> {
  const { results } = await pruneOpenLetters(db, now - LETTER_RETENTION_MS, PRUNE_PAGE).all<{ queue: string }>();
  for (const [queue, letters] of Map.groupBy(results, (row) => row.queue)) {
    meter.count("dead_letters_dropped_total", [queue, "old"], letters.length);
  }
  const handled = await pruneHandledLetters(db, now - HANDLED_RETENTION_MS, PRUNE_PAGE).run();
  return results.length >= PRUNE_PAGE || handled.meta.changes >= PRUNE_PAGE;
}

/** Notes that a letter was sent to its queue again, and removes the oldest such letters of that queue. */
export async function noteReplayed(db: D1Database, letter: { id: string; queue: string }, by: string, now: number) {
  await db.batch([noteReplay(db, now, by, letter.id), forgetHandled(db, letter.queue, MAX_HANDLED_LETTERS)]);
}
