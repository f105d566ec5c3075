import { nodeCrypto } from "../platform/node-crypto.ts";
import { acceptedSecrets, deriveKey } from "../platform/secrets.ts";
import { canonicalize, type Json } from "./canonical.ts";

/** Hex digits of a key's hash that name it. */
const KEY_ID_LENGTH = 16;

/** A signing key and its name; the name says nothing about the key. */
interface AuditKey {
  kid: string;
  key: Uint8Array<ArrayBuffer>;
}

export interface AuditKeys {
  current: AuditKey;
  /** Every key whose signatures are accepted, by its name. */
  known: ReadonlyMap<string, AuditKey>;
}

/**
 * The keys of this deployment: the one of AUTH_SECRET signs; those of AUTH_SECRET_PREVIOUS and of every secret before it,
 * listed in the optional secret AUDIT_FORMER_SECRETS (separated by spaces), are still accepted: heads outlive secrets.
 */
export async function auditKeys(env: Env): Promise<AuditKeys> {
  const current = await keyOf(env.AUTH_SECRET);
  const listed: unknown = Reflect.get(env, "AUDIT_FORMER_SECRETS");
  const former = typeof listed === "string" ? listed.split(" ").filter(Boolean) : [];
  const known = new Map([[current.kid, current]]);
  for (const secret of [...acceptedSecrets(env).slice(1), ...former]) {
    if (secret === undefined) continue;
    const key = await keyOf(secret);
    known.set(key.kid, key);
  }
  return { current, known };
}

async function keyOf(secret: string): Promise<AuditKey> {
  const key = await deriveKey(secret, "audit-head");
  return { kid: nodeCrypto().createHash("sha256").update(key).digest("hex").slice(0, KEY_ID_LENGTH), key };
}

/** Signs a statement with the current key. */
export function signed<T extends { [name: string]: Json }>(
  { current }: AuditKeys,
  statement: T,
): T & { kid: string; signature: string } {
  const named = { ...statement, kid: current.kid };
  return { ...named, signature: signatureOf(current.key, named) };
}

/** The reason why a statement is not accepted; null if it is. */
export function defectOf({ known }: AuditKeys, statement: { kid: string; signature: string }): string | null {
  const key = known.get(statement.kid);
  if (key === undefined) return `signed with the unknown key ${statement.kid.slice(0, KEY_ID_LENGTH)}`;
  const { signature, ...rest } = statement;
  return signatureOf(key.key, rest) === signature ? null : "the signature does not match";
}

function signatureOf(key: Uint8Array, statement: { readonly [name: string]: Json }): string {
  return nodeCrypto().createHmac("sha256", key).update(canonicalize(statement)).digest("hex");
}
