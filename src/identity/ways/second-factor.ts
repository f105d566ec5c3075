import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import { z } from "@hono/zod-openapi";
import { directory } from "../../platform/database/shards.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { logFault } from "../../platform/log.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { seal, unseal } from "./sealed.ts";
import {
  confirmSecondFactor,
  countFailure,
  putSecondFactor,
  renewBackupCodes,
  secondFactorOf,
  takeBackupCode,
  takeStep,
} from "./statements.ts";

// Codes of an app (RFC 6238: SHA-1, six digits, 30 seconds, which every app knows), made by better-auth's own part; and
// backup codes for whoever lost the app.

const ISSUER = "Latchkey";
/** Bytes of a secret (RFC 4226 section 4 asks for 160 bits). */
const SECRET_BYTES = 20;
const PERIOD_MS = 30_000;
/** Intervals before and after the present one whose codes are taken: clocks of phones are not exact. */
const WINDOW = 1;
/** Codes of the app are not taken for so long after every fifth wrong one in a row, milliseconds. */
const BLOCK_MS = 15 * 60_000;
const BACKUP_CODES = 10;
/** 80 bits: a stored hash of one cannot be turned back by trying. */
const BACKUP_BYTES = 10;

const stored = z.object({
  user_id: z.string(),
  secret: z.string(),
  backup_codes: z.string(),
  confirmed_at: z.int().nullable(),
  last_step: z.int(),
  blocked_until: z.int().nullable(),
});
type SecondFactor = z.infer<typeof stored>;

/** A user's second factor, confirmed or not; null: there is none. */
export async function readSecondFactor(env: Env, user: string): Promise<SecondFactor | null> {
  const row = await secondFactorOf(directory(env), user).first();
  return row === null ? null : stored.parse(row);
}

/** How many backup codes a user has left. */
export function codesLeft({ backup_codes }: SecondFactor): number {
  return z.array(z.string()).parse(JSON.parse(backup_codes)).length;
}

/** What an app needs to know, as text and as the address that its camera reads. */
export interface SetUp {
  secret: string;
  uri: string;
}

/**
 * Makes a new secret for a user who has no confirmed one.
 * @param email by which the app names the account.
 */
export async function setUpSecondFactor(env: Env, user: string, email: string, now: number): Promise<SetUp> {
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  await putSecondFactor(directory(env), user, await seal(env.AUTH_SECRET, user, secret), now).run();
  return {
    secret: base32.encode(secret, { padding: false }),
    uri: createOTP(secret).url(ISSUER, email),
  };
}

/** The interval whose code this is, newer than the last that was used; null: none. */
async function stepOf(env: Env, factor: SecondFactor, code: string, now: number): Promise<number | null> {
  const secret = await unseal(acceptedSecrets(env), factor.user_id, factor.secret);
  if (secret === null) {
    logFault("second_factor_unreadable", new Error("AUTH_SECRET was replaced"), { user_id: factor.user_id });
    return null;
  }
  const otp = createOTP(secret);
  const present = Math.floor(now / PERIOD_MS);
  const encoder = new TextEncoder();
  let found: number | null = null;
  for (let step = present - WINDOW; step <= present + WINDOW; step += 1) {
    const isSame = crypto.subtle.timingSafeEqual(encoder.encode(await otp.hotp(step)), encoder.encode(code));
    if (isSame && step > factor.last_step) found = step;
  }
  return found;
}

/** Digits of a code of the app, or null: people type spaces. */
function digitsIn(code: string): string | null {
  const digits = code.replace(/\s/g, "");
  return /^\d{6}$/.test(digits) ? digits : null;
}

/**
 * Confirms a second factor by a first code. @returns the backup codes, which are shown this once; `invalid_code`, or null
 * where nothing waits to be confirmed.
 */
export async function confirm(env: Env, user: string, code: string, now: number): Promise<Result<string[]> | null> {
  const factor = await readSecondFactor(env, user);
  if (factor === null || factor.confirmed_at !== null) return null;
  const digits = digitsIn(code);
  const step = digits === null ? null : await stepOf(env, factor, digits, now);
  if (step === null) return refuse("invalid_code");
  const { codes, hashes } = await makeBackupCodes(user);
  const done = await confirmSecondFactor(directory(env), user, factor.secret, hashes, step, now).run();
  return done.meta.changes === 0 ? refuse("invalid_code") : ok(codes);
}

/**
 * Checks a code of the app or a backup code, and uses it up: each is good once.
 * @returns `invalid_code`, or `rate_limited` after many wrong ones; backup codes are taken even then.
 */
export async function checkCode(env: Env, user: string, code: string, now: number): Promise<Result<null>> {
  const db = directory(env);
  const digits = digitsIn(code);
  if (digits === null) {
    const used = await takeBackupCode(db, user, await backupHash(user, code)).run();
    return used.meta.changes === 0 ? refuse("invalid_code") : ok(null);
  }
  const factor = await readSecondFactor(env, user);
  if (factor?.confirmed_at == null) return refuse("invalid_code");
  if (factor.blocked_until !== null && factor.blocked_until > now) {
    const retry_after = Math.ceil((factor.blocked_until - now) / 1_000);
    return refuse("rate_limited", { retry_after, detail: "Too many wrong codes. Use a backup code, or wait." });
  }
  const step = await stepOf(env, factor, digits, now);
  const used = step === null ? null : await takeStep(db, user, step).run();
  if (used !== null && used.meta.changes > 0) return ok(null);
  await countFailure(db, user, now + BLOCK_MS).run();
  return refuse("invalid_code");
}

/** New backup codes; the old ones are good for nothing any more. */
export async function newBackupCodes(env: Env, user: string): Promise<string[]> {
  const { codes, hashes } = await makeBackupCodes(user);
  await renewBackupCodes(directory(env), user, hashes).run();
  return codes;
}

async function makeBackupCodes(user: string): Promise<{ codes: string[]; hashes: string }> {
  const codes = Array.from({ length: BACKUP_CODES }, () => {
    const text = base32.encode(crypto.getRandomValues(new Uint8Array(BACKUP_BYTES)), { padding: false }).toLowerCase();
    return text.match(/.{1,4}/g)?.join("-") ?? text;
  });
  const hashes = await Promise.all(codes.map((code) => backupHash(user, code)));
  return { codes, hashes: JSON.stringify(hashes) };
}

function backupHash(user: string, code: string): Promise<string> {
  return sha256Hex(`${user} ${code.toLowerCase().replace(/[^a-z2-7]/g, "")}`);
}
