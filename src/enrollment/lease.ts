import { callRevocations, type Presented } from "../identity/index.ts";
import { parseEnrollmentId } from "../platform/ids.ts";

/** Tokens known to stand: those of a few devices. */
const MAX_TOKENS = 16;

/**
 * Which tokens of the learner stand, as the object of their revocations says. While the lease that it has given lasts, it
 * tells of every change before the change counts, so that a write need not ask.
 */
export class StandingLease {
  readonly #known = new Set<string>();
  #until = 0;
  #endings = 0;

  /** How often a lease was ended: a write that finds another number than when it was checked is not to be made. */
  get endings(): number {
    return this.#endings;
  }

  /** Something changes in how the learner's tokens stand. */
  end(): void {
    this.#endings += 1;
    this.#until = 0;
    this.#known.clear();
  }

  /** Whether a token counts, in the very role it names. False as well when that is not known for sure. */
  async stands(env: Env, enrollment: string, token: Presented): Promise<boolean> {
    const now = Date.now();
    const key = `${token.session ?? ""} ${token.issued_at} ${token.role}`;
    if (now < this.#until && this.#known.has(key)) return true;
    const endings = this.#endings;
    const { user } = parseEnrollmentId(enrollment);
    const asked = await callRevocations(env, user, (stub) => stub.lease(token, enrollment));
    // What was ended while the answer was under way may not be in it.
    if (!asked.ok || this.#endings !== endings) return false;
    const { verdict, ms } = asked.value;
    if (verdict.standing !== "open" || verdict.role !== token.role) return false;
    // Between two leases nobody told of anything.
    if (now >= this.#until || this.#known.size >= MAX_TOKENS) this.#known.clear();
    this.#until = ms > 0 ? now + ms : 0;
    if (ms > 0) this.#known.add(key);
    return true;
  }
}
