import { z } from "zod";

/** The message that asks for the deliveries of a subscription: what they are is in its pages. */
export const webhookMessageSchema = z.object({ type: z.literal("webhooks"), subscription: z.string() });
