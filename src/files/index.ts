// The public API of the files room.
export { fileSection } from "./gauges.ts";
export { fileKey } from "./names.ts";
export { eraseFiles, exportFiles, ownersOfBytes } from "./personal.ts";
export { fileRoutes } from "./routes.ts";
export { continueFileSweep, sweepFiles } from "./sweep.ts";
