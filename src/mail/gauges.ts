import { directory } from "../platform/database/shards.ts";
import { gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { waitingMails } from "./statements.ts";

/** Mail that the platform has not accepted yet. */
export const mailSection: Section = {
  name: "mail",
  async read(env, now) {
    const row = await waitingMails(directory(env)).first<{ waiting: number; since: number | null }>();
    const { waiting = 0, since = null } = row ?? {};
    return [
      gauge("mails_waiting", "Mails that were written and not accepted by the platform yet.", waiting),
      gauge(
        "mails_oldest_seconds",
        "How long the oldest of them has waited.",
        since === null ? 0 : Math.max(0, (now - since) / 1_000),
      ),
    ];
  },
};
