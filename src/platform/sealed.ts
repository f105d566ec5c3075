import { type AcceptedSecrets, deriveKey } from "./secrets.ts";

// Secrets of other systems that must be used again (such as a token for somebody's server), so a hash is not enough.
// They are stored encrypted with AES-256-GCM under a key that is derived from AUTH_SECRET. Each names its key, so that
// AUTH_SECRET can be replaced: secrets sealed with the previous key still open, and are sealed again when they are next
// written.

/** Bytes of the random start value (NIST SP 800-38D, section 8.2.2). */
const IV_BYTES = 12;
/** Hex digits of a key's name: enough to tell two keys apart, too few to reveal anything about one. */
const NAME_DIGITS = 8;
const SEALED = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const base64 = { alphabet: "base64url", omitPadding: true } as const;

async function keyOf(secret: string): Promise<{ name: string; key: CryptoKey }> {
  const bytes = await deriveKey(secret, "sealed");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const name = digest.toHex().slice(0, NAME_DIGITS);
  return { name, key: await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]) };
}

/**
 * @param place what the text belongs to, such as `roster algorithms nightly`: it opens nowhere else.
 * @returns `v1.<name of the key>.<start value>.<encrypted>`.
 */
export async function seal([current]: AcceptedSecrets, place: string, text: string): Promise<string> {
  const { name, key } = await keyOf(current);
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const additionalData = new TextEncoder().encode(place);
  const encrypted = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData },
    key,
    new TextEncoder().encode(text),
  );
  return `v1.${name}.${iv.toBase64(base64)}.${new Uint8Array(encrypted).toBase64(base64)}`;
}

/** @returns the text, and whether it should be sealed again; null if no accepted key opens it, or it was changed. */
export async function unseal(
  secrets: AcceptedSecrets,
  place: string,
  sealed: string,
): Promise<{ text: string; isOld: boolean } | null> {
  const [, wanted, iv, encrypted] = SEALED.exec(sealed) ?? [];
  if (wanted === undefined || iv === undefined || encrypted === undefined) return null;
  for (const [index, secret] of secrets.entries()) {
    if (secret === undefined) continue;
    const { name, key } = await keyOf(secret);
    if (name !== wanted) continue;
    try {
      const options = {
        name: "AES-GCM",
        iv: Uint8Array.fromBase64(iv, { alphabet: "base64url" }),
        additionalData: new TextEncoder().encode(place),
      };
      const bytes = await crypto.subtle.decrypt(
        options,
        key,
        Uint8Array.fromBase64(encrypted, { alphabet: "base64url" }),
      );
      return { text: new TextDecoder().decode(bytes), isOld: index > 0 };
    } catch {
      return null;
    }
  }
  return null;
}
