import { newRouter } from "../../platform/http/define-route.ts";
import { asScim } from "./answers.ts";
import { scimAboutRoutes } from "./routes-about.ts";
import { scimGroupRoutes } from "./routes-groups.ts";
import { scimUserRoutes } from "./routes-users.ts";

/** SCIM 2.0 (RFC 7643 and 7644), to be mounted at /api/v1. */
export function scimRoutes() {
  const router = newRouter();
  router.use("/scim/v2/*", asScim);
  return router.route("/", scimAboutRoutes()).route("/", scimUserRoutes()).route("/", scimGroupRoutes());
}
