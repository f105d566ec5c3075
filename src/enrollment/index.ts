import { newRouter } from "../shared/http.ts";
import { enrollmentsRoutes } from "./routes-enrollments.ts";
import { operationsRoutes } from "./routes-operations.ts";
import { policyRoutes } from "./routes-policy.ts";
import { readRoutes } from "./routes-reads.ts";
import { submissionRoutes } from "./routes-submissions.ts";
import { writeRoutes } from "./routes-writes.ts";

export { loadEnrollment, snapshotHolds } from "./backup.ts";
/** The door of the enrollment room. */
export { queueSection, unlockSection } from "./gauges.ts";
export { impactOf } from "./impact.ts";
export { markCourseStale } from "./marks.ts";
export { projectionMessageSchema, type RefreshMessage, refreshMessageSchema } from "./messages.ts";
export { EnrollmentObject } from "./object.ts";
export { consumeProjections, projectEnrollments } from "./projection.ts";
export { consumeRefreshes, restDeadRefreshes, sweepEveryMinute } from "./refresh.ts";
export { askForWarmUp } from "./registry.ts";

export function enrollmentRoutes() {
  return newRouter()
    .route("/", readRoutes())
    .route("/", writeRoutes())
    .route("/", submissionRoutes())
    .route("/", enrollmentsRoutes())
    .route("/", policyRoutes())
    .route("/", operationsRoutes());
}
