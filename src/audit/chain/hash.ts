import { nodeCrypto } from "../../platform/node-crypto.ts";
import { canonicalize, type Json } from "../canonical.ts";
import type { EntryRow } from "./contract.ts";

/** The hash that the first entry of a chain follows. */
export const GENESIS = "0".repeat(64);

/**
 * The hash of an entry: SHA-256 over the canonical JSON of every stored value with its place and the hash of the entry
 * before. It is computed synchronously: a transaction must not wait for anything else while the chain grows.
 */
export function hashOf({ hash: _hash, ...values }: Omit<EntryRow, "hash"> & { hash?: string }): string {
  const stored: Json = values;
  return nodeCrypto().createHash("sha256").update(canonicalize(stored)).digest("hex");
}
