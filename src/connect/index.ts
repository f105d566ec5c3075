/** The public API of the connect room: what other systems ask, and what they are told. */
import { late } from "../platform/late.ts";

export { webhookMessageSchema } from "./webhooks/message.ts";

export const consumeWebhooks = /* @__PURE__ */ late(async () => (await import("./webhooks/sweep.ts")).consumeWebhooks);
export const watchWebhooks = /* @__PURE__ */ late(async () => (await import("./webhooks/sweep.ts")).watchWebhooks);
export const pruneWebhooks = /* @__PURE__ */ late(async () => (await import("./webhooks/sweep.ts")).pruneWebhooks);
