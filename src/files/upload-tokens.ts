import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { USER_ID } from "../platform/ids.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { signingKey } from "../platform/secrets.ts";
import { UPLOAD_ADDRESS_SECONDS } from "./limits.ts";
import { fileIdSchema } from "./names.ts";

/** The type of this JWT: no other kind of JWT is accepted in its place, and it in no other's. */
const TYPE = "upload+jwt";
const ALGORITHM = "HS256";
const ISSUER = "latchkey";
const AUDIENCE = "latchkey-uploads";
/** Longest token looked at, characters. */
const MAX_LENGTH = 1_024;

/** The content of a token: it opens one pending file of one user. The row of the file has type, length and hash. */
export interface UploadToken {
  owner: string;
  file: string;
}

/** A token as it was sent. */
export interface VerifiedUploadToken extends UploadToken {
  /** Epoch seconds. */
  issued_at: number;
}

/** One answer for a forged, malformed or expired token: it does not say which. */
const REFUSED = refuse("upload_url_invalid", {
  detail: `The address is not valid. Each lasts ${UPLOAD_ADDRESS_SECONDS / 60} minutes; ask for a new one.`,
});

const claimsSchema = z.object({ sub: z.string().regex(USER_ID), jti: fileIdSchema, iat: z.int() });

/** Signs the token of an upload address. */
export async function mintUploadToken(secret: string, { owner, file }: UploadToken, now: number): Promise<string> {
  const seconds = Math.floor(now / 1_000);
  return new SignJWT()
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(owner)
    .setJti(file)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + UPLOAD_ADDRESS_SECONDS)
    .sign(await signingKey(secret, "upload-token"));
}

/** Checks everything about a token, except whether it was used: the row of the file knows that. */
export async function verifyUploadToken(
  secret: string,
  token: string,
  now: number,
): Promise<Result<VerifiedUploadToken>> {
  if (token.length > MAX_LENGTH) return REFUSED;
  const key = await signingKey(secret, "upload-token");
  const verified = await jwtVerify(token, key, {
    algorithms: [ALGORITHM],
    typ: TYPE,
    issuer: ISSUER,
    audience: AUDIENCE,
    requiredClaims: ["sub", "jti", "iat", "exp"],
    currentDate: new Date(now),
  }).catch(() => null);
  const claims = claimsSchema.safeParse(verified?.payload);
  if (!claims.success) return REFUSED;
  const { sub, jti, iat } = claims.data;
  return ok({ owner: sub, file: jti, issued_at: iat });
}
