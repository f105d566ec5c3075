import { newRouter } from "../platform/http/define-route.ts";
import { dataRoutes } from "./routes-data.ts";
import { modelRoutes } from "./routes-models.ts";
import { readRoutes } from "./routes-reads.ts";

/** Early warning. Mounted at /api/v1. */
export function insightRoutes() {
  return newRouter().route("/", dataRoutes()).route("/", readRoutes()).route("/", modelRoutes());
}
