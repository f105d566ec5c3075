import { newRouter } from "../platform/http/define-route.ts";
import { passRoutes } from "./pass/routes.ts";
import { enrollmentsRoutes } from "./routes-enrollments.ts";
import { historyRoutes } from "./routes-history.ts";
import { operationsRoutes } from "./routes-operations.ts";
import { policyRoutes } from "./routes-policy.ts";
import { readRoutes } from "./routes-reads.ts";
import { rosterRoutes } from "./routes-roster.ts";
import { submissionRoutes } from "./routes-submissions.ts";
import { writeRoutes } from "./routes-writes.ts";

export { mountPassKeys } from "./pass/routes.ts";

/** What the room serves. */
export function enrollmentRoutes() {
  return newRouter()
    .route("/", readRoutes())
    .route("/", passRoutes())
    .route("/", writeRoutes())
    .route("/", submissionRoutes())
    .route("/", historyRoutes())
    .route("/", enrollmentsRoutes())
    .route("/", rosterRoutes())
    .route("/", policyRoutes())
    .route("/", operationsRoutes());
}
