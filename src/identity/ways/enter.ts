import { directory } from "../../platform/database/shards.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { newId, type UserRow } from "../library.ts";
import type { SignedInView } from "../schemas.ts";
import { type Caller, type Deps, startSession } from "../sessions.ts";
import { isBanned } from "../users.ts";
import { LIVES, stepToken } from "./one-time.ts";
import { readSecondFactor, setUpSecondFactor } from "./second-factor.ts";
import { addDevice, deviceBy, keepDevices, putOneTime } from "./statements.ts";
import { asksForCodes, mustHaveSecondFactor, trustedDays } from "./switches.ts";

const DAY_MS = 86_400_000;
/** Steps of one user that may be open at a time: of who tries many, the further wait. */
const MOST_STEPS = 20;
/** Trusted devices of a user; a further one takes the place of the oldest. */
const MOST_DEVICES = 10;
const DEVICE_TOKEN_BYTES = 32;
const MAX_USER_AGENT_LENGTH = 200;

/**
 * Lets in whoever has shown a password, or that they read a mailbox: at once, or after a code where the user has a second
 * factor and this browser is not trusted.
 * @param shown what else the browser shows. `device`: what it got when it was trusted.
 * @returns the session; or `second_factor_required`, which says how to go on.
 */
export async function enter(
  deps: Deps,
  user: UserRow,
  caller: Caller,
  shown: { device?: string | undefined },
): Promise<Result<SignedInView>> {
  if (isBanned(user, deps.now) || !asksForCodes(deps.env)) return startSession(deps, user, caller.userAgent);
  const factor = await readSecondFactor(deps.env, user.id);
  const isConfirmed = factor?.confirmed_at != null;
  if (!isConfirmed && !mustHaveSecondFactor(deps.env, user.role)) return startSession(deps, user, caller.userAgent);
  if (isConfirmed && (await isTrusted(deps, user.id, shown.device))) {
    return startSession(deps, user, caller.userAgent);
  }
  const now = deps.now.getTime();
  const id = newId();
  const value = JSON.stringify({ for: "step", tries: 0, setup: !isConfirmed });
  const put = await putOneTime(
    directory(deps.env),
    id,
    user.id,
    value,
    "step",
    now,
    now + LIVES.step,
    MOST_STEPS,
  ).run();
  if (put.meta.changes === 0) return refuse("rate_limited", { retry_after: LIVES.step / 1_000 });
  const setup = isConfirmed ? null : await setUpSecondFactor(deps.env, user.id, user.email, now);
  const challenge = await stepToken(deps.env, id);
  return refuse("second_factor_required", { extra: { challenge, expires_in: LIVES.step / 1_000, setup } });
}

async function isTrusted({ env, now }: Deps, user: string, device: string | undefined): Promise<boolean> {
  if (device === undefined || trustedDays(env) === 0) return false;
  const found = await deviceBy(directory(env), await sha256Hex(device), user, now.getTime()).first();
  return found !== null;
}

/** Trusts a browser for some days. @returns what it keeps, or null where no browser is trusted. */
export async function trust({ env, now }: Deps, user: string, caller: Caller): Promise<Result<string | null>> {
  const days = trustedDays(env);
  if (days === 0) return ok(null);
  const token = crypto
    .getRandomValues(new Uint8Array(DEVICE_TOKEN_BYTES))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  const at = now.getTime();
  const db = directory(env);
  const agent = caller.userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null;
  await db.batch([
    addDevice(db, newId(), user, await sha256Hex(token), agent, at, at + days * DAY_MS),
    keepDevices(db, user, MOST_DEVICES),
  ]);
  return ok(token);
}
