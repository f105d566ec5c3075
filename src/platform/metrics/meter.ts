import { waitUntil } from "cloudflare:workers";
import { logFault } from "../log.ts";
import {
  addTally,
  COUNTED,
  type CounterName,
  type HistogramName,
  type LabelValues,
  type Push,
  type SeriesKey,
  seriesKey,
  type Tally,
} from "./catalog.ts";
import { emptySketch, note, type Sketch } from "./sketch.ts";
import { callMetricsShard, METRICS_SHARDS } from "./stubs.ts";

/**
 * One isolate collects at most this many series between two pushes; counts beyond that are dropped, and the drops
 * counted.
 */
const MAX_SERIES = 2_000;
/** A push without an answer after this time (its request may be gone) is sent again; the shard counts it once. */
const LOST_AFTER_MS = 10_000;
/**
 * At most this many learners are remembered as noted in this hour, so that most requests need not compute their hash
 * again.
 */
const MAX_REMEMBERED = 5_000;
const HOUR_MS = 3_600_000;
/** Longest time between two pushes, seconds: work after an answer may take 30. */
const MAX_PUSH_SECONDS = 20;

/** Growing numbers that other code in this isolate counts; their growth is pushed. */
type Source = () => Iterable<[SeriesKey, number]>;

/**
 * The counts of this isolate that are not pushed yet. Counting is a few operations on a map and never waits. At most
 * once in METRICS_PUSH_SECONDS the counts are sent, beside some request. If an isolate dies, its counts of that time
 * are lost. So numbers that must not be lost are counted in the objects' own transactions, and read from there.
 */
export class Meter {
  #series = new Map<SeriesKey, Tally>();
  #dropped = 0;
  #learners: { hour: number; sketch: Sketch; isNew: boolean } | null = null;
  #remembered = new Set<string>();
  readonly #sources: { read: Source; sent: Map<SeriesKey, number> }[] = [];
  #isolate: string | null = null;
  #shard = 0;
  #seq = 0;
  #outgoing: { push: Push; sentAt: number } | null = null;
  /** Until when (epoch ms) another request is expected to push. */
  #plannedUntil = 0;

  count<N extends CounterName>(name: N, values: LabelValues<N>, by = 1): void {
    if (by === 0) return;
    const key = seriesKey(name, values);
    const known = this.#series.get(key);
    if (typeof known === "number") this.#series.set(key, known + by);
    else this.#begin(key, by);
  }

  /** Adds a duration or another amount to its bucket. */
  observe<N extends HistogramName>(name: N, values: LabelValues<N>, amount: number): void {
    const { buckets } = COUNTED[name];
    const key = seriesKey(name, values);
    let tally = this.#series.get(key);
    if (!Array.isArray(tally)) {
      tally = new Array<number>(buckets.length + 3).fill(0);
      if (!this.#begin(key, tally)) return;
    }
    let bucket = 0;
    while (bucket < buckets.length && amount > (buckets[bucket] ?? 0)) bucket += 1;
    const sum = buckets.length + 1;
    tally[bucket] = (tally[bucket] ?? 0) + 1;
    tally[sum] = (tally[sum] ?? 0) + amount;
    tally[sum + 1] = (tally[sum + 1] ?? 0) + 1;
  }

  /** Notes a learner. Only a sketch of the ids is kept. */
  seen(user: string, now: number): void {
    const hour = Math.floor(now / HOUR_MS);
    if (this.#learners?.hour !== hour) {
      this.#learners = { hour, sketch: emptySketch(), isNew: false };
      this.#remembered.clear();
    }
    if (this.#remembered.has(user)) return;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.add(user);
    if (note(this.#learners.sketch, user)) this.#learners.isNew = true;
  }

  /** Pushes the growth of these numbers too, from now on. */
  watch(read: Source): void {
    this.#sources.push({ read, sent: new Map() });
  }

  /** Makes sure that the counts are pushed soon. Costs one comparison if another request will push. */
  pushSoon(env: Env): void {
    const now = Date.now();
    if (now < this.#plannedUntil) return;
    const seconds = Math.min(Number(env.METRICS_PUSH_SECONDS), MAX_PUSH_SECONDS);
    if (!(seconds > 0)) return;
    const delay = seconds * 1_000;
    this.#plannedUntil = now + delay + LOST_AFTER_MS;
    waitUntil(this.#pushAfter(env, delay));
  }

  async #pushAfter(env: Env, delay: number): Promise<void> {
    try {
      await new Promise((resolve) => setTimeout(resolve, delay));
      this.#plannedUntil = 0; // counts from here on belong to the next push
      await this.push(env, Date.now());
    } catch (fault) {
      logFault("metrics_not_pushed", fault);
    }
  }

  /** Sends the counts, after those that could not be sent before. */
  async push(env: Env, now: number): Promise<void> {
    if (this.#outgoing !== null && now - this.#outgoing.sentAt < LOST_AFTER_MS) return;
    while (true) {
      this.#outgoing ??= this.#take(now);
      if (this.#outgoing === null) return;
      const { push } = this.#outgoing;
      this.#outgoing.sentAt = now;
      const answer = await callMetricsShard(env, this.#shard, (stub) => stub.add(push));
      if (this.#outgoing?.push !== push) return; // it counted as lost by now, and another request sent it
      if (!answer.ok) {
        this.#outgoing.sentAt = 0; // the next push sends it again, and it is counted once
        return;
      }
      this.#outgoing = null;
    }
  }

  #take(now: number): { push: Push; sentAt: number } | null {
    for (const { read, sent } of this.#sources) {
      for (const [key, total] of read()) {
        const growth = total - (sent.get(key) ?? 0);
        sent.set(key, total);
        if (growth > 0) this.#series.set(key, addTally(this.#series.get(key), growth));
      }
    }
    if (this.#dropped > 0) this.#series.set(seriesKey("metrics_dropped_total", []), this.#dropped);
    const learners = this.#learners?.isNew === true ? this.#learners : null;
    if (this.#series.size === 0 && learners === null) return null;
    // Not at start-up, because the platform gives no random numbers then.
    if (this.#isolate === null) {
      this.#isolate = crypto.randomUUID();
      this.#shard = Math.floor(Math.random() * METRICS_SHARDS);
    }
    this.#seq += 1;
    const push: Push = {
      isolate: this.#isolate,
      seq: this.#seq,
      series: [...this.#series],
      learners: learners === null ? null : { hour: learners.hour, sketch: learners.sketch.slice() },
    };
    if (learners !== null) learners.isNew = false;
    this.#series = new Map();
    this.#dropped = 0;
    return { push, sentAt: now };
  }

  #begin(key: SeriesKey, tally: Tally): boolean {
    if (this.#series.size >= MAX_SERIES) {
      this.#dropped += 1;
      return false;
    }
    this.#series.set(key, tally);
    return true;
  }
}

/** This isolate's meter. */
export const meter = new Meter();
