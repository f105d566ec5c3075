import { drizzle } from "drizzle-orm/d1";
import { directory } from "../platform/database/shards.ts";
import { counter, gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { outboxDepth } from "./outbox.ts";
import { callChain } from "./stubs.ts";

/** Numbers of the audit chain: its entries, and what waits to go into it, out of it and into the bucket. */
export const auditSection: Section = {
  name: "audit",
  async read(env) {
    const state = await callChain(env, (stub) => stub.state());
    if (!state.ok) throw new Error(`refused: ${state.refusal.code}`);
    const { seq, unprojected, oldest_unprojected_ms, heads_unstored, head_conflicts, head } = state.value;
    const outbox = await outboxDepth(drizzle(directory(env)));
    return [
      counter("audit_entries_total", "Entries in the chain.", seq),
      gauge("audit_owed_entries", "Entries that wait in D1 for the chain.", outbox.waiting),
      gauge("audit_refused_entries", "Entries that the chain will never accept: a person must look.", outbox.refused),
      gauge("audit_unprojected_entries", "Entries that have not been copied to D1 yet.", unprojected),
      gauge("audit_unprojected_age_seconds", "How long the oldest of them has waited.", oldest_unprojected_ms / 1_000),
      gauge("audit_unstored_heads", "Signed heads that are not in the bucket yet.", heads_unstored),
      gauge(
        "audit_last_head_timestamp_seconds",
        "When the last head was signed.",
        head === null ? null : head.at / 1_000,
      ),
      counter(
        "audit_head_conflicts_total",
        "Heads with a number that an earlier head already has: the storage was set back.",
        head_conflicts,
      ),
    ];
  },
};
