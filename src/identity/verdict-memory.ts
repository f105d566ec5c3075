import type { Presented, Verdict } from "./standing.ts";

/** Tokens remembered: those of a few devices. */
const MAX_TOKENS = 16;

/**
 * Verdicts that the object of one user need not reach again, because nothing it keeps has changed: it is asked with every
 * write. Only that a token stands is remembered; time alone takes that from none, and every change drops all of it.
 */
export class VerdictMemory {
  readonly #verdicts = new Map<string, Verdict>();
  #changes = 0;

  /** Changes so far, to be given to {@link keep}. */
  get changes(): number {
    return this.#changes;
  }

  of(token: Presented): Verdict | undefined {
    return this.#verdicts.get(keyOf(token));
  }

  /** @param changes as they were before the verdict was reached: what came since may say otherwise. */
  keep(token: Presented, verdict: Verdict, changes: number): void {
    if (verdict.standing !== "open" || changes !== this.#changes) return;
    if (this.#verdicts.size >= MAX_TOKENS) this.#verdicts.clear();
    this.#verdicts.set(keyOf(token), verdict);
  }

  /** Something that is kept of the user changes. */
  forget(): void {
    this.#changes += 1;
    this.#verdicts.clear();
  }
}

function keyOf({ session, role, issued_at }: Presented): string {
  return `${session ?? ""} ${issued_at} ${role}`;
}
