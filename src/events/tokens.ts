import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { USER_ID } from "../platform/ids.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES, type Role } from "../platform/roles.ts";
import { signingKey } from "../platform/secrets.ts";

/** Lifetime of a stream token, seconds. It opens one stream, which may last longer. */
export const STREAM_TOKEN_SECONDS = 60;
/** The type of this JWT: no other kind of JWT is accepted in its place, and it in no other's. */
const TYPE = "sse+jwt";
const ALGORITHM = "HS256";
const ISSUER = "latchkey";
const AUDIENCE = "latchkey-events";
/** Longest token that is read, characters: topics take up to a thousand of its claims. */
const MAX_LENGTH = 3_072;

export interface StreamToken {
  user: string;
  role: Role;
  session: string | null;
  /** Topics of the stream, and when their rights were checked, epoch ms. */
  topics: string[];
  asked_at: number;
  /** What the user's channel stores of a used token. */
  id: string;
  /** Epoch seconds. */
  issued_at: number;
  /** Epoch milliseconds. */
  expires_at: number;
}

/** One answer for a missing, forged, expired or used token: it does not say which. */
export const STREAM_TOKEN_REFUSED = refuse("unauthenticated", {
  detail: "The stream token is not valid. Each opens one stream within 60 s of being issued; ask for a new one.",
});

const claimsSchema = z.object({
  sub: z.string().regex(USER_ID),
  role: z.enum(ROLES),
  sid: z.string().min(1).max(64).optional(),
  top: z.array(z.string()).default([]),
  asked: z.number().default(0),
  jti: z.uuid(),
  exp: z.number().int(),
});

/** Signs a token that opens one stream of `user`. */
export async function mintStreamToken(
  secret: string,
  { user, role, session, topics, asked_at }: Pick<StreamToken, "user" | "role" | "session" | "topics" | "asked_at">,
  now: number,
): Promise<string> {
  const seconds = Math.floor(now / 1_000);
  const claims = {
    role,
    ...(session === null ? {} : { sid: session }),
    ...(topics.length === 0 ? {} : { top: topics, asked: asked_at }),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(user)
    .setJti(crypto.randomUUID())
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + STREAM_TOKEN_SECONDS)
    .sign(await signingKey(secret, "stream-token"));
}

/** Checks everything about a token, except whether it was used: its user's channel knows that. */
export async function verifyStreamToken(secret: string, token: string, now: number): Promise<Result<StreamToken>> {
  if (token.length > MAX_LENGTH) return STREAM_TOKEN_REFUSED;
  const key = await signingKey(secret, "stream-token");
  const verified = await jwtVerify(token, key, {
    algorithms: [ALGORITHM],
    typ: TYPE,
    issuer: ISSUER,
    audience: AUDIENCE,
    currentDate: new Date(now),
  }).catch(() => null);
  const claims = claimsSchema.safeParse(verified?.payload);
  if (!claims.success) return STREAM_TOKEN_REFUSED;
  const { sub, role, sid, top, asked, jti, exp } = claims.data;
  return ok({
    user: sub,
    role,
    session: sid ?? null,
    topics: top,
    asked_at: asked,
    id: jti,
    issued_at: exp - STREAM_TOKEN_SECONDS,
    expires_at: exp * 1_000,
  });
}
