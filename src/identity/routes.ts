import { newRouter } from "../platform/http/define-route.ts";
import { launchRoutes } from "./routes-launch.ts";
import { sessionRoutes } from "./routes-sessions.ts";
import { signInRoutes } from "./routes-sign-in.ts";
import { type IdentityPorts, userRoutes } from "./routes-users.ts";
import { mailWayRoutes } from "./ways/routes-mail.ts";
import { secondFactorRoutes } from "./ways/routes-second-factor.ts";

/** Registration, sign-in, sessions and users, to be mounted at /api/v1. */
export function identityRoutes(ports: IdentityPorts) {
  return newRouter()
    .route("/", signInRoutes())
    .route("/", mailWayRoutes())
    .route("/", secondFactorRoutes())
    .route("/", launchRoutes())
    .route("/", sessionRoutes())
    .route("/", userRoutes(ports));
}
