import { newRouter } from "../platform/http/define-route.ts";
import { enrollmentsRoutes } from "./routes-enrollments.ts";
import { gradingRoutes } from "./routes-grading.ts";
import { historyRoutes } from "./routes-history.ts";
import { operationsRoutes } from "./routes-operations.ts";
import { pauseRoutes } from "./routes-pause.ts";
import { policyRoutes } from "./routes-policy.ts";
import { regradeRoutes } from "./routes-regrade.ts";
import { releaseRoutes } from "./routes-release.ts";
import { rosterRoutes } from "./routes-roster.ts";
import { submissionFileRoutes } from "./routes-submission-files.ts";
import { submissionRoutes } from "./routes-submissions.ts";

/**
 * The room's routes other than reads, passes and writes of learners: those are the most frequent and are loaded alone.
 */
export function enrollmentRoutes() {
  return newRouter()
    .route("/", submissionRoutes())
    .route("/", gradingRoutes())
    .route("/", submissionFileRoutes())
    .route("/", regradeRoutes())
    .route("/", historyRoutes())
    .route("/", enrollmentsRoutes())
    .route("/", rosterRoutes())
    .route("/", policyRoutes())
    .route("/", pauseRoutes())
    .route("/", releaseRoutes())
    .route("/", operationsRoutes());
}
