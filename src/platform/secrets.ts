/** Shortest accepted secret, in characters. 32 random bytes in base64url are 43. */
const MIN_SECRET_LENGTH = 32;

/**
 * Secrets from tutorials and templates, which anybody can guess. A secret that contains one, in lower case, is refused.
 */
const WELL_KNOWN = ["changeme", "change-me", "secret", "password", "latchkey", "better-auth", "example", "development"];

/** Why a secret must not be used, or null. A process with a bad AUTH_SECRET refuses to serve (see api.ts). */
export function secretDefect(secret: string | undefined, name = "AUTH_SECRET"): string | null {
  if (secret === undefined || secret === "") return `${name} is missing`;
  if (secret.length < MIN_SECRET_LENGTH) return `${name} is shorter than ${MIN_SECRET_LENGTH} characters`;
  if (new Set(secret).size < 10) return `${name} has fewer than 10 different characters`;
  const lower = secret.toLowerCase();
  if (WELL_KNOWN.some((word) => lower.includes(word))) return `${name} contains a well-known word`;
  return null;
}

/** The bindings of the Worker with the signing secrets. */
export interface SecretBindings {
  AUTH_SECRET: string;
}

/** The secrets whose signatures are accepted: the one that signs and, while it is being replaced, the one before. */
export type AcceptedSecrets = readonly [current: string, previous?: string];

let accepted: AcceptedSecrets = [""];

/**
 * The secrets of this deployment. AUTH_SECRET signs. AUTH_SECRET_PREVIOUS, if it is set, is still accepted, so that
 * replacing the secret ends no session and breaks no cursor. It is optional, so the generated Env does not have it. The
 * two are tried one after the other instead of being named in a `kid`. This costs a second HMAC only for a refused
 * caller, and tokens signed before the first replacement have no name.
 * @returns the same array as long as the secrets are the same.
 */
export function acceptedSecrets(env: SecretBindings): AcceptedSecrets {
  const current = env.AUTH_SECRET;
  const previous: unknown = Reflect.get(env, "AUTH_SECRET_PREVIOUS");
  const other = typeof previous === "string" && previous !== "" ? previous : undefined;
  if (accepted[0] !== current || accepted[1] !== other) accepted = other === undefined ? [current] : [current, other];
  return accepted;
}

/**
 * The first success of `verify` over the accepted secrets, else its last answer.
 * @param isVerified whether an answer ends the search.
 */
export async function withAnySecret<T>(
  [current, previous]: AcceptedSecrets,
  verify: (secret: string) => Promise<T>,
  isVerified: (answer: T) => boolean,
): Promise<T> {
  const answer = await verify(current);
  return previous === undefined || isVerified(answer) ? answer : verify(previous);
}

/** Purposes of derived keys; each has its own key. */
export type KeyPurpose =
  | "access-token"
  | "audit-head"
  | "audit-person"
  | "backup"
  | "cursor"
  | "invitation"
  | "lti"
  | "mail-link"
  | "notice-token"
  | "pass"
  | "passkey"
  | "pseudonym"
  | "second-factor"
  | "sign-in-step"
  | "sealed"
  | "stream-token"
  | "upload-token";

const derivedKeys = new Map<string, Uint8Array<ArrayBuffer>>();

/**
 * One key per purpose from the one secret (HKDF-SHA-256, RFC 5869), so that a cursor can never be used as a token. The
 * key itself is remembered, never a promise of it: a promise that belongs to a request whose caller has gone never
 * resolves, and everybody who waits for it would hang.
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
