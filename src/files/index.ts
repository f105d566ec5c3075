// The door of the files room.
export { fileSection } from "./gauges.ts";
export { fileRoutes } from "./routes.ts";
export { continueFileSweep, sweepFiles } from "./sweep.ts";
