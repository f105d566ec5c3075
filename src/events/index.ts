// The door of the events room.
export { consumeEvents, pruneEvents } from "./archive.ts";
export { BroadcastLog } from "./broadcast-log.ts";
export { BroadcastShard } from "./broadcast-shard.ts";
export { UserChannel } from "./channel.ts";
export { eventSection } from "./gauges.ts";
export { type Addressed, publishAll } from "./publishing.ts";
export { eventRoutes } from "./routes.ts";
export { callChannel, endStreams } from "./stubs.ts";
export { reportDeadLetters } from "./system-errors.ts";
export { type EventData, eventOf, type NewEvent } from "./types.ts";
