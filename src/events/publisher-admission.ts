import { ok, type Result, refuse } from "../platform/results.ts";
import { utf8Length } from "./bytes.ts";
import type { PublishedEvent } from "./schemas.ts";

/** What one publisher may give to one isolate at once: ten calls of the largest size. */
const BURST: Load = { deliveries: 50_000, bytes: 100_000_000 };
/** And then each second. */
const PER_SECOND: Load = { deliveries: 5_000, bytes: 10_000_000 };
/** Publishers remembered; beyond that those who have long had their whole burst again are forgotten first. */
const MAX_PUBLISHERS = 1_000;

/** What a call costs the logs. */
export interface Load {
  /** Events times receivers. */
  deliveries: number;
  /** Bytes of data, each receiver counted. */
  bytes: number;
}

/** What the events of a call cost. */
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

/** Keeps one publisher from taking what all others need: each has a budget of its own, which fills again by itself. */
export class PublisherAdmission {
  readonly #spent = new Map<string, Load & { at: number }>();

  /** Takes a call's cost from its publisher's budget. A call of the largest size fits a budget that is full. */
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
