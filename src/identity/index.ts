export { authentication } from "./authentication.ts";
export { identityRoutes } from "./routes.ts";
export { pruneIdentity } from "./sessions.ts";
