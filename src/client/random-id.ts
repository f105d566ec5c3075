/** Bytes of a UUID, and the two that say which kind it is. */
const UUID_BYTES = 16;
const VERSION_BYTE = 6;
const VARIANT_BYTE = 8;

/**
 * A random UUID (version 4), wherever we run. `crypto.randomUUID` is missing on pages that came over plain HTTP and in
 * React Native; `getRandomValues` is there on the first, and neither may be in the second. Chance as such is enough: these
 * ids keep calls and devices apart and protect nothing.
 */
export function randomId(): string {
  const source: Partial<Crypto> | undefined = globalThis.crypto;
  if (typeof source?.randomUUID === "function") return source.randomUUID();
  const bytes = new Uint8Array(UUID_BYTES);
  if (typeof source?.getRandomValues === "function") source.getRandomValues(bytes);
  else
    bytes.forEach((_, at) => {
      bytes[at] = Math.floor(Math.random() * 256);
    });
  bytes[VERSION_BYTE] = ((bytes[VERSION_BYTE] ?? 0) & 0x0f) | 0x40;
  bytes[VARIANT_BYTE] = ((bytes[VARIANT_BYTE] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
