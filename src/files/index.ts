// The door of the files room.
export { fileRoutes } from "./routes.ts";
export { continueFileSweep, sweepFiles } from "./sweep.ts";
