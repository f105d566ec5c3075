import { type AcceptedSecrets, type KeyPurpose, signingKey, withAnySecret } from "./secrets.ts";

// An id that is signed for one purpose. It is used in links and by browsers. A guessed one is refused without a query
// of D1, and no stored value is enough to make one.

/** Bytes of a signature that are kept: 128 bits cannot be guessed. */
const SIGNATURE_BYTES = 16;
const TOKEN = /^([0-9a-f]{32})\.([A-Za-z0-9_-]{22})$/;
/** The limit of characters in a token. */
export const MAX_TOKEN = 60;

async function sign(secret: string, purpose: KeyPurpose, id: string, context: string): Promise<Uint8Array> {
  const key = await signingKey(secret, purpose);
  const text = context === "" ? id : `${id} ${context}`;
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text))).slice(
    0,
    SIGNATURE_BYTES,
  );
}

/**
 * The token of an id of 32 hex digits.
 * @param context the person or thing that it is bound to; reading it needs the same context.
 */
export async function signedId(secret: string, purpose: KeyPurpose, id: string, context = ""): Promise<string> {
  const signature = await sign(secret, purpose, id, context);
  return `${id}.${signature.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

/** The id in a token; null if the token was not made here for this purpose. */
export async function idOf(
  secrets: AcceptedSecrets,
  purpose: KeyPurpose,
  token: string,
  context = "",
): Promise<string | null> {
  const [, id, signature] = TOKEN.exec(token) ?? [];
  if (id === undefined || signature === undefined) return null;
  const given = Uint8Array.fromBase64(signature, { alphabet: "base64url", lastChunkHandling: "loose" });
  if (given.byteLength !== SIGNATURE_BYTES) return null;
  const isGenuine = await withAnySecret(
    secrets,
    async (secret) => crypto.subtle.timingSafeEqual(given, await sign(secret, purpose, id, context)),
    (equal) => equal,
  );
  return isGenuine ? id : null;
}
