import { z } from "@hono/zod-openapi";

/**
 * The purpose of a mail. verify: shows that somebody reads an address. recover: a new password. link: signs in. change:
 * shows that somebody reads a new address. changed: notifies the old address. notice: something about the account was
 * changed. invite: into a course.
 */
export const MAIL_KINDS = ["verify", "recover", "link", "change", "changed", "notice", "invite"] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

/** The subject of a notice. */
const NOTICES = [
  "password",
  "second_factor_on",
  "second_factor_off",
  "passkey_added",
  "passkey_removed",
  "sign_in_reset",
] as const;
export type Notice = (typeof NOTICES)[number];

/** What the text of a mail needs besides its link. */
export const mailDetails = z.strictObject({
  /** Scheme, host and port of the pages. */
  base: z.string(),
  /** The name in the greeting; empty if it is not known. */
  name: z.string(),
  /** The new address, or the title of a course. */
  title: z.string().optional(),
  notice: z.enum(NOTICES).optional(),
  /** The id of the link's owner if it is not the mail: the invitation. */
  link: z.string().optional(),
});
export type MailDetails = z.infer<typeof mailDetails>;
