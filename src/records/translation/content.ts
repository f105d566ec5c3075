import { nodeCrypto } from "../../platform/node-crypto.ts";

/** SHA-256 of an item without its version, with its properties in the order in which they are stored. */
export function contentHash(item: object): string {
  const content = JSON.stringify({ ...item, version: undefined });
  return nodeCrypto().createHash("sha256").update(content).digest("base64url");
}
