// The door of the files room.
export { fileSection } from "./gauges.ts";
export { eraseFiles, exportFiles } from "./personal.ts";
export { fileRoutes } from "./routes.ts";
export { continueFileSweep, sweepFiles } from "./sweep.ts";
