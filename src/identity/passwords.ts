import { scrypt } from "node:crypto";

// Passwords are hashed with scrypt (RFC 7914), natively. PBKDF2 is out: workerd caps it at 100,000 rounds, a sixth of
// what is recommended. So is a hash written in JavaScript: it costs us several times what it costs an attacker.

export const MIN_PASSWORD_LENGTH = 10;
/** Bounds the work one request can cause. */
export const MAX_PASSWORD_LENGTH = 128;

/**
 * Cost: 2^14 blocks of 128 * 8 bytes, five times over. One of the equivalent minimums of the OWASP password storage
 * guide, and the one with the least memory (16 MiB), because all requests of an isolate share 128 MB.
 */
const COST: Cost = { logN: 14, r: 8, p: 5 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Memory one hash may use, bytes: twice what COST needs; a stored hash with absurd parameters fails, not the isolate. */
const MAX_MEMORY = 2 * 128 * 2 ** COST.logN * COST.r;

interface Cost {
  logN: number;
  r: number;
  p: number;
}

/** PHC string format: parameters travel with the hash, so COST can be raised without touching rows that exist. */
const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** Hashes a new password. @returns a PHC string with its own random salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  return phcString(COST, salt, await derive(password, salt, COST));
}

/**
 * Whether `password` is the one behind `stored`. A null `stored` (no such user, or one without a password) costs the
 * same time and is never a match, so that the time of an answer does not tell which e-mail addresses are known.
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  const [, logN, r, p, salt, hash] = PHC.exec(stored ?? DECOY) ?? [];
  if (salt === undefined || hash === undefined) throw new Error("a stored password hash is not a PHC string");
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  const derived = await derive(password, Uint8Array.fromBase64(salt), cost);
  return crypto.subtle.timingSafeEqual(derived, Uint8Array.fromBase64(hash)) && stored !== null;
}

function derive(password: string, salt: Uint8Array, { logN, r, p }: Cost): Promise<Uint8Array> {
  // NFKC: keyboards differ in how they spell one and the same character.
  const text = password.normalize("NFKC");
  return new Promise((resolve, reject) => {
    scrypt(text, salt, HASH_BYTES, { N: 2 ** logN, r, p, maxmem: MAX_MEMORY }, (fault, key) =>
      fault instanceof Error ? reject(fault) : resolve(key),
    );
  });
}

function phcString(cost: Cost, salt: Uint8Array, hash: Uint8Array): string {
  const encode = (bytes: Uint8Array) => bytes.toBase64({ omitPadding: true });
  return `${parameters(cost)}$${encode(salt)}$${encode(hash)}`;
}

function parameters({ logN, r, p }: Cost): string {
  return `$scrypt$ln=${logN},r=${r},p=${p}`;
}

/** Stands in for the hash of a user who does not exist: all zeros, in base64 without padding. */
const DECOY = `${parameters(COST)}$${"A".repeat(22)}$${"A".repeat(43)}`;
