/** Bytes of a UUID, and the two that contain its version and variant. */
const UUID_BYTES = 16;
const VERSION_BYTE = 6;
const VARIANT_BYTE = 8;

/**
 * A random UUID (version 4) in every host. `crypto.randomUUID` is missing on pages loaded over plain HTTP and in React
 * Native. The first have `getRandomValues`; the second may have neither. Ordinary randomness is enough: these ids
 * distinguish calls and devices and protect nothing.
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
