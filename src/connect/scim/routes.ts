import { newRouter } from "../../platform/http/define-route.ts";
import { asScim } from "./answers.ts";
import { GROUPS } from "./kind-groups.ts";
import { PEOPLE } from "./kind-users.ts";
import { resourceRoutes } from "./resource.ts";
import { scimAboutRoutes } from "./routes-about.ts";

/** SCIM 2.0 (RFC 7643 and 7644), to be mounted at /api/v1. */
export function scimRoutes() {
  const router = newRouter();
  router.use("/scim/v2/*", asScim);
  return router.route("/", scimAboutRoutes()).route("/", resourceRoutes(PEOPLE)).route("/", resourceRoutes(GROUPS));
}
