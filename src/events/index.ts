import { late } from "../platform/late.ts";

// The public API of the events room.
export { BROADCAST_LOG_SCHEMA } from "./broadcast-log-schema.ts";
export { callBroadcastLog } from "./broadcast-log-stub.ts";
export { CHANNEL_SCHEMA } from "./channel-schema.ts";
export { cursorOf } from "./cursor.ts";
export type { KeptBack } from "./gathering.ts";
export { callChannel, callChannelObject } from "./stubs.ts";
export type { TopicRights } from "./topic-rights.ts";
export { eventOf, type NewEvent } from "./types.ts";

export const archiveLate = /* @__PURE__ */ late(async () => (await import("./archive.ts")).archiveLate);
export const consumeEvents = /* @__PURE__ */ late(async () => (await import("./archive.ts")).consumeEvents);
export const pruneEvents = /* @__PURE__ */ late(async () => (await import("./archive.ts")).pruneEvents);
export const publishAll = /* @__PURE__ */ late(async () => (await import("./publishing.ts")).publishAll);
export const reportDeadLetters = /* @__PURE__ */ late(
  async () => (await import("./system-errors.ts")).reportDeadLetters,
);
export const openStream = /* @__PURE__ */ late(async () => (await import("./stream.ts")).openStream);
