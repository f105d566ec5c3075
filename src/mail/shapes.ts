import { z } from "@hono/zod-openapi";

/**
 * What a mail is for. verify: shows that an address is read. recover: a new password. link: signs in. change: shows that
 * a new address is read. changed: tells the old address. notice: something of the account was changed. invite: into a
 * course.
 */
export const MAIL_KINDS = ["verify", "recover", "link", "change", "changed", "notice", "invite"] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

/** What a notice is about. */
const NOTICES = [
  "password",
  "second_factor_on",
  "second_factor_off",
  "passkey_added",
  "passkey_removed",
  "sign_in_reset",
] as const;
export type Notice = (typeof NOTICES)[number];

/** What the text of a mail says beside its link. */
export const mailDetails = z.strictObject({
  /** Scheme, host and port of the pages. */
  base: z.string(),
  /** Whom it greets; empty where nobody knows. */
  name: z.string(),
  /** The new address, or the title of a course. */
  title: z.string().optional(),
  notice: z.enum(NOTICES).optional(),
  /** Whose link it is, where that is not the mail's own id: the invitation. */
  link: z.string().optional(),
});
export type MailDetails = z.infer<typeof mailDetails>;
