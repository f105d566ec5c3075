/** Shortest secret accepted, in characters. 32 random bytes in base64url are 43. */
export const MIN_SECRET_LENGTH = 32;

/** Secrets that stand in tutorials and templates; anybody can guess them. Compared in lower case, by containment. */
const WELL_KNOWN = ["changeme", "change-me", "secret", "password", "latchkey", "better-auth", "example", "development"];

/** Why a secret must not be used, or null. A process with a bad secret refuses to serve (see api.ts). */
export function secretDefect(secret: string | undefined): string | null {
  if (secret === undefined || secret === "") return "AUTH_SECRET is missing";
  if (secret.length < MIN_SECRET_LENGTH) return `AUTH_SECRET is shorter than ${MIN_SECRET_LENGTH} characters`;
  if (new Set(secret).size < 10) return "AUTH_SECRET has fewer than 10 different characters";
  const lower = secret.toLowerCase();
  if (WELL_KNOWN.some((word) => lower.includes(word))) return "AUTH_SECRET contains a well-known word";
  return null;
}

/** Purposes a key is derived for; each has its own. */
export type KeyPurpose = "access-token" | "cursor" | "pseudonym" | "stream-token" | "upload-token";

const derivedKeys = new Map<string, Uint8Array<ArrayBuffer>>();

/**
 * One key per purpose from the one secret (HKDF-SHA-256, RFC 5869), so that a cursor can never pass as a token. What is
 * remembered is the key, never a promise of it: one that belongs to a request whose caller has gone never resolves, and
 * everybody who waits for it would hang.
 * @returns 32 bytes.
 */
export async function deriveKey(secret: string, purpose: KeyPurpose): Promise<Uint8Array<ArrayBuffer>> {
  const cacheKey = `${purpose}\n${secret}`;
  const known = derivedKeys.get(cacheKey);
  if (known !== undefined) return known;
  const encoder = new TextEncoder();
  const base = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveBits"]);
  const info = encoder.encode(`latchkey/${purpose}`);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info };
  const derived = new Uint8Array(await crypto.subtle.deriveBits(hkdf, base, 256));
  derivedKeys.set(cacheKey, derived);
  return derived;
}

const signingKeys = new Map<string, CryptoKey>();

/** The same key imported for HMAC-SHA-256, once per isolate: importing costs more than signing. */
export async function signingKey(secret: string, purpose: KeyPurpose): Promise<CryptoKey> {
  const cacheKey = `${purpose}\n${secret}`;
  const known = signingKeys.get(cacheKey);
  if (known !== undefined) return known;
  const bytes = await deriveKey(secret, purpose);
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  signingKeys.set(cacheKey, key);
  return key;
}
