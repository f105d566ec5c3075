import { z } from "@hono/zod-openapi";
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { logEvent } from "../../platform/log.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { idOf, signedId } from "../../platform/signed-ids.ts";
import { newId, type UserRow } from "../library.ts";
import type { Deps } from "../sessions.ts";
import { readUser } from "../users.ts";
import { type addPasskeyBody, optionsView, type passkeySignInBody } from "./schemas.ts";
import { addPasskey, notePasskeyUse, passkeyBy, passkeysOf, reserveChallenge } from "./statements.ts";

// WebAuthn Level 3, by the library that better-auth's passkey plugin is made of. The plugin itself brings endpoints and
// cookies, which are not here.

/** What a password manager shows as the site's name. */
const SITE = "Latchkey";
/** How long a browser has to answer, milliseconds. */
const LIFE_MS = 300_000;
/** Passkeys of one user. */
const MOST_PASSKEYS = 20;
/** ES256, EdDSA and RS256: what every authenticator has one of. */
const ALGORITHMS = [-7, -8, -257];

const stored = z.object({
  id: z.string(),
  user_id: z.string(),
  name: z.string(),
  credential_id: z.string(),
  public_key: z.string(),
  counter: z.int(),
  transports: z.string(),
  backed_up: z.int(),
  created_at: z.int(),
  last_used_at: z.int().nullable(),
});
type Passkey = z.infer<typeof stored>;

const BASE64URL = { alphabet: "base64url", omitPadding: true } as const;
const CHALLENGE_INVALID = refuse("link_invalid");
const NOT_ACCEPTED = refuse("passkey_refused");

/** The passkeys of a user, the oldest first. */
async function storedPasskeys(env: Env, user: string): Promise<Passkey[]> {
  const { results } = await passkeysOf(directory(env), user).all();
  return results.map((row) => stored.parse(row));
}

/**
 * A challenge is an id that says when it ends, signed: nothing is stored until it is used, so that asking for many fills
 * no table. @param user whom it is bound to; empty: anybody.
 */
async function newChallenge(env: Env, user: string, now: number) {
  const ends = Math.floor((now + LIFE_MS) / 1_000)
    .toString(16)
    .padStart(8, "0");
  const id = `${ends}${newId().slice(8)}`;
  return { id, token: await signedId(env.AUTH_SECRET, "passkey", id, user) };
}

async function challengeIn(env: Env, token: string, user: string, now: number): Promise<string | null> {
  const id = await idOf(acceptedSecrets(env), "passkey", token, user);
  return id !== null && Number.parseInt(id.slice(0, 8), 16) * 1_000 > now ? id : null;
}

/** As the browser sends it back. */
const asSent = (id: string) => asBytes(id).toBase64(BASE64URL);

function asBytes(id: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(id));
}

/** Each challenge is answered once. */
async function spend(env: Env, id: string, user: string, now: number): Promise<boolean> {
  const used = await reserveChallenge(directory(env), id, user, now, now + 2 * LIFE_MS).run();
  return used.meta.changes === 1;
}

function partyOf(env: Env, url: string): { origin: string; rpID: string } | null {
  const origin = publicOrigin(env, url);
  return origin === null ? null : { origin, rpID: new URL(origin).hostname };
}

const UNPLACED = refuse("not_enabled", { detail: "Passkeys need the variable PUBLIC_URL." });

/** What a browser needs to make a passkey for a user. */
export async function registrationOptions({ env, now }: Deps, user: UserRow, url: string) {
  const party = partyOf(env, url);
  if (party === null) return UNPLACED;
  const { id, token } = await newChallenge(env, user.id, now.getTime());
  const known = await storedPasskeys(env, user.id);
  const handle = await sha256Hex(`passkey ${user.id}`);
  const options = await generateRegistrationOptions({
    rpName: SITE,
    rpID: party.rpID,
    userName: user.email,
    userDisplayName: user.name,
    // It may be read by whoever holds the authenticator, so it says nothing of the user.
    userID: Uint8Array.fromHex(handle),
    challenge: asBytes(id),
    timeout: LIFE_MS,
    attestationType: "none",
    excludeCredentials: known.map(({ credential_id }) => ({ id: credential_id })),
    // Found without a name typed first, and opened by a finger, a face or a PIN: so a passkey is two factors.
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    supportedAlgorithmIDs: ALGORITHMS,
  });
  return ok({ challenge: token, options: asJson(options) });
}

/** Options as they go over the wire: without what is undefined. */
function asJson(options: object): z.infer<typeof optionsView>["options"] {
  return optionsView.shape.options.parse(JSON.parse(JSON.stringify(options)));
}

