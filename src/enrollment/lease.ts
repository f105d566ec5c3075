import { callRevocations, type Presented } from "../identity/index.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import type { Promised } from "./promises.ts";

/** The limit of remembered valid tokens: those of a few devices. */
const MAX_TOKENS = 8;

/**
 * Which of the learner's tokens are valid, from the object of their revocations. While its lease lasts, that object
 * reports every change before the change takes effect, so a write need not ask.
 */
export class StandingLease {
  readonly #promised: Promised;
  #endings = 0;

  constructor(promised: Promised) {
    this.#promised = promised;
  }

  /** How often a lease was ended. If a write finds another number than at its check, it must not be made. */
  get endings(): number {
    return this.#endings;
  }

  /**
   * The validity of the learner's tokens changes.
   * @param commit runs a change in a transaction of the object.
   */
  end(commit: (change: () => void) => void): void {
    this.#endings += 1;
    if (this.#promised.now.lease_until > 0) commit(() => this.#promised.end("lease"));
  }

  /**
   * Whether a token is valid for exactly the role that it names. Also false if this is not known for sure.
   * @param isBusy whether the learner writes again and again, so that a lease is worth its cost.
   */
  async stands(env: Env, enrollment: string, token: Presented, isBusy: boolean): Promise<boolean> {
    const now = Date.now();
    const key = `${token.session ?? ""} ${token.issued_at} ${token.role}`;
    const { lease_until, tokens } = this.#promised.now;
    if (now < lease_until && tokens.includes(key)) return true;
    const endings = this.#endings;
    const { user } = parseEnrollmentId(enrollment);
    const asked = await callRevocations(env, user, (stub) => stub.lease(token, enrollment, isBusy));
    // The answer may miss a lease that was ended while it was under way.
    if (!asked.ok || this.#endings !== endings) return false;
    const { verdict, ms } = asked.value;
    if (verdict.standing !== "open" || verdict.role !== token.role) return false;
    if (ms <= 0) return true;
    // Between two leases nobody reported changes.
    const others = now < this.#promised.now.lease_until ? this.#promised.now.tokens : [];
    this.#promised.add({ lease_until: now + ms, tokens: [...new Set([...others, key])].slice(-MAX_TOKENS) });
    return true;
  }
}
