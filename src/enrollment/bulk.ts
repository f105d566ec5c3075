// Functions with which a job of another room enrolls people and records what they did. Loaded on demand.
export { importProgress, readFacts } from "./import.ts";
export { enrollAll } from "./registry.ts";
export { givenEnrolledAt } from "./routes-policy.ts";
export { batchRow as rosterRow } from "./routes-roster.ts";
