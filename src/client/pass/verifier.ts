import {
  ItemOrder,
  isRevoked,
  type Pass,
  type PassFault,
  type PassKeySet,
  type RevokedPasses,
  verifyPass,
} from "./pass.ts";

export interface PassVerifierOptions {
  /** Origin of the Latchkey, without `/api/v1`. */
  baseUrl: string;
  /** A service's key with the scope `read`, which may read the order of items and the revoked passes. */
  key: string;
  fetch?: typeof fetch;
  /** Epoch ms. */
  now?: () => number;
}

/** Keys are used for this many seconds. A pass with an unknown key makes it fetch them again. */
const KEYS_MS = 300_000;
/** Many passes with invented keys must not cause as many requests. */
const KEYS_AGAIN_MS = 10_000;
const REVOKED_MS = 5_000;
/** At most this many passes and orders are remembered. */
const MAX_PASSES = 1_000;
const MAX_ORDERS = 100;

/** What a pass says about the items of its course. */
export interface OpenItems {
  ok: true;
  pass: Pass;
  /** Whether the learner may open an item now. Costs no I/O. */
  mayOpen(item: string): boolean;
}

/**
 * Checks passes for a file server, a CDN or another service. It fetches keys, orders and revoked passes, and remembers
 * them. A pass that was checked before costs one look-up.
 */
export class PassVerifier {
  readonly #options: PassVerifierOptions;
  readonly #passes = new Map<string, Pass>();
  readonly #orders = new Map<string, ItemOrder>();
  readonly #revoked = new Map<string, { revoked: RevokedPasses; at: number }>();
  #keys: { set: PassKeySet; at: number } | null = null;

  constructor(options: PassVerifierOptions) {
    this.#options = options;
  }

  /**
   * @param course the course of the item: its id up to the dot.
   * @throws if Latchkey does not answer and the remembered data is too old.
   */
  async verify(course: string, text: string): Promise<OpenItems | { ok: false; fault: PassFault | "revoked" }> {
    const now = this.#now();
    const name = `${course} ${text}`;
    let pass = this.#passes.get(name);
    if (pass === undefined) {
      const verified = await this.#verified(text, now);
      if (!verified.ok) return verified;
      pass = verified.pass;
      bounded(this.#passes, MAX_PASSES).set(name, pass);
    }
    if (now >= pass.validUntil) return { ok: false, fault: "over" };
    const [order, revoked] = [await this.#order(course, pass.courseVersion), await this.#revokedIn(course, now)];
    if (isRevoked(pass, revoked)) return { ok: false, fault: "revoked" };
    const known = pass;
    return { ok: true, pass, mayOpen: (item) => known.mayOpen(order, item, this.#now()) };
  }

  async #verified(text: string, now: number) {
    const keys = await this.#keySet(now, KEYS_MS);
    const verified = await verifyPass(text, keys, now);
    if (verified.ok || verified.fault !== "unknown_key") return verified;
    return verifyPass(text, await this.#keySet(now, KEYS_AGAIN_MS), now);
  }

  async #keySet(now: number, age: number): Promise<PassKeySet> {
    if (this.#keys === null || now - this.#keys.at >= age) {
      this.#keys = { set: await this.#get<PassKeySet>("/.well-known/jwks.json"), at: now };
    }
    return this.#keys.set;
  }

  async #order(course: string, version: number): Promise<ItemOrder> {
    const name = `${course}@${version}`;
    const known = this.#orders.get(name);
    if (known !== undefined) return known;
    const path = `/api/v1/courses/${encodeURIComponent(course)}/versions/${version}/items`;
    const { items } = await this.#get<{ items: string[] }>(path);
    const order = await ItemOrder.of(course, version, items);
    bounded(this.#orders, MAX_ORDERS).set(name, order);
    return order;
  }

  async #revokedIn(course: string, now: number): Promise<RevokedPasses> {
    const known = this.#revoked.get(course);
    if (known !== undefined && now - known.at < REVOKED_MS) return known.revoked;
    const path = `/api/v1/courses/${encodeURIComponent(course)}/pass/revoked`;
    const revoked = await this.#get<RevokedPasses>(path);
    bounded(this.#revoked, MAX_ORDERS).set(course, { revoked, at: now });
    return revoked;
  }

  async #get<T>(path: string): Promise<T> {
    const { baseUrl, key } = this.#options;
    // Looked up at each call, and called as a plain function, because a host may replace it.
    const send = this.#options.fetch ?? globalThis.fetch;
    const answer = await send(baseUrl.replace(/\/+$/, "") + path, { headers: { authorization: `Bearer ${key}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    // SAFETY: the API's own document declares these answers for these addresses.
    return (await answer.json()) as T;
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }
}

/** Makes room for one more: the oldest is dropped. */
function bounded<V>(map: Map<string, V>, size: number): Map<string, V> {
  const oldest = map.keys().next();
  if (map.size >= size && !oldest.done) map.delete(oldest.value);
  return map;
}
