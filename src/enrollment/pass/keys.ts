import { type AcceptedSecrets, acceptedSecrets, deriveKey, type SecretBindings } from "../../platform/secrets.ts";

const KID_BYTES = 4;

/** A key that signs passes, with its public description. */
export interface PassKey {
  readonly kid: Uint8Array;
  readonly sign: CryptoKey;
  readonly verify: CryptoKey;
  /** The public half (RFC 8037). */
  readonly jwk: { kty: "OKP"; crv: "Ed25519"; x: string; kid: string; alg: "EdDSA"; use: "sig" };
}

/** The bytes before the 32 secret bytes of an Ed25519 key (RFC 8410 section 7). */
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

let known: { secrets: AcceptedSecrets; keys: readonly PassKey[] } | undefined;

/**
 * The keys of this deployment: the one of AUTH_SECRET signs, the one of AUTH_SECRET_PREVIOUS is still accepted. They
 * are derived, so nothing is stored, and they change when the secret does.
 */
export async function passKeys(env: SecretBindings): Promise<readonly [PassKey, ...PassKey[]]> {
  const secrets = acceptedSecrets(env);
  if (known?.secrets === secrets) return atLeastOne(known.keys);
  const keys: PassKey[] = [];
  for (const secret of secrets) if (secret !== undefined) keys.push(await keyOf(secret));
  known = { secrets, keys };
  return atLeastOne(keys);
}

function atLeastOne([first, ...rest]: readonly PassKey[]): readonly [PassKey, ...PassKey[]] {
  if (first === undefined) throw new Error("there is no secret");
  return [first, ...rest];
}

async function keyOf(secret: string): Promise<PassKey> {
  const seed = await deriveKey(secret, "pass");
  const encoded = new Uint8Array(PKCS8_PREFIX.length + seed.length);
  encoded.set(PKCS8_PREFIX);
  encoded.set(seed, PKCS8_PREFIX.length);
  const sign = await crypto.subtle.importKey("pkcs8", encoded, "Ed25519", true, ["sign"]);
  const exported = await crypto.subtle.exportKey("jwk", sign);
  if (exported instanceof ArrayBuffer || exported.x === undefined) throw new Error("the key has no public half");
  const { x } = exported;
  const verify = await crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x }, "Ed25519", true, ["verify"]);
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.fromBase64(x, { alphabet: "base64url" }));
  const kid = new Uint8Array(digest).slice(0, KID_BYTES);
  return { kid, sign, verify, jwk: { kty: "OKP", crv: "Ed25519", x, kid: kid.toHex(), alg: "EdDSA", use: "sig" } };
}
