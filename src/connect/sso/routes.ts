import { newRouter } from "../../platform/http/define-route.ts";
import { groupRuleRoutes } from "../groups/routes.ts";
import { providerRoutes } from "./routes-providers.ts";
import { signOnRoutes } from "./routes-sign-on.ts";

/** Single sign-on and what groups mean, to be mounted at /api/v1. */
export function singleSignOnRoutes() {
  return newRouter().route("/", signOnRoutes()).route("/", providerRoutes()).route("/", groupRuleRoutes());
}
