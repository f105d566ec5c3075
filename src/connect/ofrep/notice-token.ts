import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { COURSE_SLUG, USER_ID } from "../../platform/ids.ts";
import { ROLES, type Role } from "../../platform/roles.ts";
import { signingKey } from "../../platform/secrets.ts";

// The address of a stream of notices is kept by the provider of a front end, which opens it again and again, and gets no
// new one while the flags are unchanged (an answer of 304 has no body). So its token lasts, unlike a stream token; all it
// opens are notices that something has changed, and only while the session lasts.

/** The address of one learner in one course stays the same for so long, milliseconds. */
const PERIOD_MS = 12 * 3_600_000;
/** It is answered for one period more: whoever got it at the end of one can use it for a whole one. */
const LIFETIME_S = (2 * PERIOD_MS) / 1_000;
const TYPE = "notices+jwt";
const ALGORITHM = "HS256";
const ISSUER = "latchkey";
const AUDIENCE = "latchkey-notices";
const MAX_LENGTH = 1_024;

/** Whom a stream of notices is for. */
export interface Listener {
  user: string;
  role: Role;
  session: string;
  course: string;
}

const claimsSchema = z.object({
  sub: z.string().regex(USER_ID),
  role: z.enum(ROLES),
  sid: z.string().min(1).max(64),
  crs: z.string().regex(COURSE_SLUG),
});

/** Number of the period: a validator that contains it makes a client ask for the next address in time. */
export const periodOf = (now: number): number => Math.floor(now / PERIOD_MS);

/** The same for the same listener within a period, so that a provider keeps its connection. */
export async function mintNoticeToken(secret: string, listener: Listener, now: number): Promise<string> {
  const begun = (periodOf(now) * PERIOD_MS) / 1_000;
  return new SignJWT({ role: listener.role, sid: listener.session, crs: listener.course })
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(listener.user)
    .setIssuedAt(begun)
    .setExpirationTime(begun + LIFETIME_S)
    .sign(await signingKey(secret, "notice-token"));
}

/** @returns null for a token that is forged, expired or none. Whether its session lasts is for the caller to ask. */
export async function verifyNoticeToken(secret: string, token: string, now: number): Promise<Listener | null> {
  if (token.length > MAX_LENGTH) return null;
  const verified = await jwtVerify(token, await signingKey(secret, "notice-token"), {
    algorithms: [ALGORITHM],
    typ: TYPE,
    issuer: ISSUER,
    audience: AUDIENCE,
    currentDate: new Date(now),
  }).catch(() => null);
  const claims = claimsSchema.safeParse(verified?.payload);
  if (!claims.success) return null;
  const { sub, role, sid, crs } = claims.data;
  return { user: sub, role, session: sid, course: crs };
}
