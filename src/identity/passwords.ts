import { nodeCrypto } from "../platform/node-crypto.ts";
import { ok, type Result } from "../platform/results.ts";
import { HashLine, type Turn } from "./hash-line.ts";

// Passwords are hashed with scrypt (RFC 7914), by native code. PBKDF2 cannot be used: workerd limits it to 100,000
// rounds, a sixth of the recommended number. A hash written in JavaScript cannot either: it costs us several times what
// it costs an attacker.

export const MIN_PASSWORD_LENGTH = 10;
/** Limits the work that one request can cause. */
export const MAX_PASSWORD_LENGTH = 128;

/**
 * Cost: 2^14 blocks of 128 * 8 bytes, five times one after the other. The cost of one of the equivalent minimums of the
 * OWASP password storage guide (p = 5), and the one with the least memory (16 MiB), because all requests of an isolate
 * share 128 MB. As five calls instead of one it holds the thread a fifth as long at a time; see {@link derive}.
 */
const COST: Cost = { logN: 14, r: 8, p: 1, t: 5 };
/** How long everything else may run after each of them, milliseconds. */
const BREATHER_MS = 20;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Memory one hash may use, bytes: twice what COST needs; a stored hash with absurd parameters fails, not the isolate. */
const MAX_MEMORY = 2 * 128 * 2 ** COST.logN * COST.r;

interface Cost {
  logN: number;
  r: number;
  p: number;
  /** How often scrypt runs, each time over the result before. */
  t: number;
}

/** PHC string format: parameters travel with the hash, so COST can be raised without touching rows that exist. */
const PHC =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})(?:,t=(\d{1,2}))?\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** The line of this isolate. */
const hashLine = new HashLine();

/** Hashes a new password. @returns a PHC string with its own random salt, or `unavailable` when too many wait. */
export async function hashPassword(password: string, isKnown = false): Promise<Result<string>> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  return inTurn(isKnown, async (turn) => phcString(COST, salt, await derive(turn, password, salt, COST)));
}

/**
 * Whether `password` belongs to the hash `stored`. A null `stored` (no such user, or one without a password) takes the
 * same time and never matches, so that the time of an answer does not show which e-mail addresses are known.
 * @param isKnown the request comes from a network from which the user signed in before: it comes first.
 * @returns `unavailable` when too many wait.
 */
export async function verifyPassword(
  stored: string | null,
  password: string,
  isKnown = false,
): Promise<Result<boolean>> {
  const [, logN, r, p, t = "1", salt, hash] = PHC.exec(stored ?? DECOY) ?? [];
  if (salt === undefined || hash === undefined) throw new Error("a stored password hash is not a PHC string");
  const cost = { logN: Number(logN), r: Number(r), p: Number(p), t: Number(t) };
  return inTurn(isKnown, async (turn) => {
    const derived = await derive(turn, password, Uint8Array.fromBase64(salt), cost);
    return crypto.subtle.timingSafeEqual(derived, Uint8Array.fromBase64(hash)) && stored !== null;
  });
}

/** Whether a stored hash was made with another cost than today's, and should be made again. */
export function isOutdated(stored: string): boolean {
  return !stored.startsWith(`${parameters(COST)}$`);
}

async function inTurn<T>(isKnown: boolean, work: (turn: Turn) => Promise<T>): Promise<Result<T>> {
  const turn = await hashLine.enter(isKnown);
  if (!turn.ok) return turn;
  try {
    return ok(await work(turn.value));
  } finally {
    turn.value.end();
  }
}

/**
 * scrypt over the password, then over the result, `t` times, each with the same salt. workerd runs each one to its end
 * on the thread that serves everybody, so other requests may run after each.
 */
async function derive(turn: Turn, password: string, salt: Uint8Array, { t, ...cost }: Cost): Promise<Uint8Array> {
  // NFKC: keyboards write the same character in different ways.
  let key = await scryptOnce(password.normalize("NFKC"), salt, cost);
  for (let round = 1; round < t; round += 1) {
    await turn.goOn(BREATHER_MS);
    key = await scryptOnce(key.toBase64(), salt, cost);
  }
  // An older hash, in one piece, takes as long as today's: the time does not show which one an account has.
  for (let round = t; round <= COST.t; round += 1) await turn.goOn(BREATHER_MS);
  return key;
}

function scryptOnce(input: string, salt: Uint8Array, { logN, r, p }: Omit<Cost, "t">): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    nodeCrypto().scrypt(input, salt, HASH_BYTES, { N: 2 ** logN, r, p, maxmem: MAX_MEMORY }, (fault, key) =>
      fault instanceof Error ? reject(fault) : resolve(key),
    );
  });
}

function phcString(cost: Cost, salt: Uint8Array, hash: Uint8Array): string {
  const encode = (bytes: Uint8Array) => bytes.toBase64({ omitPadding: true });
  return `${parameters(cost)}$${encode(salt)}$${encode(hash)}`;
}

function parameters({ logN, r, p, t }: Cost): string {
  return `$scrypt$ln=${logN},r=${r},p=${p},t=${t}`;
}

/** Replaces the hash of a user who does not exist: all zeros, in base64 without padding. */
const DECOY = `${parameters(COST)}$${"A".repeat(22)}$${"A".repeat(43)}`;
