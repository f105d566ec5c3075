// The public API of the files room.
export { fileKey } from "./names.ts";
export { eraseFiles, exportFiles, ownersOfBytes } from "./personal.ts";
export { continueFileSweep, sweepFiles } from "./sweep.ts";
