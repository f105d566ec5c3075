import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { type AcceptedSecrets, signingKey } from "../../platform/secrets.ts";
import { idOf, signedId } from "../../platform/signed-ids.ts";

// The state of a sign-in is signed and stands nowhere: whoever begins a thousand of them writes nothing. What is written is
// that one was used, see statements.ts. The same key signs what a page of a launch brings back.

/** Seconds between the beginning of a sign-in and its launch: people pass a sign-in page of their platform between. */
export const STATE_SECONDS = 600;

const stateSchema = z.object({
  jti: z.string().regex(/^[0-9a-f]{32}$/),
  platform: z.string(),
  /** The frame of the platform that keeps what cookies cannot; null: it offers none. */
  storage: z.string().nullable(),
});
type State = z.output<typeof stateSchema>;

/** What a browser keeps of a launch, so that only it can end what it began: in a cookie, or at the platform. */
export function keepsake(secret: string, id: string): Promise<string> {
  return signedId(secret, "lti", id, "browser");
}

/** Whether this is what the browser got when the launch of this id began. */
export async function isKeepsake(secrets: AcceptedSecrets, id: string, kept: string): Promise<boolean> {
  return (await idOf(secrets, "lti", kept, "browser")) === id;
}

/** What the platform's token has to carry: the same launch cannot be another's. */
export function nonceOf(secret: string, id: string): Promise<string> {
  return signedId(secret, "lti", id, "nonce");
}

/** Whether a nonce was made for the launch of this id. */
export async function isNonce(secrets: AcceptedSecrets, id: string, nonce: string): Promise<boolean> {
  return (await idOf(secrets, "lti", nonce, "nonce")) === id;
}

/** Signs something that comes back to us. @param use what it serves for: it serves nothing else. */
export async function signBack(
  secret: string,
  use: string,
  claims: Record<string, unknown>,
  seconds: number,
  now: number,
): Promise<string> {
  const at = Math.floor(now / 1_000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: use })
    .setIssuedAt(at)
    .setExpirationTime(at + seconds)
    .sign(await signingKey(secret, "lti"));
}

/** What {@link signBack} signed, as long as it is good; null otherwise. */
export async function readBack<T>(
  secrets: AcceptedSecrets,
  use: string,
  token: string,
  shape: z.ZodType<T>,
  now: number,
): Promise<T | null> {
  for (const secret of secrets) {
    if (secret === undefined) continue;
    try {
      const { payload } = await jwtVerify(token, await signingKey(secret, "lti"), {
        algorithms: ["HS256"],
        typ: use,
        currentDate: new Date(now),
      });
      return shape.safeParse(payload).data ?? null;
    } catch {
      // Signed with the other secret, forged, or over.
    }
  }
  return null;
}

/** Begins a launch by a platform. */
export async function newState(
  secret: string,
  platform: string,
  storage: string | null,
  now: number,
): Promise<{ id: string; state: string }> {
  const id = crypto.randomUUID().replaceAll("-", "");
  return { id, state: await signBack(secret, "lti-state", { jti: id, platform, storage }, STATE_SECONDS, now) };
}

/** The launch that a state belongs to, and its platform; null for one that is not ours, or is over. */
export function readState(secrets: AcceptedSecrets, state: string, now: number): Promise<State | null> {
  return readBack(secrets, "lti-state", state, stateSchema, now);
}
