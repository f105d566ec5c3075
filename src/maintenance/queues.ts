import { backupMessageSchema, consumeBackups } from "../backup/index.ts";
import { consumeWebhooks, webhookMessageSchema, workOnLti } from "../connect/index.ts";
import { archiveLate, consumeEvents, reportDeadLetters } from "../events/index.ts";
import { consumeMail } from "../identity/index.ts";
import { mailAskSchema } from "../identity/shapes.ts";
import { consumeImports, importMessageSchema } from "../imports/index.ts";
import { consumeInsight, insightMessageSchema } from "../insight/index.ts";
import { consumeProjections } from "../mirror/index.ts";
import { projectionMessageSchema, refreshMessageSchema } from "../mirror/shapes.ts";
import { consumeRoster } from "../people/index.ts";
import { DEAD_SUFFIX, type DeadQueue, settleDead } from "../platform/queue/dead-letters.ts";
import { withoutErased } from "../privacy/index.ts";
import { consumeRefreshes, restRefreshes } from "../staleness/index.ts";
import { cleanUpPage } from "./clean-up.ts";

/**
 * Messages that need no dead letter, because they only say "ask me" and their sender sends another: an object's alarm
 * while it has pending rows, the minute cron while something is stale, unmarked or stopped, the next night for nightly
 * work.
 */
const DEAD_QUEUES: Readonly<Record<string, DeadQueue>> = {
  "latchkey-projection": {
    asking: "latchkey-projection",
    isAsking: (body) => projectionMessageSchema.safeParse(body).success,
  },
  "latchkey-refresh": { asking: "latchkey-refresh", isAsking: (body) => refreshMessageSchema.safeParse(body).success },
  "latchkey-backup": { asking: "latchkey-backup", isAsking: (body) => backupMessageSchema.safeParse(body).success },
  "latchkey-insight": { asking: "latchkey-insight", isAsking: (body) => insightMessageSchema.safeParse(body).success },
  "latchkey-imports": { asking: "latchkey-imports", isAsking: (body) => importMessageSchema.safeParse(body).success },
  // A person who waits for a mail in vain asks again.
  "latchkey-mail": { asking: "latchkey-mail", isAsking: (body) => mailAskSchema.safeParse(body).success },
  "latchkey-webhooks": {
    asking: "latchkey-webhooks",
    isAsking: (body) => webhookMessageSchema.safeParse(body).success,
  },
  "latchkey-events": { carryOut: archiveLate },
};

/** Passes a batch to the room of its queue. @throws for a queue that no room consumes. */
export async function consumeQueue(arrived: MessageBatch<unknown>, env: Env): Promise<void> {
  const batch = await withoutErased(underItsOwnName(arrived), env);
  if (batch.queue.endsWith(DEAD_SUFFIX)) {
    const queue = batch.queue.slice(0, -DEAD_SUFFIX.length);
    if (queue === "latchkey-refresh") await restRefreshes(batch.messages, env, Date.now());
    const written = await settleDead(batch, env, Date.now(), DEAD_QUEUES[queue] ?? {});
    return reportDeadLetters({ queue: batch.queue, messages: written }, env);
  }
  if (batch.queue === "latchkey-projection") return consumeProjections(batch, env);
  if (batch.queue === "latchkey-refresh") return consumeRefreshes(batch, env, cleanUpPage);
  if (batch.queue === "latchkey-events") return consumeEvents(batch, env);
  if (batch.queue === "latchkey-backup") return consumeBackups(batch, env);
  if (batch.queue === "latchkey-insight") return consumeInsight(batch, env);
  if (batch.queue === "latchkey-imports") return consumeImports(batch, env, { roster: consumeRoster, lti: workOnLti });
  if (batch.queue === "latchkey-mail") return consumeMail(batch, env);
  if (batch.queue === "latchkey-webhooks") return consumeWebhooks(batch, env);
  throw new Error(`no consumer for the queue ${batch.queue}`);
}

/** Each environment has its own queues: `latchkey-staging-refresh` is `latchkey-refresh` in the code. */
function underItsOwnName(batch: MessageBatch<unknown>): MessageBatch<unknown> {
  const queue = batch.queue.replace(/^latchkey-staging-/, "latchkey-");
  if (queue === batch.queue) return batch;
  return {
    queue,
    metadata: batch.metadata,
    messages: batch.messages,
    ackAll: () => batch.ackAll(),
    retryAll: (options) => batch.retryAll(options),
  };
}
