/** The door of the privacy room. */
export { requestErasure, resumeErasures } from "./erasure.ts";
export { privacySection } from "./gauges.ts";
export { withoutErased } from "./late-messages.ts";
export { privacyRoutes } from "./routes.ts";
