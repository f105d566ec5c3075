// What the release check looks at: how many requests each version answered, how many of them badly, and how fast. Read
// from Prometheus text, so that the check asks the service itself and no third party.

export interface Figures {
  requests: number;
  /** Answers of 500 and above. */
  errors: number;
  /** Requests by upper bound of their latency in seconds; cumulative, as Prometheus has them. Empty when not known. */
  buckets: ReadonlyMap<number, number>;
}

export const NO_FIGURES: Figures = { requests: 0, errors: 0, buckets: new Map() };

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The samples of a text in the Prometheus exposition format 0.0.4; comments and what is no sample are left out. */
function parseSamples(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? +([^ ]+)/.exec(line);
    if (match === null) return [];
    const [, name = "", labels = "", value = ""] = match;
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", text = ""]) => [key, text]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/**
 * Figures by version, from `version_requests_total{status,version}` and
 * `version_request_duration_seconds_bucket{le,version}`. Samples without a version are left out: where the service has
 * no figures by version, nothing is known of either.
 */
export function figuresByVersion(text: string): Map<string, Figures> {
  const found = new Map<string, { requests: number; errors: number; buckets: Map<number, number> }>();
  for (const { name, labels, value } of parseSamples(text)) {
    const { version } = labels;
    if (version === undefined) continue;
    const figures = found.get(version) ?? { requests: 0, errors: 0, buckets: new Map<number, number>() };
    if (name === "version_requests_total") {
      figures.requests += value;
      if (Number(labels.status) >= 500) figures.errors += value;
    } else if (name === "version_request_duration_seconds_bucket") {
      const bound = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le);
      figures.buckets.set(bound, (figures.buckets.get(bound) ?? 0) + value);
    } else continue;
    found.set(version, figures);
  }
  return found;
}

/** What two sources have seen of each version, together. */
export function together(one: ReadonlyMap<string, Figures>, other: ReadonlyMap<string, Figures>): Map<string, Figures> {
  const all = new Map(one);
  for (const [version, figures] of other) {
    const { requests, errors, buckets } = all.get(version) ?? NO_FIGURES;
    all.set(version, {
      requests: requests + figures.requests,
      errors: errors + figures.errors,
      buckets: buckets.size === 0 ? figures.buckets : buckets,
    });
  }
  return all;
}

/** What happened between two readings. A counter that fell was started again: then all of it is new. */
export function since(before: Figures, after: Figures): Figures {
  if (after.requests < before.requests) return after;
  const buckets = new Map(
    [...after.buckets].map(([bound, count]) => [bound, count - (before.buckets.get(bound) ?? 0)]),
  );
  return { requests: after.requests - before.requests, errors: after.errors - before.errors, buckets };
}

/** Upper bound of the bucket in which a quantile lies, seconds; null when nothing was counted. */
export function quantile({ buckets }: Figures, share: number): number | null {
  const bounds = [...buckets].sort(([a], [b]) => a - b);
  const total = bounds.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  return bounds.find(([, count]) => count >= share * total)?.[0] ?? null;
}
