import { inParallel } from "../parallel.ts";
import {
  addTally,
  COUNTED,
  type CountedMetric,
  type CountedName,
  parseSeriesKey,
  type SeriesKey,
  seriesKey,
  type Tally,
} from "./catalog.ts";
import { type Family, gaugeBy, type HistogramSample, type Sample } from "./family.ts";
import { REPORTED } from "./reported.ts";
import { SKETCH_HOURS } from "./shard.ts";
import { emptySketch, estimate, merge } from "./sketch.ts";
import { callMetricsShard, METRICS_SHARDS } from "./stubs.ts";

const HOUR_MS = 3_600_000;

/**
 * The counts of all isolates, summed over the shards.
 * @throws if a shard does not answer: a sum without it would look like a reset.
 */
export async function countedFamilies(env: Env, now: number): Promise<readonly Family[]> {
  const sums = new Map<SeriesKey, Tally>();
  const lastHours = emptySketch();
  const lastDay = emptySketch();
  const hour = Math.floor(now / HOUR_MS);
  await inParallel(
    Array.from({ length: METRICS_SHARDS }, (_, shard) => shard),
    METRICS_SHARDS,
    async (shard) => {
      const totals = await callMetricsShard(env, shard, (stub) => stub.totals());
      if (!totals.ok) throw new Error(`metrics shard ${shard} does not answer`);
      for (const { key, tally } of totals.value.series) sums.set(key, addTally(sums.get(key), tally));
      for (const { hour: of, sketch } of totals.value.learners) {
        if (of > hour - SKETCH_HOURS) merge(lastDay, sketch);
        if (of >= hour - 1) merge(lastHours, sketch);
      }
    },
  );
  return [
    ...familiesOf(sums),
    gaugeBy(
      "active_learners",
      "Distinct learners in this and the last hour, and in the last 24 hours, with an error of 2.3 %.",
      "window",
      [
        ["2h", estimate(lastHours)],
        ["24h", estimate(lastDay)],
      ],
    ),
  ];
}

// SAFETY: the entries of COUNTED, as its type says.
const metrics = Object.entries(COUNTED) as [CountedName, CountedMetric][];

/** The families of the catalogue, made from the series of isolates and shards. */
function familiesOf(sums: ReadonlyMap<SeriesKey, Tally>): Family[] {
  const all = new Map(sums);
  for (const [name] of metrics) {
    for (const values of REPORTED[name].known ?? [])
      if (!all.has(seriesKey(name, values))) all.set(seriesKey(name, values), 0);
  }
  const byName = new Map<CountedName, { values: string[]; tally: Tally }[]>();
  for (const [key, tally] of [...all].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const parsed = parseSeriesKey(key);
    if (parsed === null) continue;
    const { name, values } = parsed;
    byName.set(name, [...(byName.get(name) ?? []), { values, tally }]);
  }
  return metrics.map(([name, metric]) => familyOf(name, metric, byName.get(name) ?? []));
}

function familyOf(
  name: CountedName,
  { type, labels, buckets: bounds = [] }: CountedMetric,
  series: readonly { values: string[]; tally: Tally }[],
): Family {
  const { help } = REPORTED[name];
  const labelled = (values: readonly string[]) =>
    Object.fromEntries(labels.map((label, at) => [label, values[at] ?? ""]));
  if (type === "histogram") {
    const samples = series.flatMap(({ values, tally }): HistogramSample[] => {
      if (!Array.isArray(tally) || tally.length !== bounds.length + 3) return [];
      let observations = 0;
      const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, at): [number, number] => {
        observations += tally[at] ?? 0;
        return [bound, observations];
      });
      return [{ labels: labelled(values), buckets, sum: tally[bounds.length + 1] ?? 0 }];
    });
    return { name, help, type: "histogram", samples };
  }
  const samples = series.flatMap(({ values, tally }): Sample[] =>
    typeof tally === "number" ? [{ labels: labelled(values), value: tally }] : [],
  );
  return { name, help, type: "counter", samples };
}
