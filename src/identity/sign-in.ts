import { sha256Hex } from "../platform/hash.ts";
import { networkOf } from "../platform/http/network.ts";
import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";
import { ADDRESS_PERIOD_SECONDS } from "./password-limit.ts";
import { isOutdated, verifyPassword } from "./passwords.ts";
import { callRevocations } from "./revocations-stub.ts";
import type { SignedInView, SignIn } from "./schemas.ts";
import type { Caller, Deps } from "./sessions.ts";
import { findCredential, renewHash } from "./users.ts";
import { enter } from "./ways/enter.ts";

/** Names of the objects that count tries on addresses nobody has; no user id has a slash. They store nothing. */
const NOBODY = "nobody/";

/** A sign-in that failed, for whoever writes it down. */
interface FailedSignIn {
  /** The account that was tried; null: there is none of this address. */
  user: string | null;
  /** invalid_credentials: the password was wrong. rate_limited: too many tries. forbidden: the account is suspended. */
  code: "invalid_credentials" | "rate_limited" | "forbidden";
}

/** What became of a try to sign in. */
export interface SignInOutcome {
  answer: Result<SignedInView>;
  /** Null when it did not fail, or failed for a reason of ours. */
  failed: FailedSignIn | null;
  /** What is left to do beside the answer. */
  afterwards: (() => Promise<unknown>) | null;
}

/**
 * Signs in by password. An unknown address, an account without a password and a wrong password get one answer in the
 * same time; only who knows the password learns of a ban. Strangers cannot use up the tries of who signed in from the
 * same network before, see attempts.ts.
 */
export async function signIn(deps: Deps, input: SignIn, caller: Caller): Promise<SignInOutcome> {
  const credential = await findCredential(deps.db, input.email);
  const user = credential?.user.id ?? null;
  const failing = (refusal: Refusal): SignInOutcome => {
    const { code } = refusal;
    const isTheirs = code === "invalid_credentials" || code === "rate_limited" || code === "forbidden";
    return { answer: { ok: false, refusal }, failed: isTheirs ? { user, code } : null, afterwards: null };
  };
  const holder = user ?? `${NOBODY}${await sha256Hex(input.email)}`;
  const admitted = await admitTry(deps.env, holder, caller);
  if (!admitted.ok) return failing(admitted.refusal);
  const { known } = admitted.value;
  const matches = await verifyPassword(credential?.password ?? null, input.password, known);
  if (!matches.ok) return failing(matches.refusal);
  if (credential === null || !matches.value) return failing(refuse("invalid_credentials").refusal);
  const { password } = credential;
  const answer = await enter(deps, credential.user, caller, { device: input.device_token });
  const isHalfway = !answer.ok && answer.refusal.code === "second_factor_required";
  if (!answer.ok && !isHalfway) return failing(answer.refusal);
  const afterwards = async () => {
    // Who has shown the password alone has not been here.
    if (!known && !isHalfway) await rememberNetwork(deps.env, holder, caller.address);
    if (password !== null && isOutdated(password))
      await renewHash(deps.db, credential.user.id, password, input.password);
  };
  return { answer, failed: null, afterwards };
}

/**
 * Counts a try to show that one is somebody, by the rules of attempts.ts; and by the network alone, where the user has not
 * been before. @returns whether they were, or `rate_limited`.
 */
export async function admitTry(env: Env, holder: string, caller: Caller): Promise<Result<{ known: boolean }>> {
  const network = networkOf(caller.address);
  const place = await networkName(holder, network);
  const admitted = await callRevocations(env, holder, (stub) => stub.admitTry(place));
  if (!admitted.ok && admitted.refusal.code === "rate_limited") return admitted;
  // An object that does not answer keeps nobody out: the limit of the network and the line before hashing still hold.
  const { known, late_ms } = admitted.ok ? admitted.value : { known: false, late_ms: 0 };
  if (!known && !(await env.SIGN_IN_LIMIT.limit({ key: `sign-in:${network}` })).success) {
    return refuse("rate_limited", { retry_after: ADDRESS_PERIOD_SECONDS });
  }
  if (late_ms > 0) await new Promise((resolve) => setTimeout(resolve, late_ms));
  return ok({ known });
}

/** A user who has just come in has been here. */
export async function rememberNetwork(env: Env, user: string, address: string): Promise<void> {
  const place = await networkName(user, networkOf(address));
  await callRevocations(env, user, (stub) => stub.signedInFrom(place));
}

/** A network as a user's object knows it: nobody reads an address from it, and two users' objects know it by other names. */
async function networkName(holder: string, network: string): Promise<string> {
  return (await sha256Hex(`${holder} ${network}`)).slice(0, 32);
}
