export { runCron } from "./crons.ts";
export { consumeQueue } from "./queues.ts";
