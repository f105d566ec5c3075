import { newRouter } from "../shared/http.ts";
import { dataRoutes } from "./routes-data.ts";
import { modelRoutes } from "./routes-models.ts";
import { readRoutes } from "./routes-reads.ts";

export { modelSection } from "./gauges.ts";
/** The door of the early-warning room. */
export { consumeInsight } from "./pipeline.ts";
export { startNightlyRun, watchRuns } from "./runs.ts";
export { type InsightMetrics, insightMetrics } from "./watch.ts";

export function insightRoutes() {
  return newRouter().route("/", dataRoutes()).route("/", readRoutes()).route("/", modelRoutes());
}
