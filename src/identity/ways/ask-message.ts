import { z } from "@hono/zod-openapi";
import { LANGUAGES } from "../../platform/text.ts";

/**
 * A request for mail. Its answer is given before anybody looks whether the address is known; its id is that of the link and of
 * the mail, so that a message that is delivered twice sends one.
 */
export const mailAskSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("ask"),
    id: z.string(),
    for: z.enum(["recover", "link", "verify", "change"]),
    email: z.string(),
    language: z.enum(LANGUAGES),
    base: z.string(),
    /** Who asks, where that is known: for a change of the address. */
    user_id: z.string().optional(),
  }),
  z.strictObject({ type: z.literal("send"), id: z.string() }),
]);
export type MailAsk = z.infer<typeof mailAskSchema>;
