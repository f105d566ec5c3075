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

/** Suffix that makes a queue's name its dead-letter queue's name; see wrangler.toml. */
export const DEAD_SUFFIX = "-dead";

/** Letters of one queue that are kept while nobody has handled them: enough to see a cause, however many follow. */
export const MAX_OPEN_LETTERS = 150;
/** Letters of one queue that are kept after they were replayed, the newest. */
export const MAX_HANDLED_LETTERS = 50;
/** Bytes of one queue's open letters after which no more are taken; one message has 128,000 at most. */
export const MAX_LETTER_BYTES = 4_000_000;
/** An open letter is kept this long; its alert has stood all the while. */
export const LETTER_RETENTION_MS = 90 * DAY_MS;

/** A letter that was replayed is kept this long. */
const HANDLED_RETENTION_MS = 30 * DAY_MS;

/** Letters forgotten by one statement. */
const PRUNE_PAGE = 500;

/** What may be done with a queue's dead messages instead of writing them down. */
export interface DeadQueue {
  /** By this name its messages are dropped when they only say "ask me"; see {@link isAsking}. */
  asking?: AskingQueue;
  /** Whether a message only says "ask me": what it is about waits elsewhere, and is asked for again without it. */
  isAsking?(body: unknown): boolean;
  /** Carries out a message that carries what it says. @returns false when it cannot be read. @throws when it fails. */
  carryOut?(env: Env, body: unknown): Promise<boolean>;
}

/**
 * What becomes of messages that failed their last retry. Those that only say "ask me" are dropped. Those that carry
 * what they say are tried once more: it may have been an outage that failed them, and while that lasts they wait in
 * their queue. What is left is bad, and is written down.
 *
 * @returns the messages that were written down.
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
 * Writes messages down, as many of a queue as are kept; a message is acknowledged only then, and its id makes a second
 * delivery harmless. While D1 does not take them they wait in their queue.
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

/** A letter that is there already was delivered twice; any other that was not stored found no room. */
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

/** Nightly: forgets open letters that nobody came for, and counts them; and those handled long ago. @returns whether there may be more. */
export async function pruneLetters(db: D1Database, now: number): Promise<boolean> {
  const { results } = await pruneOpenLetters(db, now - LETTER_RETENTION_MS, PRUNE_PAGE).all<{ queue: string }>();
  for (const [queue, letters] of Map.groupBy(results, (row) => row.queue)) {
    meter.count("dead_letters_dropped_total", [queue, "old"], letters.length);
  }
  const handled = await pruneHandledLetters(db, now - HANDLED_RETENTION_MS, PRUNE_PAGE).run();
  return results.length >= PRUNE_PAGE || handled.meta.changes >= PRUNE_PAGE;
}

/** Notes that a letter was sent to its queue again, and forgets the oldest of that queue that were. */
export async function noteReplayed(db: D1Database, letter: { id: string; queue: string }, by: string, now: number) {
  await db.batch([noteReplay(db, now, by, letter.id), forgetHandled(db, letter.queue, MAX_HANDLED_LETTERS)]);
}
