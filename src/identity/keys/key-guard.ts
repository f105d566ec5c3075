import { z } from "zod";
import { logFault } from "../../platform/log.ts";
import { ok, type Result } from "../../platform/results.ts";
import { type KeyGrant, SCOPES } from "../../platform/scopes.ts";
import { noteKeyUse, serviceKey } from "../statements.ts";
import { KEY_REFUSED, type OpenedKey } from "./key-answers.ts";

const DAY_MS = 86_400_000;
const KEY = "key";
const CHANGING = "key_changing";

const scopesSchema = z.array(z.enum(SCOPES));
const coursesSchema = z.array(z.string());
const rowSchema = z.object({
  hash: z.string(),
  previous_hash: z.string().nullable(),
  previous_until: z.number().nullable(),
  scopes: z.string(),
  courses: z.string().nullable(),
  expires_at: z.number(),
  last_used_on: z.number().nullable(),
  revoked_at: z.number().nullable(),
});

interface StoredKey {
  hash: string;
  previous_hash: string | null;
  previous_until: number;
  grant: KeyGrant;
  expires_at: number;
  last_used_on: number;
  is_revoked: boolean;
}

/**
 * The key of one object: a copy of its row in D1, read at its first use, so that using a key reads no database. A
 * change is noted here first, then written to D1, then the copy is made again, as for a user.
 */
export class KeyGuard {
  readonly #ctx: DurableObjectState;
  readonly #db: () => D1Database;
  readonly #id: string;
  /** Copies are made one after the other: one that read D1 before a change must not replace one that read it after. */
  #copying: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, db: () => D1Database, id: string) {
    this.#ctx = ctx;
    this.#db = db;
    this.#id = id;
  }

  /** What the key with this hash allows now, or one refusal. @throws when D1 is needed and does not answer. */
  async open(hash: string, now: number): Promise<Result<OpenedKey>> {
    const { kv } = this.#ctx.storage;
    const changing = kv.get<"revoke" | "rotate">(CHANGING);
    if (changing === "revoke") return KEY_REFUSED;
    const known = kv.get<StoredKey>(KEY);
    // While it is being replaced, only D1 knows which secret is valid.
    const key = known === undefined || changing === "rotate" ? await this.#copy() : known;
    if (key === null || key.is_revoked || key.expires_at <= now) return KEY_REFUSED;
    const isCurrent = isSame(hash, key.hash);
    const isPrevious = key.previous_hash !== null && key.previous_until > now && isSame(hash, key.previous_hash);
    if (!isCurrent && !isPrevious) return KEY_REFUSED;
    this.#noteUse(key, now);
    return ok({ ...key.grant, until: isCurrent ? key.expires_at : Math.min(key.expires_at, key.previous_until) });
  }

  /** The row is about to change. A revoked key opens nothing from here on. */
  begin(change: "revoke" | "rotate"): void {
    this.#ctx.storage.kv.put(CHANGING, change);
  }

  /** The row has changed, or has not: the copy is read from D1. @throws when D1 does not answer. */
  async settle(): Promise<void> {
    await this.#copy();
    this.#ctx.storage.kv.delete(CHANGING);
  }

  #copy(): Promise<StoredKey | null> {
    const copied = this.#copying.catch(() => undefined).then(() => this.#copyNow());
    this.#copying = copied;
    return copied;
  }

  async #copyNow(): Promise<StoredKey | null> {
    const row = await serviceKey(this.#db(), this.#id).first();
    const { kv } = this.#ctx.storage;
    if (row === null) {
      kv.delete(KEY);
      return null;
    }
    const found = rowSchema.parse(row);
    const key: StoredKey = {
      hash: found.hash,
      previous_hash: found.previous_hash,
      previous_until: found.previous_until ?? 0,
      grant: {
        id: this.#id,
        scopes: scopesSchema.parse(JSON.parse(found.scopes)),
        courses: found.courses === null ? null : coursesSchema.parse(JSON.parse(found.courses)),
      },
      expires_at: found.expires_at,
      last_used_on: found.last_used_on ?? 0,
      is_revoked: found.revoked_at !== null,
    };
    kv.put(KEY, key);
    return key;
  }

  /** The day of the last use, written once a day, after the answer. It is for people who clean up, and not a count. */
  #noteUse(key: StoredKey, now: number): void {
    const today = now - (now % DAY_MS);
    if (key.last_used_on >= today) return;
    this.#ctx.storage.kv.put(KEY, { ...key, last_used_on: today });
    const noted = noteKeyUse(this.#db(), this.#id, today).run();
    this.#ctx.waitUntil(noted.catch((fault: unknown) => logFault("key_use_not_noted", fault, { key_id: this.#id })));
  }
}

/** Compares two hashes in a time that does not depend on where they differ. */
function isSame(one: string, other: string): boolean {
  const encoder = new TextEncoder();
  const [a, b] = [encoder.encode(one), encoder.encode(other)];
  return a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
}
