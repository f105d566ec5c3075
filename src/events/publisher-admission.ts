import { ok, type Result, refuse } from "../platform/results.ts";
import { utf8Length } from "./bytes.ts";
import type { PublishedEvent } from "./schemas.ts";

/** The cost that one publisher may cause in one isolate at once: ten calls of the largest size. */
const BURST: Load = { deliveries: 50_000, bytes: 100_000_000 };
/** The budget that is added each second. */
const PER_SECOND: Load = { deliveries: 5_000, bytes: 10_000_000 };
/** Publishers in memory; beyond that, those who have their whole budget again are forgotten first. */
const MAX_PUBLISHERS = 1_000;

/** The cost of a call for the logs. */
export interface Load {
  /** Events times receivers. */
  deliveries: number;
  /** Bytes of data, each receiver counted. */
  bytes: number;
}

/** The cost of the events of a call. */
export function loadOf(events: readonly PublishedEvent[]): Load {
  let deliveries = 0;
  let bytes = 0;
  for (const { to, data } of events) {
    const receivers = "users" in to ? to.users.length : 1;
    deliveries += receivers;
    bytes += receivers * utf8Length(JSON.stringify(data));
  }
  return { deliveries, bytes };
}

/**
 * Limits each publisher, so that one cannot use up what all others need: each has a budget of its own, which grows
 * again by itself.
 */
export class PublisherAdmission {
  readonly #spent = new Map<string, Load & { at: number }>();

  /** Takes the cost of a call from its publisher's budget. A call of the largest size fits in a full budget. */
  admit(publisher: string, load: Load, now: number): Result<null> {
    const known = this.#spent.get(publisher);
    const seconds = known === undefined ? 0 : Math.max(now - known.at, 0) / 1_000;
    const left = (part: keyof Load) => Math.max((known?.[part] ?? 0) - seconds * PER_SECOND[part], 0);
    const spent = { deliveries: left("deliveries") + load.deliveries, bytes: left("bytes") + load.bytes };
    const over = (part: keyof Load) => (spent[part] - BURST[part]) / PER_SECOND[part];
    const wait = Math.max(over("deliveries"), over("bytes"));
    if (wait > 0) {
      const detail = "This publisher has sent too much at once; nothing of this call was published.";
      return refuse("rate_limited", { detail, retry_after: Math.ceil(wait) });
    }
    this.#spent.delete(publisher);
    this.#spent.set(publisher, { ...spent, at: now });
    const [oldest] = this.#spent.keys();
    if (this.#spent.size > MAX_PUBLISHERS && oldest !== undefined) this.#spent.delete(oldest);
    return ok(null);
  }
}
