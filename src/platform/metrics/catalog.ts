import type { Sketch } from "./sketch.ts";

/**
 * Every number that is counted while things happen, as opposed to read from the truth when somebody asks (gauges.ts).
 * A metric has few labels, and each label few values: route patterns, codes, words of a fixed list. Never a user, a
 * course or anything else that grows with use.
 */
export const COUNTED = {
  http_requests_total: {
    type: "counter",
    help: "Requests answered, by route pattern and status.",
    labels: ["method", "route", "status"],
  },
  http_request_duration_seconds: {
    type: "histogram",
    help: "Time until the headers of the answer, by route pattern.",
    labels: ["route"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  version_requests_total: {
    type: "counter",
    help: "Requests answered by each version of the code: what the release check compares.",
    labels: ["version", "status"],
  },
  version_request_duration_seconds: {
    type: "histogram",
    help: "Time until the headers of the answer, by version of the code.",
    labels: ["version"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  chapter_unlock_snapshot_hits_total: {
    type: "counter",
    help: "Reads of chapters, whole snapshots and reasons, by where the answer came from.",
    labels: ["source"],
    known: [["snapshot"], ["recomputed"], ["realtime"], ["staff"], ["edge"]],
  },
  problem_unlock_snapshot_hits_total: {
    type: "counter",
    help: "Reads of problems, by where the answer came from.",
    labels: ["source"],
    known: [["snapshot"], ["recomputed"], ["realtime"], ["staff"], ["edge"]],
  },
  chapter_unlock_refresh_duration_seconds: {
    type: "histogram",
    help: "Time of one refresh in the background, of whole courses.",
    labels: ["outcome"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  problem_unlock_refresh_duration_seconds: {
    type: "histogram",
    help: "Time of one refresh in the background, of problems.",
    labels: ["outcome"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  chapter_unlock_stale_snapshots_total: {
    type: "counter",
    help: "Snapshots found stale: by a read, which recomputes them in place, or by a sweep of whole courses.",
    labels: ["found_by"],
    known: [["read"], ["sweep"]],
  },
  problem_unlock_stale_snapshots_total: {
    type: "counter",
    help: "Snapshots found stale by a read of problems, or by the sweep of problems.",
    labels: ["found_by"],
    known: [["read"], ["sweep"]],
  },
  unlock_shadow_checks_total: {
    type: "counter",
    help: "Reads evaluated a second time from D1: equal, lagging (D1 was behind, not compared) or diverged.",
    labels: ["outcome"],
    known: [["equal"], ["lagging"], ["diverged"]],
  },
  unlock_projection_lag_seconds: {
    type: "histogram",
    help: "Time from the commit in an enrollment object to its confirmation by D1.",
    labels: [],
    buckets: [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600],
  },
  items_completed_total: {
    type: "counter",
    help: "Chapters and problems completed for the first time by a learner.",
    labels: ["kind"],
    known: [["chapter"], ["problem"]],
  },
  items_unlocked_total: { type: "counter", help: "Items that opened for a learner.", labels: [], known: [[]] },
  items_locked_total: { type: "counter", help: "Items that closed for a learner.", labels: [], known: [[]] },
  enrollments_started_total: {
    type: "counter",
    help: "New enrollments, and returns of learners.",
    labels: [],
    known: [[]],
  },
  event_streams_total: {
    type: "counter",
    help: "What happened to event streams: opened, resumed, reset, refused, evicted, lagged, closed.",
    labels: ["what"],
    known: [["opened"], ["resumed"], ["reset"], ["refused"], ["evicted"], ["lagged"], ["closed"]],
  },
  events_delivered_total: { type: "counter", help: "Events sent to streams.", labels: [], known: [[]] },
  event_delivery_lag_seconds: {
    type: "histogram",
    help: "Time from an event's log to a stream's queue, for live events.",
    labels: [],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  queue_messages_let_go_total: {
    type: "counter",
    help: "Messages that only ask for work and failed their last retry: their sender sends them again.",
    labels: ["queue"],
    known: [
      ["latchkey-projection"],
      ["latchkey-refresh"],
      ["latchkey-backup"],
      ["latchkey-insight"],
      ["latchkey-imports"],
      ["latchkey-mail"],
      ["latchkey-webhooks"],
    ],
  },
  dead_letters_dropped_total: {
    type: "counter",
    help: "Dead letters that were dropped: their queue had the most that are kept (full), or they were too old (old).",
    labels: ["queue", "why"],
    known: [
      ["latchkey-projection", "full"],
      ["latchkey-refresh", "full"],
      ["latchkey-events", "full"],
      ["latchkey-backup", "full"],
      ["latchkey-insight", "full"],
      ["latchkey-imports", "full"],
      ["latchkey-mail", "full"],
      ["latchkey-webhooks", "full"],
    ],
  },
  dependency_checks_total: {
    type: "counter",
    help: "Checks of dependencies: ok, failed, refused (the breaker was open).",
    labels: ["dependency", "outcome"],
  },
  metrics_dropped_total: {
    type: "counter",
    help: "Counts that were dropped because there were too many series.",
    labels: [],
    known: [[]],
  },
} as const satisfies Record<string, CountedMetric>;

export interface CountedMetric {
  type: "counter" | "histogram";
  help: string;
  labels: readonly string[];
  /** Label values that are reported from the start, at 0: else the first of them would not be seen as an increase. */
  known?: readonly (readonly string[])[];
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

/** What an isolate gathers and a shard sums: a counter is one number; a histogram its buckets, their sum and count. */
export type Tally = number | number[];
/** Metric name and label values. */
export type SeriesKey = string;

/** No route pattern, code or word holds one. */
const SEPARATOR = "\t";

export function seriesKey(name: CountedName, values: readonly string[]): SeriesKey {
  return values.length === 0 ? name : `${name}${SEPARATOR}${values.join(SEPARATOR)}`;
}

/** The metric and the label values of a key; null when this release has no such metric or another form of it. */
export function parseSeriesKey(key: SeriesKey): { name: CountedName; values: string[] } | null {
  const [name = "", ...values] = key.split(SEPARATOR);
  if (!isCounted(name) || COUNTED[name].labels.length !== values.length) return null;
  return { name, values };
}

function isCounted(name: string): name is CountedName {
  return Object.hasOwn(COUNTED, name);
}

/** Adds `more` to what is known; a histogram of another form (another release's buckets) is replaced. */
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
  /** Learners seen in one hour (number of hours since 1970). */
  learners: { hour: number; sketch: Sketch } | null;
}
