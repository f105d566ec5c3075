/** One value of a metric, distinguished by its labels. */
export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** One histogram: how many observations were at most each bound (ascending; Infinity is the last), and their sum. */
export interface HistogramSample {
  labels: Readonly<Record<string, string>>;
  buckets: readonly (readonly [bound: number, observations: number])[];
  sum: number;
}

/** A metric with all its known values. */
export type Family =
  | { name: string; help: string; type: "counter" | "gauge"; samples: readonly Sample[] }
  | { name: string; help: string; type: "histogram"; samples: readonly HistogramSample[] };

/** A present value. Null leaves it out: an unknown value is not the same as 0. */
export function gauge(name: string, help: string, value: number | null): Family {
  return { name, help, type: "gauge", samples: value === null ? [] : [{ labels: {}, value }] };
}

/** A number that only grows, read from its storage. */
export function counter(name: string, help: string, value: number | null): Family {
  return { name, help, type: "counter", samples: value === null ? [] : [{ labels: {}, value }] };
}

/** Present values, one for each value of a label. */
export function gaugeBy(
  name: string,
  help: string,
  label: string,
  values: Iterable<readonly [value: string, number: number | null]>,
): Family {
  const samples = [...values].flatMap(([of, value]) => (value === null ? [] : [{ labels: { [label]: of }, value }]));
  return { name, help, type: "gauge", samples };
}

/** The media type of {@link prometheusText}. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Prometheus' text exposition format 0.0.4, families in the given order. A family without samples only has its
 * description.
 */
export function prometheusText(families: readonly Family[]): string {
  const lines: string[] = [];
  for (const family of families) {
    lines.push(`# HELP ${family.name} ${family.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`);
    lines.push(`# TYPE ${family.name} ${family.type}`);
    if (family.type !== "histogram") {
      for (const { labels, value } of family.samples) lines.push(`${family.name}${labelText(labels)} ${number(value)}`);
      continue;
    }
    for (const { labels, buckets, sum } of family.samples) {
      for (const [bound, observations] of buckets) {
        lines.push(`${family.name}_bucket${labelText({ ...labels, le: number(bound) })} ${number(observations)}`);
      }
      lines.push(`${family.name}_sum${labelText(labels)} ${number(sum)}`);
      lines.push(`${family.name}_count${labelText(labels)} ${number(buckets.at(-1)?.[1] ?? 0)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
