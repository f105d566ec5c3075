import { meter } from "../platform/metrics/meter.ts";

/** Latest delivery times that are kept, to compute percentiles. */
const SAMPLES = 1_000;
/** How long a sample counts, ms. */
const SAMPLE_AGE_MS = 60_000;

export interface StreamCounts {
  opened: number;
  resumed: number;
  reset: number;
  refused: number;
  evicted: number;
  lagged: number;
  closed: number;
  delivered: number;
  collapsed: number;
}

/** What this isolate's streams did since it started, and how long events took from their log to a stream's queue. */
export class StreamStats {
  readonly counts: StreamCounts = {
    opened: 0,
    resumed: 0,
    reset: 0,
    refused: 0,
    evicted: 0,
    lagged: 0,
    closed: 0,
    delivered: 0,
    collapsed: 0,
  };
  readonly #samples: { at: number; ms: number }[] = [];
  #next = 0;

  /** A live event reached a stream `ms` after it was stored. */
  delivered(ms: number, now: number): void {
    this.counts.delivered += 1;
    meter.observe("event_delivery_lag_seconds", [], ms / 1_000);
    this.#samples[this.#next] = { at: now, ms };
    this.#next = (this.#next + 1) % SAMPLES;
  }

  /** Percentiles of the last minute's delivery times, ms; null when there were none. */
  lag(now: number): { p50: number; p95: number; p99: number } | null {
    const recent = this.#samples
      .filter(({ at }) => now - at < SAMPLE_AGE_MS)
      .map(({ ms }) => ms)
      .sort((a, b) => a - b);
    if (recent.length === 0) return null;
    const at = (share: number) => recent[Math.min(Math.floor(recent.length * share), recent.length - 1)] ?? 0;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}
