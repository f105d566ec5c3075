/** The public API of the connect room: what other systems ask, send and are told. */
import { late } from "../platform/late.ts";

export { webhookMessageSchema } from "./webhooks/message.ts";

export const placeDue = /* @__PURE__ */ late(async () => (await import("./groups/sync.ts")).placeDue);
export const consumeWebhooks = /* @__PURE__ */ late(async () => (await import("./webhooks/sweep.ts")).consumeWebhooks);
export const watchWebhooks = /* @__PURE__ */ late(async () => (await import("./webhooks/sweep.ts")).watchWebhooks);
export const pruneWebhooks = /* @__PURE__ */ late(async () => (await import("./webhooks/sweep.ts")).pruneWebhooks);
export const pruneLti = /* @__PURE__ */ late(async () => (await import("./lti/prune.ts")).pruneLti);
/** Every minute: what platforms are told, and asked. */
export const watchLti = /* @__PURE__ */ late(async () => (await import("./lti/work.ts")).watchLti);
/** Does what a message asks for. */
export const workOnLti = /* @__PURE__ */ late(async () => (await import("./lti/work.ts")).workOnLti);
/** Before records of somebody are given out or removed: see adoptRecords. */
export const adoptRecords = /* @__PURE__ */ late(async () => (await import("./xapi/known-later.ts")).adoptRecords);
export const sweepXapi = /* @__PURE__ */ late(async () => (await import("./xapi/told.ts")).sweepXapi);
