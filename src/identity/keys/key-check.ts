import { sha256Hex } from "../../platform/hash.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import type { KeyGrant } from "../../platform/scopes.ts";
import { callRevocations } from "../revocations-stub.ts";
import type { Sensitivity } from "../session-check.ts";
import { idOfKey } from "./format.ts";
import { KEY_OBJECT, KEY_REFUSED, type OpenedKey } from "./key-answers.ts";

/** Longest time a key is accepted without a new check, milliseconds: reads notice its end so late. */
const KEY_TTL_MS = 60_000;
/** Keys remembered per isolate, about 500 bytes each. */
const MAX_ENTRIES = 2_000;

const UNKNOWN = refuse("unavailable", { detail: "The key cannot be checked now.", retry_after: 1 });

/** Name of the object of a key's revocation. */
export function objectOfKey(id: string): string {
  return KEY_OBJECT + id;
}

/** The stored form of a key: a key is random enough for a fast hash. */
export function hashOfKey(key: string): Promise<string> {
  return sha256Hex(key);
}

/** Asks what a key allows: by default its object. */
export type AskKey = (env: Env, id: string, hash: string) => Promise<Result<OpenedKey>>;

const askKey: AskKey = (env, id, hash) => callRevocations(env, objectOfKey(id), (stub) => stub.openKey(hash));

/**
 * Decides what a key allows. Reads use this isolate's memory for up to {@link KEY_TTL_MS}; writes ask the key's object
 * each time. Neither reads a database.
 */
export class KeyCheck {
  readonly #entries = new Map<string, { grant: KeyGrant; until: number }>();
  readonly #ask: AskKey;

  constructor(ask: AskKey = askKey) {
    this.#ask = ask;
  }

  /** @returns what the key allows; `unauthenticated`; or `unavailable` when nobody knows. */
  async check(env: Env, key: string, sensitivity: Sensitivity, now: number): Promise<Result<KeyGrant>> {
    const known = this.#entries.get(key);
    if (sensitivity === "read" && known !== undefined && now < known.until) return ok(known.grant);
    const id = idOfKey(key);
    if (id === null) return KEY_REFUSED;
    const asked = await this.#ask(env, id, await hashOfKey(key));
    if (!asked.ok) {
      if (asked.refusal.code !== "unauthenticated") return UNKNOWN;
      this.#entries.delete(key);
      return KEY_REFUSED;
    }
    const { until, ...grant } = asked.value;
    this.#remember(key, grant, Math.min(until, now + KEY_TTL_MS));
    return ok(grant);
  }

  #remember(key: string, grant: KeyGrant, until: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { grant, until });
    if (this.#entries.size <= MAX_ENTRIES) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
