import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { fetchPublic } from "../../platform/http/outbound.ts";
import { logEvent } from "../../platform/log.ts";
import { outside } from "./outside.ts";

// Keys of platforms, as they publish them. jose's own remote set is not used: it would fetch any address, and these are
// addresses that others chose.

const BOUNDS = { maxBytes: 200_000, timeoutMs: 5_000 };
/** A set is fetched again after so long; sooner where a token names a key that is not in it. */
const KEPT_MS = 10 * 60_000;
/** Between two fetches for keys that are not there, so that forged tokens fetch nothing. */
const PAUSE_MS = 30_000;
/** Sets an isolate remembers. */
const MOST = 200;

const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

interface Known {
  keys: JWTVerifyGetKey;
  at: number;
}
const known = new Map<string, Known>();

/** The platform's keys cannot be had right now: the launch may work later. */
export class KeysUnreachable extends Error {
  override readonly name = "KeysUnreachable";
}

async function fetched(env: Env, url: string, now: number): Promise<Known> {
  const { resolve, check } = outside(env);
  const answer = await fetchPublic(url, { accept: "application/json" }, BOUNDS, resolve, check);
  if (!answer.ok) {
    const rule = answer.refusal.errors?.[0]?.rule ?? answer.refusal.code;
    logEvent("lti_keys_unreachable", { rule });
    throw new KeysUnreachable(rule);
  }
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder().decode(answer.value));
  } catch {
    throw new KeysUnreachable("not_json");
  }
  const set = jwks.safeParse(read);
  if (!set.success) throw new KeysUnreachable("not_a_key_set");
  const found = { keys: createLocalJWKSet(set.data), at: now };
  known.delete(url);
  known.set(url, found);
  for (const oldest of known.keys()) {
    if (known.size <= MOST) break;
    known.delete(oldest);
  }
  return found;
}

/**
 * The key of a platform that a token names.
 * @throws KeysUnreachable where its keys cannot be fetched; an error of jose where none of them fits.
 */
export function keysAt(env: Env, url: string, now: number): JWTVerifyGetKey {
  return async (header, token) => {
    const kept = known.get(url);
    const set = kept === undefined || kept.at <= now - KEPT_MS ? await fetched(env, url, now) : kept;
    try {
      return await set.keys(header, token);
    } catch (fault) {
      if (!(fault instanceof errors.JWKSNoMatchingKey) || set.at > now - PAUSE_MS) throw fault;
      return (await fetched(env, url, now)).keys(header, token);
    }
  };
}
