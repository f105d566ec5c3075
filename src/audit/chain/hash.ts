import { nodeCrypto } from "../../platform/node-crypto.ts";
import { canonicalize, type Json } from "../canonical.ts";
import type { EntryRow } from "./contract.ts";

/** What the first entry of a chain follows on. */
export const GENESIS = "0".repeat(64);

/**
 * The hash of an entry: SHA-256 over the canonical JSON of every stored value with its place and the hash of the entry
 * before. Computed synchronously, so that the chain grows in one transaction without a foreign await.
 */
export function hashOf({ hash: _hash, ...values }: Omit<EntryRow, "hash"> & { hash?: string }): string {
  const stored: Json = values;
  return nodeCrypto().createHash("sha256").update(canonicalize(stored)).digest("hex");
}
