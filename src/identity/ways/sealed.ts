import { type AcceptedSecrets, deriveKey } from "../../platform/secrets.ts";

/** Bytes of the nonce of AES-GCM (NIST SP 800-38D). */
const NONCE = 12;

async function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = await deriveKey(secret, "second-factor");
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Encrypts a secret of a user, so that reading D1 or a backup gives nobody a second factor. @returns base64url. */
export async function seal(secret: string, user: string, value: Uint8Array): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE));
  const additionalData = new TextEncoder().encode(user);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, await keyOf(secret), value);
  const whole = new Uint8Array(NONCE + sealed.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(sealed), NONCE);
  return whole.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Decrypts it with the secret of today or the one before; null when neither did it. */
export async function unseal(secrets: AcceptedSecrets, user: string, text: string): Promise<Uint8Array | null> {
  const whole = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  const additionalData = new TextEncoder().encode(user);
  for (const secret of secrets) {
    if (secret === undefined) continue;
    try {
      const iv = whole.slice(0, NONCE);
      const key = await keyOf(secret);
      return new Uint8Array(
        await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, whole.slice(NONCE)),
      );
    } catch {
      // Sealed with the other one.
    }
  }
  return null;
}
