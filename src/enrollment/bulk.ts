// What a job of another room needs to enroll people and to record what they did. Loaded when it is asked for.
export { importProgress, readFacts } from "./import.ts";
export { enrollAll } from "./registry.ts";
export { givenEnrolledAt } from "./routes-policy.ts";
export { batchRow as rosterRow } from "./routes-roster.ts";
