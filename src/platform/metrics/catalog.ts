import type { Sketch } from "./sketch.ts";

/**
 * Every number that is counted while the service runs. (Numbers read from stored data are in gauges.ts.) The text of
 * each for readers is in reported.ts, because only the Worker behind the edge needs it.
 * A metric has few labels, and each label few values: route patterns, codes, words of a fixed list. Never a user, a
 * course or anything else that grows with use.
 */
export const COUNTED = {
  http_requests_total: {
    type: "counter",
    labels: ["method", "route", "status"],
  },
  http_request_duration_seconds: {
    type: "histogram",
    labels: ["route"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  version_requests_total: {
    type: "counter",
    labels: ["version", "status"],
  },
  version_request_duration_seconds: {
    type: "histogram",
    labels: ["version"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  chapter_unlock_snapshot_hits_total: {
    type: "counter",
    labels: ["source"],
  },
  problem_unlock_snapshot_hits_total: {
    type: "counter",
    labels: ["source"],
  },
  chapter_unlock_refresh_duration_seconds: {
    type: "histogram",
    labels: ["outcome"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  problem_unlock_refresh_duration_seconds: {
    type: "histogram",
    labels: ["outcome"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  chapter_unlock_stale_snapshots_total: {
    type: "counter",
    labels: ["found_by"],
  },
  problem_unlock_stale_snapshots_total: {
    type: "counter",
    labels: ["found_by"],
  },
  unlock_shadow_checks_total: {
    type: "counter",
    labels: ["outcome"],
  },
  unlock_projection_lag_seconds: {
    type: "histogram",
    labels: [],
    buckets: [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600],
  },
  items_completed_total: {
    type: "counter",
    labels: ["kind"],
  },
  items_unlocked_total: { type: "counter", labels: [] },
  items_locked_total: { type: "counter", labels: [] },
  enrollments_started_total: {
    type: "counter",
    labels: [],
  },
  event_streams_total: {
    type: "counter",
    labels: ["what"],
  },
  events_delivered_total: { type: "counter", labels: [] },
  event_delivery_lag_seconds: {
    type: "histogram",
    labels: [],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  queue_messages_let_go_total: {
    type: "counter",
    labels: ["queue"],
  },
  dead_letters_dropped_total: {
    type: "counter",
    labels: ["queue", "why"],
  },
  dependency_checks_total: {
    type: "counter",
    labels: ["dependency", "outcome"],
  },
  metrics_dropped_total: {
    type: "counter",
    labels: [],
  },
} as const satisfies Record<string, CountedMetric>;

export interface CountedMetric {
  type: "counter" | "histogram";
  labels: readonly string[];
  /** Upper bounds, inclusive, ascending; the last bucket (+Inf) is not listed. */
  buckets?: readonly number[];
}

export type CountedName = keyof typeof COUNTED;
type NamesOf<T extends CountedMetric["type"]> = {
  [N in CountedName]: (typeof COUNTED)[N]["type"] extends T ? N : never;
}[CountedName];
export type CounterName = NamesOf<"counter">;
export type HistogramName = NamesOf<"histogram">;
/** The values of a metric's labels, in the order of its declaration. */
export type LabelValues<N extends CountedName> = ValuesOf<(typeof COUNTED)[N]["labels"]>;
type ValuesOf<L extends readonly string[]> = { readonly [I in keyof L]: string };

/**
 * What an isolate collects and a shard sums: a counter is one number; a histogram is its buckets, their sum and count.
 */
export type Tally = number | number[];
/** Metric name and label values. */
export type SeriesKey = string;

/** A separator that no route pattern, code or word contains. */
const SEPARATOR = "\t";

export function seriesKey(name: CountedName, values: readonly string[]): SeriesKey {
  return values.length === 0 ? name : `${name}${SEPARATOR}${values.join(SEPARATOR)}`;
}

/** The metric and the label values of a key; null if this release has no such metric, or another form of it. */
export function parseSeriesKey(key: SeriesKey): { name: CountedName; values: string[] } | null {
  const [name = "", ...values] = key.split(SEPARATOR);
  if (!isCounted(name) || COUNTED[name].labels.length !== values.length) return null;
  return { name, values };
}

function isCounted(name: string): name is CountedName {
  return Object.hasOwn(COUNTED, name);
}

/** Adds `more` to the known counts; a histogram with other buckets (of another release) is replaced. */
export function addTally(known: Tally | undefined, more: Tally): Tally {
  if (typeof known === "number" && typeof more === "number") return known + more;
  if (Array.isArray(known) && Array.isArray(more) && known.length === more.length) {
    return known.map((value, at) => value + (more[at] ?? 0));
  }
  return more;
}

/** What an isolate sends to its shard. The same `seq` twice counts once. */
export interface Push {
  isolate: string;
  seq: number;
  series: [SeriesKey, Tally][];
  /** Learners seen in one hour (its number since 1970). */
  learners: { hour: number; sketch: Sketch } | null;
}
