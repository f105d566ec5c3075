import type { SignedIn } from "./api-types.ts";
import { createClient } from "./create-client.ts";
import type { Result } from "./rest/result.ts";
import { defaultStorage, type KeyValueStorage } from "./stream/cursor-store.ts";
import type { GetToken } from "./token.ts";

const KEY = "latchkey.session";
/** An access token is renewed this long before it expires, milliseconds. */
const RENEW_AHEAD_MS = 60_000;

export type SessionUser = SignedIn["user"];

export interface SessionOptions {
  /** Origin of the API, without `/api/v1`. */
  baseUrl: string;
  /** Storage for the session across reloads; default `localStorage`. Use `sessionStorage` for a single tab. */
  storage?: KeyValueStorage;
  fetch?: typeof fetch;
  /** Epoch milliseconds; for tests. */
  now?: () => number;
}

interface Kept {
  token: string;
  user: SessionUser;
}

/**
 * The signed-in user. It signs in and out, and gives access tokens to `createClient` and `EventStream`. An access token
 * lives for 15 minutes, only in memory. The session's own token, which gets new access tokens, is kept in `storage`.
 */
export class Session {
  readonly #client;
  readonly #storage: KeyValueStorage;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #kept: Kept | null;
  #access: { token: string; until: number } | null = null;
  #renewal: Promise<string | null> | null = null;

  constructor({ baseUrl, storage = defaultStorage(), fetch, now = Date.now }: SessionOptions) {
    this.#client = createClient({ baseUrl, getToken: () => null, ...(fetch && { fetch }) });
    this.#storage = storage;
    this.#now = now;
    this.#kept = this.#read();
  }

  /**
   * Null: nobody is signed in. It stays the same object for the same user, so that `useSyncExternalStore` can use it.
   */
  readonly user = (): SessionUser | null => this.#kept?.user ?? null;

  /** Calls back when somebody signs in or out, or the session ends. @returns a function that unsubscribes. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** For `createClient` and `EventStream`: a token that stays valid for a while; null if nobody is signed in. */
  readonly getToken: GetToken = async (options) => {
    if (this.#kept === null) return null;
    const isGood = this.#access !== null && this.#access.until - RENEW_AHEAD_MS > this.#now();
    if (isGood && options?.refresh !== true) return this.#access?.token ?? null;
    // Simultaneous calls share one renewal.
    this.#renewal ??= this.#renew(this.#kept).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  };

  /** Signs in by e-mail address and password. */
  async signIn(email: string, password: string): Promise<Result<SessionUser>> {
    return this.#begin(await this.#client.post("/api/v1/auth/sign-in", { body: { email, password } }));
  }

  /**
   * Makes an account and signs in with it. If the account exists already, this is not revealed: only the sign-in fails.
   */
  async signUp(name: string, email: string, password: string): Promise<Result<SessionUser>> {
    const made = await this.#client.post("/api/v1/auth/sign-up", { body: { name, email, password } });
    return made.ok ? this.signIn(email, password) : made;
  }

  /** Ends the session here and, if the server can be reached, on the server. */
  async signOut(): Promise<void> {
    const kept = this.#kept;
    this.#end();
    if (kept !== null) await this.#client.post("/api/v1/auth/sign-out", { body: { session_token: kept.token } });
  }

  #begin(answer: Result<SignedIn>): Result<SessionUser> {
    if (!answer.ok) return answer;
    const { session_token, user, access_token, expires_in } = answer.value;
    this.#kept = { token: session_token, user };
    this.#access = { token: access_token, until: this.#now() + expires_in * 1_000 };
    try {
      this.#storage.setItem(KEY, JSON.stringify(this.#kept));
    } catch {
      // Storage is full or forbidden: the session lasts as long as the page.
    }
    this.#tell();
    return { ...answer, value: user };
  }

  async #renew(kept: Kept): Promise<string | null> {
    const answer = await this.#client.post("/api/v1/auth/token", { body: { session_token: kept.token } });
    // Another user has signed in by now, or nobody is signed in any more.
    if (this.#kept !== kept) return this.#access?.token ?? null;
    if (answer.ok) {
      const { access_token, expires_in } = answer.value;
      this.#access = { token: access_token, until: this.#now() + expires_in * 1_000 };
      return access_token;
    }
    // Refused: the session is over. Any other fault, such as a lost network, may pass.
    if (answer.problem.status === 401 || answer.problem.status === 403) this.#end();
    return null;
  }

  #end(): void {
    this.#kept = null;
    this.#access = null;
    try {
      this.#storage.removeItem(KEY);
    } catch {
      // Nothing could be stored either.
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #read(): Kept | null {
    try {
      const kept: unknown = JSON.parse(this.#storage.getItem(KEY) ?? "null");
      if (typeof kept !== "object" || kept === null || !("token" in kept) || !("user" in kept)) return null;
      // SAFETY: only this class writes under its key, and the server checks the token in any case.
      return kept as Kept;
    } catch {
      return null;
    }
  }
}
