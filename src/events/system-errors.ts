import { logFault } from "../platform/log.ts";
import { callBroadcastLog } from "./broadcast-log-stub.ts";
import { eventOf } from "./types.ts";

/**
 * The queue that brings events to D1. A failure on it is not reported by an event, because this event would need the
 * same queue.
 */
const OWN_QUEUE = "latchkey-events-dead";

/**
 * Notifies admins of messages that have failed their last retry. They are stored already; if nobody can be notified,
 * they stay stored.
 */
export async function reportDeadLetters(
  batch: { queue: string; messages: readonly Message<unknown>[] },
  env: Env,
): Promise<void> {
  const first = batch.messages[0];
  if (first === undefined || batch.queue === OWN_QUEUE) return;
  const queue = batch.queue.replace(/-dead$/, "");
  const event = eventOf(
    "system.error",
    {
      code: "dead_letters",
      summary: `${batch.messages.length} messages of ${queue} failed their last retry.`,
      ref: queue,
    },
    { key: `dead:${first.id}`, level: "error", priority: "high", roles: ["admin"] },
  );
  const published = await callBroadcastLog(env, (stub) => stub.publish([event]));
  if (!published.ok) logFault("dead_letters_not_told", new Error(published.refusal.code), { queue });
}
