import { seriesKey } from "../platform/metrics/catalog.ts";
import { meter } from "../platform/metrics/meter.ts";
import { Admission } from "./admission.ts";
import { StreamStats } from "./stream-stats.ts";

/** This isolate's streams. */
export const stats = new StreamStats();
export const admission = new Admission(stats);
meter.watch(function* () {
  const { delivered, collapsed: _collapsed, ...streams } = stats.counts;
  yield [seriesKey("events_delivered_total", []), delivered];
  for (const [what, count] of Object.entries(streams)) yield [seriesKey("event_streams_total", [what]), count];
});
