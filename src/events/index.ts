// The door of the events room.
export { consumeEvents, pruneEvents } from "./archive.ts";
export { BROADCAST_LOG_SCHEMA, BroadcastLog } from "./broadcast-log.ts";
export { BroadcastShard } from "./broadcast-shard.ts";
export { UserChannel } from "./channel.ts";
export { CHANNEL_SCHEMA } from "./channel-schema.ts";
export { eventSection } from "./gauges.ts";
export { type Addressed, publishAll } from "./publishing.ts";
export { eventRoutes } from "./routes.ts";
export { callBroadcastLog, callChannel, endStreams } from "./stubs.ts";
export { reportDeadLetters } from "./system-errors.ts";
export { type EventData, eventOf, type NewEvent } from "./types.ts";
