import { directory } from "../platform/database/shards.ts";
import type { AppContext } from "../platform/http/context.ts";
import { logFault } from "../platform/log.ts";
import { nodeCrypto } from "../platform/node-crypto.ts";
import { deriveKey } from "../platform/secrets.ts";
import { type OwnEntry, ownEntry } from "./entry.ts";
import { countRefusedSignIn } from "./statements.ts";

/** Refused sign-ins are counted by account and minute: with an entry for each, strangers could fill the chain. */
const MINUTE_MS = 60_000;
/** Accounts with an entry of their own in one minute; all other accounts are counted together. */
const MAX_COUNTED = 100;
/** Hex digits of the pseudonym of an address. */
const PSEUDONYM_LENGTH = 24;

/** The account whose password was tried: a user, or an e-mail address without one. */
export type Tried = { user: string } | { email: string };

/**
 * Notes that a password was refused: one entry for each account and minute with the number of tries, and one more for
 * all accounts beyond a hundred in that minute. An address without an account is a keyed hash, and stored nowhere else.
 * It never refuses a request: somebody who guesses must learn nothing from it, and nobody must be locked out because D1
 * does not answer.
 */
export async function noteRefusedSignIn(c: AppContext, tried: Tried, now: number): Promise<void> {
  try {
    const minute = Math.floor(now / MINUTE_MS);
    const target = await targetOf(c.env, tried);
    const own = counted(target, minute, now);
    const others = counted({ type: "accounts", id: "others" }, minute, now);
    const readyAt = (minute + 1) * MINUTE_MS;
    await countRefusedSignIn(
      directory(c.env),
      own.key,
      JSON.stringify(own),
      others.key,
      JSON.stringify(others),
      readyAt,
      MAX_COUNTED,
      now,
    ).run();
  } catch (fault) {
    logFault("refused_sign_in_not_noted", fault, { request_id: c.get("requestId") });
  }
}

function counted(target: OwnEntry["target"], minute: number, now: number) {
  return ownEntry(
    {
      action: "sign_in.refused",
      // The user is not known.
      actor: { id: "system", role: "system" },
      target,
      outcome: "refused",
      details: { entries: 1 },
      unique: `${minute}:${target.type}:${target.id}`,
    },
    now,
  );
}

async function targetOf(env: Env, tried: Tried): Promise<OwnEntry["target"]> {
  if ("user" in tried) return { type: "user", id: tried.user };
  const key = await deriveKey(env.AUTH_SECRET, "audit-person");
  const id = nodeCrypto()
    .createHmac("sha256", key)
    .update(`address ${tried.email}`)
    .digest("hex")
    .slice(0, PSEUDONYM_LENGTH);
  return { type: "address", id };
}
