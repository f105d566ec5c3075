import { exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT } from "jose";
import { z } from "zod";
import { directory } from "../../platform/database/shards.ts";
import { DAY_MS } from "../../platform/instants.ts";
import { logEvent } from "../../platform/log.ts";
import { seal, unseal } from "../../platform/sealed.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { outlived, signingOf } from "./key-age.ts";
import { addKey, dropKey, everyKey, sealKeyAgain } from "./statements/keys.ts";
import { type KeyRow, keyRow } from "./tables.ts";

// The tool's own keys. All are published; see key-age.ts for which one signs.

const ROTATE_MS = 90 * DAY_MS;
/** The one algorithm that every platform takes (IMS Security Framework 1.0, section 5.1.3). */
const ALGORITHM = "RS256";

const placeOf = (kid: string) => `lti key ${kid}`;
const jwkSchema = z.looseObject({ kty: z.literal("RSA"), n: z.string(), e: z.string() });

async function keysOf(env: Env): Promise<KeyRow[]> {
  const { results } = await everyKey(directory(env)).all();
  return z
    .array(keyRow)
    .parse(results)
    .sort((a, b) => b.created_at - a.created_at || a.kid.localeCompare(b.kid));
}

/** A new key, to be written; of two that are made at once, one is. */
async function newKey(env: Env, newest: number, now: number): Promise<D1PreparedStatement> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { modulusLength: 2_048, extractable: true });
  const kid = crypto.randomUUID();
  const jwk = JSON.stringify({ ...(await exportJWK(publicKey)), kid, alg: ALGORITHM, use: "sig" });
  const sealed = await seal(acceptedSecrets(env), placeOf(kid), JSON.stringify(await exportJWK(privateKey)));
  return addKey(directory(env), kid, jwk, sealed, now, newest);
}

async function makeKey(env: Env, newest: number, now: number): Promise<void> {
  await (await newKey(env, newest, now)).run();
}

/** The public keys, for platforms; the first one is made when they are first asked for. */
export async function publicKeys(env: Env, now: number): Promise<{ keys: unknown[] }> {
  let keys = await keysOf(env);
  if (keys.length === 0) {
    await makeKey(env, 0, now);
    keys = await keysOf(env);
  }
  return { keys: keys.map(({ public_key }): unknown => JSON.parse(public_key)) };
}

/** Ages of the keys for operators, newest first. */
export async function keyStates(env: Env, now: number): Promise<{ kid: string; created_at: number; signs: boolean }[]> {
  const keys = await keysOf(env);
  const signing = signingOf(keys, now);
  return keys.map(({ kid, created_at }) => ({ kid, created_at, signs: kid === signing?.kid }));
}

/**
 * Publishes another key, which signs from tomorrow.
 * @returns what writes it; null where one waits already.
 */
export async function anotherKey(env: Env, now: number): Promise<D1PreparedStatement | null> {
  const keys = await keysOf(env);
  const [newest] = keys;
  return newest !== undefined && newest.kid !== signingOf(keys, now)?.kid
    ? null
    : newKey(env, newest?.created_at ?? 0, now);
}

/**
 * Takes a key away at once: it is published no more, and signs nothing more. Where it was the only one, another one is made,
 * which signs at once.
 * @returns what writes that, for one transaction; null where there is no such key.
 */
export async function withoutKey(env: Env, kid: string, now: number): Promise<D1PreparedStatement[] | null> {
  const keys = await keysOf(env);
  if (!keys.some((key) => key.kid === kid)) return null;
  const next = keys.length > 1 ? [] : [await newKey(env, keys[0]?.created_at ?? 0, now)];
  return [...next, dropKey(directory(env), kid)];
}

/** Signs as the tool. @throws where no accepted AUTH_SECRET opens the key: a new key is needed then. */
export async function signAsTool(env: Env, claims: JWTPayload, seconds: number, now: number): Promise<string> {
  let keys = await keysOf(env);
  if (keys.length === 0) {
    await makeKey(env, 0, now);
    keys = await keysOf(env);
  }
  const signing = signingOf(keys, now);
  const opened =
    signing === undefined ? null : await unseal(acceptedSecrets(env), placeOf(signing.kid), signing.private_key);
  if (signing === undefined || opened === null) throw new Error("the tool's key cannot be opened: rotate it");
  const key = await importJWK(jwkSchema.parse(JSON.parse(opened.text)), ALGORITHM);
  const at = Math.floor(now / 1_000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, kid: signing.kid, typ: "JWT" })
    .setIssuedAt(at)
    .setExpirationTime(at + seconds)
    .sign(key);
}

/** Nightly, where there is a key: makes one every 90 days, drops what is outlived, seals again what an old secret sealed. */
export async function tendKeys(env: Env, now: number): Promise<void> {
  const keys = await keysOf(env);
  const [newest] = keys;
  if (newest === undefined) return;
  if (newest.created_at <= now - ROTATE_MS) {
    await makeKey(env, newest.created_at, now);
    logEvent("lti_key_rotated");
  }
  const db = directory(env);
  for (const { kid } of outlived(keys, now)) await dropKey(db, kid).run();
  for (const { kid, private_key } of keys) {
    const opened = await unseal(acceptedSecrets(env), placeOf(kid), private_key);
    if (opened?.isOld !== true) continue;
    const sealed = await seal(acceptedSecrets(env), placeOf(kid), opened.text);
    await sealKeyAgain(db, kid, sealed, private_key).run();
  }
}
