import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { Role } from "../platform/roles.ts";
import { askStanding } from "./revocations-stub.ts";
import type { Presented, Standing, Verdict } from "./standing.ts";
import { ACCESS_TOKEN_SECONDS, CLOCK_TOLERANCE_SECONDS } from "./tokens.ts";

/** Longest time a verdict is used without a new check, milliseconds: reads notice a change so late. */
export const SESSION_TTL_MS = 60_000;
/** An ended session never becomes valid again, so this verdict is used as long as a token of it may last. */
const ENDED_TTL_MS = (ACCESS_TOKEN_SECONDS + CLOCK_TOLERANCE_SECONDS) * 1_000;
/** Verdicts remembered per isolate, about 200 bytes each. */
const MAX_ENTRIES = 5_000;

const REFUSALS = {
  ended: refuse("unauthenticated", { detail: "The session has ended. Sign in again." }),
  banned: refuse("unauthenticated", { detail: "This account is suspended." }),
  erased: refuse("unauthenticated", { detail: "The bearer token is not valid." }),
} as const satisfies Record<Exclude<Standing, "open">, Result<never>>;
const UNKNOWN = refuse("unavailable", { detail: "The session cannot be checked now.", retry_after: 1 });

/** The kind of a request decides how old the verdict on its token may be. */
export type Sensitivity = "read" | "write";

/** Asks whether a token is valid: by default the object of its user's revocations. */
export type AskStanding = (env: Env, user: string, token: Presented) => Promise<Result<Verdict>>;

/**
 * Decides whether a verified token is still valid, and in which role. Reads use this isolate's memory for up to {@link
 * SESSION_TTL_MS}; writes and requests about sessions and accounts ask the user's object each time. Neither reads a
 * database.
 */
export class SessionCheck {
  readonly #entries = new Map<string, { verdict: Verdict; until: number }>();
  readonly #ask: AskStanding;

  constructor(ask: AskStanding = askStanding) {
    this.#ask = ask;
  }

  /**
   * @returns the present role of the user; or a refusal, if the token is not valid any more, or if this cannot be known
   * and the request does more than show learners their own data.
   */
  async check(
    env: Env,
    { user, ...token }: { user: string } & Presented,
    sensitivity: Sensitivity,
    now: number,
  ): Promise<Result<Role>> {
    const key = `${user} ${token.session ?? `issued ${token.issued_at}`} ${token.role}`;
    const known = this.#entries.get(key);
    const isFresh = known !== undefined && now < known.until;
    const isFinal = known?.verdict.standing === "ended" || known?.verdict.standing === "erased";
    if (isFresh && (isFinal || sensitivity === "read")) return outcome(known.verdict);
    const asked = await this.#ask(env, user, token);
    if (asked.ok) {
      this.#remember(key, asked.value, now);
      return outcome(asked.value);
    }
    if (sensitivity === "write" || token.role !== "learner") return UNKNOWN;
    // A learner's own reads use the content of the token: its signature is valid, and it lasts fifteen minutes at most.
    logFault("session_unchecked", new Error(asked.refusal.code), { user_id: user });
    return ok(token.role);
  }

  #remember(key: string, verdict: Verdict, now: number): void {
    const isFinal = verdict.standing === "ended" || verdict.standing === "erased";
    this.#entries.delete(key);
    this.#entries.set(key, { verdict, until: now + (isFinal ? ENDED_TTL_MS : SESSION_TTL_MS) });
    if (this.#entries.size <= MAX_ENTRIES) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}

function outcome({ standing, role }: Verdict): Result<Role> {
  return standing === "open" ? ok(role) : REFUSALS[standing];
}

/** Whether a token is valid at this moment, without any memory: for what is opened once and lasts. */
export async function standsNow(env: Env, user: string, token: Presented): Promise<Result<Role>> {
  const asked = await askStanding(env, user, token);
  return asked.ok ? outcome(asked.value) : UNKNOWN;
}
