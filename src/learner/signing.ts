import { SignJWT } from "jose";
import { loadPassKeys } from "../enrollment/index.ts";

/**
 * Signs a credential as a JWT with the key of this deployment. (Open Badges 3.0 section 8.2: `iss`, `jti` and `nbf`
 * repeat parts of the credential.) Its key is at `/.well-known/jwks.json`, by `kid`.
 */
export async function signCredential(
  env: Env,
  credential: { id: string; validFrom: string } & Record<string, unknown>,
  issuer: string,
): Promise<string> {
  const { passKeys } = await loadPassKeys();
  const [{ sign, jwk }] = await passKeys(env);
  return new SignJWT({ ...credential })
    .setProtectedHeader({ alg: "EdDSA", typ: "JWT", kid: jwk.kid, jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x } })
    .setIssuer(issuer)
    .setJti(credential.id)
    .setNotBefore(Math.floor(Date.parse(credential.validFrom) / 1_000))
    .sign(sign);
}
