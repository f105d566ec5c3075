import { callObject } from "../platform/cell/call.ts";
import { inParallel } from "../platform/parallel.ts";
import type { Result } from "../platform/results.ts";
import type { Verdict } from "./standing.ts";

/** Under this an object keeps who holds leases on what it knows, and until when. */
export const LEASES = "leases";
/** How long a lease lasts, milliseconds. */
const LEASE_MS = 900_000;
/** The object counts this much longer than who holds the lease: their clocks may run apart a little. */
const MARGIN_MS = 5_000;
/** Leases of one user at most; the next enrollment asks with every write. */
const MAX_LEASES = 50;
const PARALLEL = 8;

/** How a token stands, and for how long its asker need not ask again because it would be told: milliseconds, 0 for not at all. */
export interface Lease {
  verdict: Verdict;
  ms: number;
}

/** What is asked of an enrollment that holds a lease. */
interface LeaseHolder extends Rpc.DurableObjectBranded {
  endLease(): Promise<Result<null>>;
}

/**
 * The enrollments of a user that do not ask with every write how the user's tokens stand, because they are told before
 * that changes. A change counts once all of them know of it, so a write after it finds no lease. Kept in storage: an
 * object that has slept still knows whom to tell.
 */
export class Leases {
  readonly #kv: SyncKvStorage;
  readonly #env: () => Env;

  constructor(kv: SyncKvStorage, env: () => Env) {
    this.#kv = kv;
    this.#env = env;
  }

  /** @returns for how many milliseconds from now the enrollment would be told of a change; 0: it would not. */
  grant(enrollment: string, now: number): number {
    const known = this.#known();
    const left = (known[enrollment] ?? 0) - MARGIN_MS - now;
    if (left > LEASE_MS / 2) return left;
    const others = Object.entries(known).filter(([id, until]) => id !== enrollment && until > now);
    if (others.length >= MAX_LEASES) return 0;
    this.#kv.put(LEASES, { ...Object.fromEntries(others), [enrollment]: now + LEASE_MS + MARGIN_MS });
    return LEASE_MS;
  }

  /**
   * Ends all leases, once something has changed that takes a right. @returns false when a holder could not be told: then
   * the change may not be called done, and ending is tried again.
   */
  async end(now: number): Promise<boolean> {
    const known = this.#known();
    const held = Object.entries(known).filter(([, until]) => until > now);
    if (Object.keys(known).length === 0) return true;
    // SAFETY: wrangler.toml binds ENROLLMENTS to EnrollmentObject, which has this method.
    const namespace = this.#env().ENROLLMENTS as DurableObjectNamespace<LeaseHolder>;
    let areTold = true;
    await inParallel(held, PARALLEL, async ([id]) => {
      const told = await callObject({ kind: "enrollment", id }, () =>
        namespace.get(namespace.idFromName(id)).endLease(),
      );
      areTold &&= told.ok;
    });
    // One that was given meanwhile knows of the change already.
    if (areTold) {
      const left = Object.entries(this.#known()).filter(([id, until]) => known[id] !== until);
      if (left.length === 0) this.#kv.delete(LEASES);
      else this.#kv.put(LEASES, Object.fromEntries(left));
    }
    return areTold;
  }

  #known(): Record<string, number> {
    return this.#kv.get<Record<string, number>>(LEASES) ?? {};
  }
}
