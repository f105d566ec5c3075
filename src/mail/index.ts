/** The public API of the mail room: mails to people, and whether the platform accepted them. */
import type { AppContext } from "../platform/http/context.ts";
import { late } from "../platform/late.ts";
import { logFault } from "../platform/log.ts";

export { addMail, addMailOfLink } from "./outbox.ts";
export { isLocal, publicOrigin, sendsMail } from "./where.ts";

export const sendMail = /* @__PURE__ */ late(async () => (await import("./send.ts")).sendMail);
/** Every minute: sends waiting mails. */
export const sweepMails = /* @__PURE__ */ late(async () => (await import("./send.ts")).sweepMails);
export const pruneMails = /* @__PURE__ */ late(async () => (await import("./send.ts")).pruneMails);

/** Sends waiting mails after the answer; the minute cron sends those that fail. */
export function sendMailsSoon(c: AppContext): void {
  c.executionCtx.waitUntil(sweepMails(c.env, Date.now()).catch((fault: unknown) => logFault("mail_delayed", fault)));
}
