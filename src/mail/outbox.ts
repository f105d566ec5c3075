import type { Language } from "../platform/text.ts";
import type { MailDetails, MailKind } from "./shapes.ts";
import { insertMail, insertMailOfLink } from "./statements.ts";

/** A mail with news is worth sending for a day. */
const TELLING_MS = 86_400_000;

/** A mail to be sent. */
interface NewMail {
  /** 32 hex digits. One mail is stored for an id. Without it, a random one. */
  id?: string;
  user: string | null;
  address: string;
  kind: MailKind;
  language: Language;
  details: MailDetails;
  /** Epoch ms after which it is not worth sending; by default a day from now. */
  expires?: number;
}

/** The statement that stores a mail. It must be in the batch of the change that the mail is about. */
export function addMail(db: D1Database, mail: NewMail, now: number): D1PreparedStatement {
  return insertMail(db, ...valuesOf(mail, now));
}

/** The same for the link of a single-use value that the same batch stores, only if the batch stores it. */
export function addMailOfLink(db: D1Database, mail: NewMail & { id: string }, now: number): D1PreparedStatement {
  return insertMailOfLink(db, ...valuesOf(mail, now));
}

function valuesOf(mail: NewMail, now: number): [string, string | null, string, string, string, string, number, number] {
  const { id = crypto.randomUUID().replaceAll("-", ""), user, address, kind, language, details } = mail;
  return [id, user, address, kind, language, JSON.stringify(details), now, mail.expires ?? now + TELLING_MS];
}
