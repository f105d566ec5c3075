import { newRouter } from "../platform/http/define-route.ts";
import { calendarRoutes } from "./routes-calendar.ts";
import { certificateRoutes } from "./routes-certificates.ts";
import { nextRoutes } from "./routes-next.ts";
import { noticeRoutes } from "./routes-notices.ts";
import { observedRoutes } from "./routes-observed.ts";
import { placeRoutes } from "./routes-places.ts";
import { searchRoutes } from "./routes-search.ts";

/** What a learner has besides the course itself. */
export function learnerRoutes() {
  return newRouter()
    .route("/", nextRoutes())
    .route("/", searchRoutes())
    .route("/", calendarRoutes())
    .route("/", certificateRoutes())
    .route("/", noticeRoutes())
    .route("/", placeRoutes())
    .route("/", observedRoutes());
}
