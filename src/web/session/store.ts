import type { SignedIn, User } from "../api/types.ts";
import { Store } from "../lib/store.ts";

export type { User };
export type Role = User["role"];
/** What a sign-in or a renewal answers, as far as it is looked at. */
type Access = Pick<SignedIn, "access_token" | "expires_in" | "user">;

interface Kept {
  session_token: string;
  user: User;
}

type SessionState = { kind: "signed-out"; reason: "none" | "ended" } | { kind: "signed-in"; user: User };

/** The session is over: whoever wanted a token signs in again. */
export class SessionOverError extends Error {
  override readonly name = "SessionOverError";
}

const KEY = "latchkey.session";
/** An access token is renewed this long before it expires, milliseconds. */
const RENEW_AHEAD_MS = 90_000;
/** After a renewal that nobody answered, the next try comes this much later, milliseconds. */
const RENEW_RETRY_MS = 15_000;

/**
 * Who is signed in. The access token (15 minutes) lives in memory only. The session token, which buys new ones, is kept
 * where the visitor chose: in localStorage, shared by all tabs of the browser until they sign out, or in sessionStorage,
 * for this tab alone. Script of somebody else could read either, so the Content-Security-Policy lets none run; a cookie
 * would be out of its reach, and the API, which other sites call too, takes none.
 */
class Session {
  readonly state = new Store<SessionState>({ kind: "signed-out", reason: "none" });
  #kept: Kept | null = null;
  #access: { token: string; until: number } | null = null;
  #renewal: Promise<string> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Takes up the session this browser has, and follows what other tabs do with it. */
  start(): void {
    this.#adopt(readKept());
    window.addEventListener("storage", (event) => {
      if (event.key !== KEY && event.key !== null) return;
      if (this.#kept !== null && sessionStorage.getItem(KEY) !== null) return; // this tab has its own
      this.#access = null;
      this.#adopt(readKept());
    });
  }

  /** Begins a session with the answer of sign-in or sign-up. */
  begin(answer: Access & { session_token: string }, options: { keep: boolean }): void {
    const kept = { session_token: answer.session_token, user: answer.user };
    forget();
    try {
      (options.keep ? localStorage : sessionStorage).setItem(KEY, JSON.stringify(kept));
    } catch {
      // Storage may be forbidden: the session lasts as long as the page.
    }
    this.#access = null;
    this.#adopt(kept);
    this.#take(answer);
  }

  /** A token that is good for a while yet. @throws SessionOverError, or a network fault as it came. */
  async token(): Promise<string> {
    if (this.#kept === null) throw new SessionOverError("nobody is signed in");
    if (this.#access !== null && this.#access.until - RENEW_AHEAD_MS / 3 > Date.now()) return this.#access.token;
    return this.renew();
  }

  /** Exchanges the session for a new access token; callers at the same moment share one exchange. */
  renew(): Promise<string> {
    this.#renewal ??= this.#exchange().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  /** Ends the session here and, if the server can be reached, there. */
  async signOut(): Promise<void> {
    const kept = this.#kept;
    this.#end("none");
    if (kept === null) return;
    await post("/api/v1/auth/sign-out", { session_token: kept.session_token }).catch(() => null);
  }

  async #exchange(): Promise<string> {
    const kept = this.#kept;
    if (kept === null) throw new SessionOverError("nobody is signed in");
    const response = await post("/api/v1/auth/token", { session_token: kept.session_token });
    if (response.status === 401 || response.status === 403) {
      if (this.#kept === kept) this.#end("ended");
      throw new SessionOverError("the session has ended");
    }
    if (!response.ok) throw new Error(`renewing the access token: ${response.status}`);
    // SAFETY: the API's schema of this answer, and it comes from the origin this page came from.
    const access = (await response.json()) as Access;
    if (this.#kept !== kept) throw new SessionOverError("somebody else has signed in meanwhile");
    this.#take(access);
    return access.access_token;
  }

  #take(access: Access): void {
    this.#access = { token: access.access_token, until: Date.now() + access.expires_in * 1_000 };
    const { state } = this;
    const current = state.get();
    const isSame = current.kind === "signed-in" && JSON.stringify(current.user) === JSON.stringify(access.user);
    if (!isSame) state.set({ kind: "signed-in", user: access.user });
    this.#renewIn(access.expires_in * 1_000 - RENEW_AHEAD_MS);
  }

  #renewIn(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.renew().catch((fault: unknown) => {
        if (!(fault instanceof SessionOverError)) this.#renewIn(RENEW_RETRY_MS);
      });
    }, delay);
  }

  #adopt(kept: Kept | null): void {
    this.#kept = kept;
    if (kept !== null) this.state.set({ kind: "signed-in", user: kept.user });
    else this.state.set({ kind: "signed-out", reason: "none" });
    if (kept === null) clearTimeout(this.#timer);
  }

  #end(reason: "none" | "ended"): void {
    forget();
    clearTimeout(this.#timer);
    this.#kept = null;
    this.#access = null;
    this.state.set({ kind: "signed-out", reason });
  }
}

/** The session of this page. */
export const session = new Session();

function post(path: string, body: unknown): Promise<Response> {
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** This tab's own session first: it was chosen here. */
function readKept(): Kept | null {
  try {
    const text = sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
    if (text === null) return null;
    const kept: unknown = JSON.parse(text);
    if (typeof kept !== "object" || kept === null || !("session_token" in kept) || !("user" in kept)) return null;
    // SAFETY: only this module writes under its key, and the server checks the token whatever stands here.
    return kept as Kept;
  } catch {
    return null;
  }
}

function forget(): void {
  try {
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
  } catch {
    // Nothing could be stored either.
  }
}
