import { logEvent } from "../log.ts";
import { meter } from "../metrics/meter.ts";

/** Deliveries of one message: the first, and the `max_retries` of wrangler.toml (a test compares them). */
export const LAST_ATTEMPT = 4;

/** A queue whose messages only say "ask me": their subject waits elsewhere, and its owner asks again by itself. */
export type AskingQueue =
  | "latchkey-projection"
  | "latchkey-refresh"
  | "latchkey-backup"
  | "latchkey-insight"
  | "latchkey-imports"
  | "latchkey-mail"
  | "latchkey-webhooks";

/**
 * A message that only says "ask me" could not be served. It comes again, and after its last retry it is dropped. Its
 * owner asks again by its own alarm or cron. So a dead letter would say nothing new, and an outage would make one each
 * minute.
 *
 * @returns whether it was dropped.
 */
export function retryOrDrop(
  queue: AskingQueue,
  message: Pick<Message<unknown>, "attempts" | "ack" | "retry">,
): boolean {
  if (message.attempts < LAST_ATTEMPT) {
    message.retry();
    return false;
  }
  dropAsking(queue, [message]);
  return true;
}

/** Acknowledges messages that only say "ask me", and counts them. */
export function dropAsking(queue: AskingQueue, messages: readonly Pick<Message<unknown>, "ack">[]): void {
  if (messages.length === 0) return;
  for (const message of messages) message.ack();
  meter.count("queue_messages_let_go_total", [queue], messages.length);
  logEvent("messages_let_go", { queue, messages: messages.length });
}
