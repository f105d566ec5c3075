import { newRouter } from "../platform/http/define-route.ts";
import { batchRoutes } from "./routes-batch.ts";
import { chainRoutes } from "./routes-chain.ts";
import { entryRoutes } from "./routes-entries.ts";

/** The audit log, to be mounted at /api/v1. */
export function auditRoutes() {
  return newRouter().route("/", batchRoutes()).route("/", entryRoutes()).route("/", chainRoutes());
}
