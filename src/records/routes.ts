import { newRouter } from "../platform/http/define-route.ts";
import { parkedRoutes } from "./translation/parked-routes.ts";
import { translationReadRoutes } from "./translation/read-routes.ts";
import { recoveryRoutes } from "./translation/recovery-routes.ts";
import { searchRoutes } from "./translation/search-routes.ts";
import { translationWriteRoutes } from "./translation/write-routes.ts";

/** What the room serves. */
export function recordRoutes() {
  return newRouter()
    .route("/", translationWriteRoutes())
    .route("/", translationReadRoutes())
    .route("/", recoveryRoutes())
    .route("/", searchRoutes())
    .route("/", parkedRoutes());
}
