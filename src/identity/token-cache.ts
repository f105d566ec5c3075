import type { AcceptedSecrets } from "../platform/secrets.ts";
import type { VerifiedToken } from "./tokens.ts";

/** Tokens remembered per isolate. An entry is about 1 KB, so the cache stays near 2 MB of the isolate's 128 MB. */
const MAX_ENTRIES = 2_000;
/** Longest time a verdict is reused, seconds: a rotated signing key of another provider takes effect this fast. */
const MAX_AGE_SECONDS = 300;

interface Entry {
  token: VerifiedToken;
  until: number;
}

/**
 * Verified tokens of this isolate, least recently used first, so that a client's second request costs a look-up and no
 * signature check. Holds positive verdicts only: refused tokens are an attacker's choice and must not push others out.
 */
export class TokenCache {
  readonly #entries = new Map<string, Entry>();
  #secrets: AcceptedSecrets | null = null;

  get size(): number {
    return this.#entries.size;
  }

  /** The verdict on `token` under `secrets`, if it still stands at `nowSeconds`. */
  get(secrets: AcceptedSecrets, token: string, nowSeconds: number): VerifiedToken | null {
    this.#keepOnlyFor(secrets);
    const entry = this.#entries.get(token);
    if (entry === undefined) return null;
    this.#entries.delete(token);
    if (nowSeconds >= entry.until) return null;
    this.#entries.set(token, entry);
    return entry.token;
  }

  set(secrets: AcceptedSecrets, token: string, verified: VerifiedToken, nowSeconds: number): void {
    this.#keepOnlyFor(secrets);
    this.#entries.delete(token);
    this.#entries.set(token, { token: verified, until: Math.min(verified.expiresAt, nowSeconds + MAX_AGE_SECONDS) });
    if (this.#entries.size <= MAX_ENTRIES) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }

  /** A verdict reached under other secrets means nothing. */
  #keepOnlyFor(secrets: AcceptedSecrets): void {
    if (secrets === this.#secrets) return;
    this.#entries.clear();
    this.#secrets = secrets;
  }
}
