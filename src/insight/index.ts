/** The public API of the early-warning room. */
export { consumeInsight } from "./pipeline.ts";
export { insightMessageSchema, startNightlyRun, watchRuns } from "./runs.ts";
