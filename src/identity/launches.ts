import { directory } from "../platform/database/shards.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { signedId } from "../platform/signed-ids.ts";
import { newId } from "./library.ts";
import type { SignedInView } from "./schemas.ts";
import type { Caller, Deps } from "./sessions.ts";
import { readUser } from "./users.ts";
import { enter } from "./ways/enter.ts";
import { LINK_INVALID, LIVES, take } from "./ways/one-time.ts";
import { putOneTime } from "./ways/statements.ts";

// A user comes from another platform, which has checked who they are. The browser gets a token and exchanges it once
// for a session: the pages keep sessions in their own storage, and an answer to a form of the platform cannot write
// there.

/** Launches of one user that may wait at a time. */
const MOST_AT_A_TIME = 20;

/**
 * Prepares a session for a user from another platform.
 * @param kind `launch`: the browser is sent on at once. `landing`: a page waits for the user.
 * @param to where it leads, below the origin of the pages.
 * @returns a token that can be used once.
 */
export async function openLaunch(
  env: Env,
  user: string,
  to: string,
  kind: "launch" | "landing",
  now: number,
): Promise<Result<string>> {
  const id = newId();
  const value = JSON.stringify({ for: kind, to });
  const put = await putOneTime(directory(env), id, user, value, kind, now, now + LIVES[kind], MOST_AT_A_TIME).run();
  if (put.meta.changes === 0) return refuse("rate_limited", { retry_after: LIVES[kind] / 1_000 });
  return ok(await signedId(acceptedSecrets(env)[0], "mail-link", id));
}

/** Somebody has pressed the button of a page that waited. @returns a token for their browser. */
export async function goOnWithLaunch(env: Env, token: string, now: number): Promise<Result<string>> {
  const landing = await take(env, token, "landing", now);
  return landing === null ? LINK_INVALID : openLaunch(env, landing.user, landing.value.to ?? "/", "launch", now);
}

/**
 * Opens the session of a launch, and says where it leads. The platform shows who somebody is, as a password does: whoever has a
 * second factor, or must have one, is asked for it here too.
 */
export async function signInByLaunch(
  deps: Deps,
  token: string,
  caller: Caller,
): Promise<Result<SignedInView & { to: string }>> {
  const launch = await take(deps.env, token, "launch", deps.now.getTime());
  if (launch === null) return LINK_INVALID;
  const user = await readUser(deps.db, launch.user);
  if (!user.ok) return LINK_INVALID;
  const to = launch.value.to ?? "/";
  const begun = await enter(deps, user.value, caller, {});
  if (begun.ok) return ok({ ...begun.value, to });
  const isHalfway = begun.refusal.code === "second_factor_required";
  return isHalfway ? { ok: false, refusal: { ...begun.refusal, extra: { ...begun.refusal.extra, to } } } : begun;
}
