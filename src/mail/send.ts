import { z } from "@hono/zod-openapi";
import { directory } from "../platform/database/shards.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import { signedId } from "../platform/signed-ids.ts";
import { LANGUAGES } from "../platform/text.ts";
import { MAIL_KINDS, type MailDetails, type MailKind, mailDetails } from "./shapes.ts";
import { delayMail, mailsDue, pruneOldMails, settleMail, takeMail } from "./statements.ts";
import { isLocal, senderOf } from "./where.ts";
import { type WrittenMail, writeMail } from "./write.ts";

/** Longest time for sending a mail, milliseconds: longer than the platform takes to answer or to give up. */
const LEASE_MS = 60_000;
/** First wait after a failure; it doubles, up to an hour. */
const RETRY_BASE_MS = 30_000;
const RETRY_MAX_MS = 3_600_000;
/** Mails that one minute sends. */
const PAGE = 200;
const PARALLEL = 6;
/** Sent and failed mails are kept this long, so that people can see their outcome. */
const KEPT_MS = 7 * 86_400_000;
const PRUNE_PAGE = 1_000;

/** A row of D1; another release may have written it. */
export const mailRow = z.object({
  id: z.string(),
  user_id: z.string().nullable(),
  address: z.string(),
  kind: z.enum(MAIL_KINDS),
  language: z.enum(LANGUAGES),
  details: z.string(),
  state: z.enum(["waiting", "sent", "kept", "failed"]),
  attempts: z.int(),
  created_at: z.int(),
  expires_at: z.int(),
});
export type MailRow = z.infer<typeof mailRow>;

/** The pages that links lead to. The secret part is behind a `#`: browsers send it to no server. */
const PAGES: Record<MailKind, string | null> = {
  verify: "/account/confirm#",
  change: "/account/confirm#",
  recover: "/sign-in/new-password#",
  link: "/sign-in/link#",
  invite: "/invite/",
  changed: null,
  notice: null,
};

/** A mail with its link. The link is made only here. */
export async function writtenOf(env: Env, row: MailRow): Promise<WrittenMail> {
  const details: MailDetails = mailDetails.parse(JSON.parse(row.details));
  const page = PAGES[row.kind];
  const token =
    page === null
      ? ""
      : await signedId(env.AUTH_SECRET, row.kind === "invite" ? "invitation" : "mail-link", details.link ?? row.id);
  return writeMail(row.kind, row.language, details, page === null ? null : `${details.base}${page}${token}`);
}

/**
 * Sends one waiting mail, unless another process does. The process that takes the mail keeps others away, and settles
 * it when the platform has accepted it. Only if it dies between the two, the mail is sent again.
 * @returns whether the platform refused or did not answer: it is tried again.
 */
export async function sendMail(env: Env, id: string, now = Date.now()): Promise<"sent" | "later" | "nothing"> {
  const db = directory(env);
  const taken = await takeMail(db, id, now + LEASE_MS, now).first();
  if (taken === null) return "nothing";
  const row = mailRow.parse(taken);
  if (isLocal(env)) return settled(env, row, "kept", now);
  if (row.expires_at <= now) return settled(env, row, "failed", now);
  try {
    const from = senderOf(env);
    if (from === null) throw new Error("MAIL_FROM is empty");
    const { subject, text, html } = await writtenOf(env, row);
    await env.MAIL.send({ from, to: row.address, subject, text, html, headers: { "X-Latchkey-Mail": row.id } });
    return await settled(env, row, "sent", now);
  } catch (fault) {
    // The log has neither the address nor the link. An answer of the platform may repeat the address, so it is left out
    // too.
    const text = fault instanceof Error ? fault.message.replaceAll(row.address, "…") : "unknown";
    logFault("mail_not_sent", new Error(text), { mail: row.id, kind: row.kind, attempts: row.attempts });
    const wait = Math.min(RETRY_BASE_MS * 2 ** Math.min(row.attempts, 10), RETRY_MAX_MS);
    await delayMail(db, row.id, now + wait).run();
    return "later";
  }
}

async function settled(env: Env, row: MailRow, state: "sent" | "kept" | "failed", now: number) {
  await settleMail(directory(env), row.id, state, now).run();
  logEvent("mail_settled", { mail: row.id, kind: row.kind, state, attempts: row.attempts });
  return state === "failed" ? ("nothing" as const) : ("sent" as const);
}

/** Every minute: sends waiting mails. A mail that cannot be sent delays no other. */
export async function sweepMails(env: Env, now: number): Promise<void> {
  const { results } = await mailsDue(directory(env), now, PAGE).all<{ id: string }>();
  await inParallel(results, PARALLEL, async ({ id }) => {
    await sendMail(env, id, now).catch((fault: unknown) => logFault("mail_not_sent", fault, { mail: id }));
  });
}

/** Every night: removes old mails that were sent or failed. @returns whether there may be more. */
export async function pruneMails(env: Env, now: number): Promise<boolean> {
  const { meta } = await pruneOldMails(directory(env), now - KEPT_MS, PRUNE_PAGE).run();
  return meta.changes >= PRUNE_PAGE;
}
