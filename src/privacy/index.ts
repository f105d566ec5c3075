/** The door of the privacy room. */
export { resumeErasures } from "./erasure.ts";
export { withoutErased } from "./late-messages.ts";
export { privacyRoutes } from "./routes.ts";
