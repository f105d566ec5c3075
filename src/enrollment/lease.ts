import { callRevocations, type Presented } from "../identity/index.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import type { Promised } from "./promises.ts";

/** Tokens known to stand: those of a few devices. */
const MAX_TOKENS = 8;

/**
 * Which tokens of the learner stand, as the object of their revocations says. While the lease that it has given lasts, it
 * tells of every change before the change counts, so that a write need not ask.
 */
export class StandingLease {
  readonly #promised: Promised;
  #endings = 0;

  constructor(promised: Promised) {
    this.#promised = promised;
  }

  /** How often a lease was ended: a write that finds another number than when it was checked is not to be made. */
  get endings(): number {
    return this.#endings;
  }

  /**
   * Something changes in how the learner's tokens stand.
   * @param commit runs a change in a transaction of the object.
   */
  end(commit: (change: () => void) => void): void {
    this.#endings += 1;
    if (this.#promised.now.lease_until > 0) commit(() => this.#promised.end("lease"));
  }

  /**
   * Whether a token counts, in the very role it names. False as well when that is not known for sure.
   * @param isBusy whether the learner writes again and again, so that a lease is worth what it costs.
   */
  async stands(env: Env, enrollment: string, token: Presented, isBusy: boolean): Promise<boolean> {
    const now = Date.now();
    const key = `${token.session ?? ""} ${token.issued_at} ${token.role}`;
    const { lease_until, tokens } = this.#promised.now;
    if (now < lease_until && tokens.includes(key)) return true;
    const endings = this.#endings;
    const { user } = parseEnrollmentId(enrollment);
    const asked = await callRevocations(env, user, (stub) => stub.lease(token, enrollment, isBusy));
    // What was ended while the answer was under way may not be in it.
    if (!asked.ok || this.#endings !== endings) return false;
    const { verdict, ms } = asked.value;
    if (verdict.standing !== "open" || verdict.role !== token.role) return false;
    if (ms <= 0) return true;
    // Between two leases nobody told of anything.
    const others = now < this.#promised.now.lease_until ? this.#promised.now.tokens : [];
    this.#promised.add({ lease_until: now + ms, tokens: [...new Set([...others, key])].slice(-MAX_TOKENS) });
    return true;
  }
}
