import { logFault } from "../ops/logging.ts";
import { callBroadcastLog } from "./stubs.ts";
import { eventOf } from "./types.ts";

/** The queue that carries events to D1: what fails on it is not told by an event that would have to take it too. */
const OWN_QUEUE = "latchkey-events-dead";

/** Tells admins that messages have failed their last retry. They are stored already; that nobody is told must not undo it. */
export async function reportDeadLetters(batch: MessageBatch<unknown>, env: Env): Promise<void> {
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
