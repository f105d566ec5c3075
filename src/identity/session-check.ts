import { logFault } from "../ops/logging.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { callGate, type Standing } from "./gate.ts";
import { ACCESS_TOKEN_SECONDS, CLOCK_TOLERANCE_SECONDS } from "./tokens.ts";

/** Longest time "the session lives" is believed without asking, milliseconds: what a read may be late by. */
export const SESSION_TTL_MS = 60_000;
/** An ended session never lives again, so that is believed as long as a token of it may last. */
const ENDED_TTL_MS = (ACCESS_TOKEN_SECONDS + CLOCK_TOLERANCE_SECONDS) * 1_000;
/** Verdicts remembered per isolate, about 200 bytes each. */
const MAX_ENTRIES = 5_000;

const SESSION_ENDED = refuse("unauthenticated", { detail: "The session has ended. Sign in again." });
const USER_ERASED = refuse("unauthenticated", { detail: "The bearer token is not valid." });
const UNKNOWN = refuse("unavailable", { detail: "Whether the session lives cannot be checked now.", retry_after: 1 });

/** What a request does decides how old a verdict on its session may be. */
export type Sensitivity = "read" | "write";

/** Asks how a token stands: by default the user's gate, see {@link callGate}. */
export type AskGate = (env: Env, user: string, session: string | null) => Promise<Result<Standing>>;

const askGate: AskGate = (env, user, session) => callGate(env, user, (stub) => stub.standing(session));

/**
 * Knows whether the session behind a verified token still lives. Reads believe this isolate's memory for up to
 * {@link SESSION_TTL_MS}; writes and what touches sessions and accounts ask the user's gate each time. No database is
 * read either way. Tokens of no session can only end by the user's erasure, after which there is nothing left to read:
 * their reads ask nothing, and their writes believe memory, so that services pay one question a minute.
 */
export class SessionCheck {
  readonly #entries = new Map<string, { standing: Standing; until: number }>();
  readonly #ask: AskGate;

  constructor(ask: AskGate = askGate) {
    this.#ask = ask;
  }

  /** @returns a refusal when the token is not to be trusted any more, or (for a write) when nobody can tell. */
  async check(
    env: Env,
    { user, session }: { user: string; session: string | null },
    sensitivity: Sensitivity,
    now: number,
  ): Promise<Result<null>> {
    if (session === null && sensitivity === "read") return ok(null);
    const key = `${user} ${session ?? ""}`;
    const known = this.#entries.get(key);
    const isFresh = known !== undefined && now < known.until;
    if (isFresh && (known.standing !== "open" || session === null || sensitivity === "read")) {
      return verdict(known.standing);
    }
    const asked = await this.#ask(env, user, session);
    if (asked.ok) {
      this.#remember(key, asked.value, now);
      return verdict(asked.value);
    }
    if (sensitivity === "write") return UNKNOWN;
    // A read goes on with what the token says: it is genuine, and lasts fifteen minutes at most.
    logFault("session_unchecked", new Error(asked.refusal.code), { user_id: user });
    return ok(null);
  }

  #remember(key: string, standing: Standing, now: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { standing, until: now + (standing === "open" ? SESSION_TTL_MS : ENDED_TTL_MS) });
    if (this.#entries.size <= MAX_ENTRIES) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}

function verdict(standing: Standing): Result<null> {
  if (standing === "open") return ok(null);
  return standing === "ended" ? SESSION_ENDED : USER_ERASED;
}
