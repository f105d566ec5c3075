import { ok, type Result, refuse } from "../shared/results.ts";
import type { StreamStats } from "./stream-stats.ts";

const DEFAULT_MAX_STREAMS = 4_000;
const DEFAULT_MAX_PER_ADDRESS = 200;
/** Seconds a refused client waits at least; as many again at random, so that they do not all come back at once. */
const RETRY_SECONDS = 2;
/** P95 of delivery times above which no new stream is taken: what is open comes first. */
const MAX_LAG_MS = 2_000;
/** How often the lag is looked at. */
const LAG_CHECK_MS = 1_000;

/**
 * Decides whether an isolate takes one more stream: at most so many in all, so many from one address, and none while
 * the open ones are served late.
 */
export class Admission {
  readonly #stats: StreamStats;
  readonly #byAddress = new Map<string, number>();
  #open = 0;
  #isLate = false;
  #checkedAt = 0;

  constructor(stats: StreamStats) {
    this.#stats = stats;
  }

  get open(): number {
    return this.#open;
  }

  /** Takes a place. @returns what gives it back, to be called once. */
  enter(env: Env, address: string, now: number): Result<() => void> {
    const retry_after = RETRY_SECONDS + Math.floor(Math.random() * (RETRY_SECONDS + 1));
    if (this.#open >= limitOf(env.MAX_STREAMS, DEFAULT_MAX_STREAMS) || this.#servesLate(now)) {
      this.#stats.counts.refused += 1;
      return refuse("unavailable", { detail: "There are too many streams right now.", retry_after });
    }
    const own = this.#byAddress.get(address) ?? 0;
    if (own >= limitOf(env.MAX_STREAMS_PER_ADDRESS, DEFAULT_MAX_PER_ADDRESS)) {
      this.#stats.counts.refused += 1;
      return refuse("rate_limited", { detail: "There are too many streams from this address.", retry_after });
    }
    this.#open += 1;
    this.#byAddress.set(address, own + 1);
    let isHeld = true;
    return ok(() => {
      if (!isHeld) return;
      isHeld = false;
      this.#open -= 1;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    });
  }

  #servesLate(now: number): boolean {
    if (now - this.#checkedAt >= LAG_CHECK_MS) {
      this.#checkedAt = now;
      this.#isLate = (this.#stats.lag(now)?.p95 ?? 0) > MAX_LAG_MS;
    }
    return this.#isLate;
  }
}

function limitOf(value: string | undefined, fallback: number): number {
  const limit = Number(value);
  return Number.isInteger(limit) && limit > 0 ? limit : fallback;
}
