import { type AcceptedSecrets, signingKey, withAnySecret } from "../platform/secrets.ts";

// What an invitation's link says: the id of the invitation, signed. So a guessed one is refused without asking D1, and
// nothing that is stored opens a course.

/** Bytes of a signature that are kept: 128 bits are beyond guessing. */
const SIGNATURE_BYTES = 16;
const TOKEN = /^([0-9a-f]{32})\.([A-Za-z0-9_-]{22})$/;
/** Characters of a token, at most. */
export const MAX_TOKEN = 60;

async function sign(secret: string, id: string): Promise<Uint8Array> {
  const key = await signingKey(secret, "invitation");
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(id))).slice(0, SIGNATURE_BYTES);
}

export async function tokenFor(secret: string, id: string): Promise<string> {
  return `${id}.${(await sign(secret, id)).toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

/** The invitation a token stands for; null for one that was not made here. */
export async function invitationIn(secrets: AcceptedSecrets, token: string): Promise<string | null> {
  const [, id, signature] = TOKEN.exec(token) ?? [];
  if (id === undefined || signature === undefined) return null;
  const given = Uint8Array.fromBase64(signature, { alphabet: "base64url", lastChunkHandling: "loose" });
  if (given.byteLength !== SIGNATURE_BYTES) return null;
  const isGenuine = await withAnySecret(
    secrets,
    async (secret) => crypto.subtle.timingSafeEqual(given, await sign(secret, id)),
    (equal) => equal,
  );
  return isGenuine ? id : null;
}
