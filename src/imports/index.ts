// The public API of the imports room.
export { consumeImports, resumeImports } from "./consumer.ts";
export { pruneDrafts } from "./drop.ts";
export { importMessageSchema } from "./messages.ts";
export { eraseImports, exportImports, pruneImports } from "./remove.ts";
