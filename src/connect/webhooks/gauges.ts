import { MAX_HOOKS } from "../../hooks/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { gauge } from "../../platform/metrics/family.ts";
import type { Section } from "../../platform/metrics/section.ts";
import { dueSince } from "./due.ts";
import { countHooks, idleHooks } from "./statements.ts";

/** A receiver that takes nothing for so long is failing. */
const FAILING_MS = 3_600_000;

/** What other systems are told, and whether it goes out. A receiver that is down keeps only its own deliveries waiting. */
export const webhookSection: Section = {
  name: "webhooks",
  async read(env, now) {
    const db = directory(env);
    const counts = await countHooks(db, now - FAILING_MS).first<{
      active: number;
      disabled: number;
      failing: number;
    }>();
    const { results } = await idleHooks(db, now, MAX_HOOKS).all<{ id: string }>();
    let oldest = now;
    for (const { id } of results) oldest = Math.min(oldest, (await dueSince(env, id, now)) ?? now);
    const { active = 0, disabled = 0, failing = 0 } = counts ?? {};
    return [
      gauge("webhook_subscriptions_active", "Subscriptions of other systems that are told what happens.", active),
      gauge(
        "webhook_subscriptions_disabled",
        "Subscriptions that are disabled: the receiver is gone, or somebody asked.",
        disabled,
      ),
      gauge(
        "webhook_subscriptions_failing",
        "Active subscriptions whose receiver has taken nothing for an hour or more.",
        failing,
      ),
      gauge(
        "webhook_deliveries_late_seconds",
        "How long the delivery that is longest due has not been tried, of receivers that are not down.",
        Math.max(0, (now - oldest) / 1_000),
      ),
    ];
  },
};