/** Adds a passkey that a browser has made. */
export async function registerPasskey(
  { env, now }: Deps,
  user: string,
  given: z.infer<typeof addPasskeyBody>,
  url: string,
): Promise<Result<{ id: string; name: string }>> {
  const at = now.getTime();
  const party = partyOf(env, url);
  if (party === null) return UNPLACED;
  const id = await challengeIn(env, given.challenge, user, at);
  if (id === null) return CHALLENGE_INVALID;
  const { id: credentialId, rawId, type, clientExtensionResults, response } = given.credential;
  const { clientDataJSON, attestationObject, transports = [] } = response;
  const verified = await verifyRegistrationResponse({
    response: {
      id: credentialId,
      rawId,
      type,
      clientExtensionResults,
      response: { clientDataJSON, attestationObject, transports },
    },
    expectedChallenge: asSent(id),
    expectedOrigin: party.origin,
    expectedRPID: party.rpID,
    requireUserVerification: true,
    supportedAlgorithmIDs: ALGORITHMS,
  }).catch(refused);
  if (verified === null || !verified.verified) return NOT_ACCEPTED;
  if (!(await spend(env, id, user, at))) return CHALLENGE_INVALID;
  const { credential, credentialBackedUp } = verified.registrationInfo;
  const passkey = newId();
  const added = await addPasskey(
    directory(env),
    passkey,
    user,
    given.name,
    credential.id,
    credential.publicKey.toBase64(BASE64URL),
    credential.counter,
    JSON.stringify((credential.transports ?? []).slice(0, 10)),
    credentialBackedUp ? 1 : 0,
    at,
    MOST_PASSKEYS,
  ).run();
  if (added.meta.changes === 0) {
    return refuse("passkey_refused", { detail: `It is known already, or you have ${MOST_PASSKEYS}.` });
  }
  return ok({ id: passkey, name: given.name });
}

/** What a browser needs to sign in with any of its passkeys for this site. */
export async function signInOptions({ env, now }: Deps, url: string) {
  const party = partyOf(env, url);
  if (party === null) return UNPLACED;
  const { id, token } = await newChallenge(env, "", now.getTime());
  const options = await generateAuthenticationOptions({
    rpID: party.rpID,
    challenge: asBytes(id),
    timeout: LIFE_MS,
    userVerification: "required",
  });
  return ok({ challenge: token, options: asJson(options) });
}

/** The user of a passkey that a browser presents; `user` also says whose it is when it is refused. */
export async function checkPasskey(
  { env, db, now }: Deps,
  given: z.infer<typeof passkeySignInBody>,
  url: string,
  admit: (user: string) => Promise<Result<unknown>>,
): Promise<{ user: string | null; answer: Result<UserRow> }> {
  const at = now.getTime();
  const party = partyOf(env, url);
  if (party === null) return { user: null, answer: UNPLACED };
  const id = await challengeIn(env, given.challenge, "", at);
  if (id === null) return { user: null, answer: CHALLENGE_INVALID };
  const found = await passkeyBy(directory(env), given.credential.id).first();
  if (found === null) return { user: null, answer: NOT_ACCEPTED };
  const passkey = stored.parse(found);
  const user = passkey.user_id;
  const admitted = await admit(user);
  if (!admitted.ok) return { user, answer: admitted };
  const { id: credentialId, rawId, type, clientExtensionResults, response } = given.credential;
  const { clientDataJSON, authenticatorData, signature } = response;
  const verified = await verifyAuthenticationResponse({
    response: {
      id: credentialId,
      rawId,
      type,
      clientExtensionResults,
      response: { clientDataJSON, authenticatorData, signature },
    },
    expectedChallenge: asSent(id),
    expectedOrigin: party.origin,
    expectedRPID: party.rpID,
    requireUserVerification: true,
    credential: {
      id: passkey.credential_id,
      publicKey: Uint8Array.fromBase64(passkey.public_key, { alphabet: "base64url" }),
      counter: passkey.counter,
    },
  }).catch(refused);
  if (verified === null || !verified.verified) return { user, answer: NOT_ACCEPTED };
  if (!(await spend(env, id, user, at))) return { user, answer: CHALLENGE_INVALID };
  const { newCounter, credentialBackedUp } = verified.authenticationInfo;
  await notePasskeyUse(directory(env), passkey.id, newCounter, credentialBackedUp ? 1 : 0, at).run();
  return { user, answer: await readUser(db, user) };
}

/** The library throws for everything that is not as it should be; why is for the log. */
function refused(fault: unknown): null {
  logEvent("passkey_refused", { why: fault instanceof Error ? fault.message.slice(0, 200) : "unknown" });
  return null;
}
