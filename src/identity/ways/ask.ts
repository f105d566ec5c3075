import { publicOrigin } from "../../mail/index.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { languageOf } from "../../platform/http/language.ts";
import { logFault } from "../../platform/log.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { newId } from "../library.ts";
import type { MailAsk } from "./ask-message.ts";
import type { Occasion } from "./recovery.ts";

const UNSENT = refuse("unavailable", { detail: "No mail can be asked for now.", retry_after: 5 });

/**
 * Asks for mail to an address. Whether anybody has it is looked up later, so that neither the answer nor its time says it.
 * @param user who is signed in and changes their address.
 */
export async function askForMail(
  c: AppContext,
  purpose: Extract<MailAsk, { type: "ask" }>["for"],
  email: string,
  user?: string,
): Promise<Result<null>> {
  const base = publicOrigin(c.env, c.req.url);
  if (base === null) return UNSENT;
  const ask: MailAsk = {
    type: "ask",
    id: newId(),
    for: purpose,
    email,
    language: languageOf(c),
    base,
    ...(user === undefined ? {} : { user_id: user }),
  };
  try {
    await c.env.MAIL_QUEUE.send(ask);
    return ok(null);
  } catch (fault) {
    logFault("mail_not_asked", fault, { request_id: c.get("requestId") });
    return UNSENT;
  }
}

export function occasionOf(c: AppContext): Occasion {
  return { request_id: c.get("requestId"), language: languageOf(c), url: c.req.url };
}
