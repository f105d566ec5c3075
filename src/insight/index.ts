import { newRouter } from "../platform/http/define-route.ts";
import { dataRoutes } from "./routes-data.ts";
import { modelRoutes } from "./routes-models.ts";
import { readRoutes } from "./routes-reads.ts";

export { modelSection } from "./gauges.ts";
/** The public API of the early-warning room. */
export { consumeInsight } from "./pipeline.ts";
export { insightMessageSchema, startNightlyRun, watchRuns } from "./runs.ts";

export function insightRoutes() {
  return newRouter().route("/", dataRoutes()).route("/", readRoutes()).route("/", modelRoutes());
}
