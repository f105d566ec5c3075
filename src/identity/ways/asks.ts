import { z } from "@hono/zod-openapi";
import { addMailOfLink, sendMail } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { logFault } from "../../platform/log.ts";
import { retryOrDrop } from "../../platform/queue/last-attempt.ts";
import { type MailAsk, mailAskSchema } from "./ask-message.ts";
import { LIVES, MOST_AT_A_TIME } from "./one-time.ts";
import { accountBy, putOneTime } from "./statements.ts";

const accountRow = z.object({
  id: z.string(),
  name: z.string(),
  email_verified: z.int(),
  banned: z.int(),
  ban_expires: z.int().nullable(),
});

/** Writes and sends what messages ask for. */
export async function consumeMail(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const ask = mailAskSchema.safeParse(message.body);
    if (!ask.success) throw new Error("a message that asks for no mail");
    try {
      const isWritten = ask.data.type === "send" || (await writeAsked(env, ask.data, Date.now()));
      // What the platform does not take now is sent by the minute's cron.
      if (isWritten) await sendMail(env, ask.data.id);
      message.ack();
    } catch (fault) {
      logFault("mail_not_written", fault, { mail: ask.data.id });
      retryOrDrop("latchkey-mail", message);
    }
  }
}

/** Writes the link and its mail, both or neither. @returns whether there is a mail to send. */
async function writeAsked(env: Env, ask: Extract<MailAsk, { type: "ask" }>, now: number): Promise<boolean> {
  const db = directory(env);
  const found = await accountBy(db, ask.email).first();
  const owner = found === null ? null : accountRow.parse(found);
  // A new address must be nobody's; of every other kind, the mail goes to whoever has it.
  const user = ask.for === "change" ? (owner === null ? (ask.user_id ?? null) : null) : (owner?.id ?? null);
  if (user === null) return false;
  const isBanned = owner !== null && owner.banned === 1 && (owner.ban_expires === null || owner.ban_expires > now);
  if (isBanned || (ask.for === "verify" && owner?.email_verified === 1)) return false;
  const expires = now + LIVES[ask.for];
  const value = JSON.stringify({ for: ask.for, email: ask.email });
  // Somebody may have registered with an address of somebody else: what they called themselves is not sent there.
  const name = owner?.email_verified === 1 ? owner.name : "";
  await db.batch([
    putOneTime(db, ask.id, user, value, ask.for, now, expires, MOST_AT_A_TIME),
    addMailOfLink(
      db,
      {
        id: ask.id,
        user,
        address: ask.email,
        kind: ask.for,
        language: ask.language,
        details: { base: ask.base, name },
        expires,
      },
      now,
    ),
  ]);
  return true;
}
