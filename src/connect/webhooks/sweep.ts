import { askForDeliveries, hooksAreOn, MAX_HOOKS } from "../../hooks/index.ts";
import { directory, everyShard } from "../../platform/database/shards.ts";
import { logFault } from "../../platform/log.ts";
import { retryOrDrop } from "../../platform/queue/last-attempt.ts";
import { dueSince } from "./due.ts";
import { KEPT_MS, KEPT_PAGES } from "./limits.ts";
import { webhookMessageSchema } from "./message.ts";
import { runHook } from "./run.ts";
import { idleHooks, nextWithPages, pageBeyond, prunePages } from "./statements.ts";

const PRUNE_PAGE = 500;

/** Delivers what messages ask for. */
export async function consumeWebhooks(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const parsed = webhookMessageSchema.safeParse(message.body);
    if (!parsed.success) {
      message.retry(); // unreadable: exhausts its retries and is written down as a dead letter
      continue;
    }
    try {
      await runHook(env, parsed.data.subscription);
      message.ack();
    } catch (fault) {
      logFault("webhooks_failed", fault, { subscription: parsed.data.subscription });
      retryOrDrop("latchkey-webhooks", message);
    }
  }
}

/** Every minute: asks for deliveries that are due and that nobody makes, as after a kill. */
export async function watchWebhooks(env: Env, now: number): Promise<void> {
  if (!hooksAreOn(env)) return;
  const { results } = await idleHooks(directory(env), now, MAX_HOOKS).all<{ id: string }>();
  for (const { id } of results) if ((await dueSince(env, id, now)) !== null) await askForDeliveries(env, [id]);
}

/** Nightly: removes what has had its time, and what is left of subscriptions that were removed. @returns whether there may be more. */
export async function pruneWebhooks(env: Env, now: number): Promise<boolean> {
  let isMore = false;
  for (const { db } of everyShard(env)) {
    for (let after = ""; ; ) {
      const id: string | null = await nextWithPages(db, after).first<string>("subscription");
      if (id === null) break;
      after = id;
      const beyond = await pageBeyond(db, id, KEPT_PAGES).first<number>("seq");
      const { meta } = await prunePages(db, id, Math.max(now - KEPT_MS, (beyond ?? -1) + 1), PRUNE_PAGE).run();
      isMore ||= meta.changes >= PRUNE_PAGE;
    }
  }
  return isMore;
}
