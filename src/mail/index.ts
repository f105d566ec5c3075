/** The public API of the mail room: what is sent to people, and whether it arrived at the platform. */
import { late } from "../platform/late.ts";

export { addMail, addMailOfLink, type NewMail } from "./outbox.ts";
export { isLocal, publicOrigin, sendsMail } from "./where.ts";

export const sendMail = late(async () => (await import("./send.ts")).sendMail);
export const sweepMails = late(async () => (await import("./send.ts")).sweepMails);
export const pruneMails = late(async () => (await import("./send.ts")).pruneMails);
