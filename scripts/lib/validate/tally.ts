/** Latency buckets grow by this factor: a percentile is off by at most 4 %, and a run of 72 hours takes no more room. */
const GROWTH = 1.08;
const BUCKETS = 160;

/** Counts latencies in buckets of constant relative width. */
class Latencies {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(ms: number): void {
    const at = Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(Math.max(ms, 1)) / Math.log(GROWTH))));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total += 1;
  }

  /** Upper end of the bucket in which a share of the latencies lies, milliseconds; 0 when there are none. */
  quantile(share: number): number {
    let seen = 0;
    for (const [at, count] of this.#counts.entries()) {
      seen += count;
      if (this.#total > 0 && seen >= share * this.#total) return Math.round(GROWTH ** at * 10) / 10;
    }
    return 0;
  }
}

export type Kind = "read" | "write";

/** What was seen in one span of time. */
export class Tally {
  /** Of good answers outside of the seconds around a fault of ours. */
  readonly latencies = { read: new Latencies(), write: new Latencies() };
  requests = 0;
  /** No answer, or one of 500 and above; not those in {@link underFault}. */
  failed = 0;
  /** Failed within the seconds around a fault of ours. */
  underFault = 0;
  /** Answers by status; 0 is none. */
  readonly statuses = new Map<number, number>();
  readonly sources = new Map<string, number>();

  add(kind: Kind, status: number, ms: number, source: string | null, isUnderFault: boolean): void {
    this.requests += 1;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (source !== null) this.sources.set(source, (this.sources.get(source) ?? 0) + 1);
    if (status === 0 || status >= 500) {
      if (isUnderFault) this.underFault += 1;
      else this.failed += 1;
    } else if (!isUnderFault) this.latencies[kind].add(ms);
  }
}
