import { SESSION_SECONDS } from "./lifetimes.ts";

const ENDED = "ended:";
const OVER_UNTIL = "over_until";

/** Ended sessions of a user whose access tokens have not expired yet. */
export class EndedSessions {
  readonly #kv: SyncKvStorage;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  has(session: string): boolean {
    return this.#kv.get(ENDED + session) !== undefined;
  }

  /** Tokens without a session that were issued until then, epoch seconds, are no longer valid. */
  get overUntil(): number | null {
    return this.#kv.get<number>(OVER_UNTIL) ?? null;
  }

  /** Forgets sessions whose tokens have expired by now. */
  prune(now: number): void {
    for (const [key, until] of [...this.#kv.list<number>({ prefix: ENDED })]) if (until <= now) this.#kv.delete(key);
  }

  /** Called inside the object's transaction. @param everything also every token without a session. */
  add(sessions: readonly string[], everything: boolean, now: number): void {
    for (const session of sessions) this.#kv.put(ENDED + session, now + SESSION_SECONDS * 1_000);
    if (everything) this.#kv.put(OVER_UNTIL, Math.floor(now / 1_000));
  }
}
