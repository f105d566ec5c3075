// The public API of the events room.
export { archiveLate, consumeEvents, pruneEvents } from "./archive.ts";
export { BROADCAST_LOG_SCHEMA } from "./broadcast-log.ts";
export { callBroadcastLog } from "./broadcast-log-stub.ts";
export { CHANNEL_SCHEMA } from "./channel-schema.ts";
export { publishAll } from "./publishing.ts";
export { callChannel, callChannelObject } from "./stubs.ts";
export { reportDeadLetters } from "./system-errors.ts";
export { eventDataSchema, eventOf, type NewEvent } from "./types.ts";
