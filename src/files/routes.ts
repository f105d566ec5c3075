import { newRouter } from "../platform/http/define-route.ts";
import { fileReadRoutes } from "./read-routes.ts";
import { uploadRoutes } from "./upload-routes.ts";

/** Files: uploads, metadata and downloads, to be mounted at /api/v1. */
export function fileRoutes() {
  return newRouter().route("/", uploadRoutes()).route("/", fileReadRoutes());
}
