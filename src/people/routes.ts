import { newRouter } from "../platform/http/define-route.ts";
import { invitationRoutes } from "./routes-invitations.ts";
import { memberRoutes } from "./routes-members.ts";
import { observerRoutes } from "./routes-observers.ts";
import { overrideBatchRoutes } from "./routes-overrides.ts";
import { personRoutes } from "./routes-people.ts";
import { rosterFileRoutes } from "./routes-roster.ts";
import { rosterRunRoutes } from "./routes-roster-runs.ts";
import { rosterSourceRoutes } from "./routes-roster-sources.ts";

/** The people of a course: who has rights in it, who learns in it, and how they come. */
export function peopleRoutes() {
  return newRouter()
    .route("/", memberRoutes())
    .route("/", observerRoutes())
    .route("/", personRoutes())
    .route("/", rosterFileRoutes())
    .route("/", rosterSourceRoutes())
    .route("/", rosterRunRoutes())
    .route("/", overrideBatchRoutes())
    .route("/", invitationRoutes());
}
