import { callObject } from "../platform/cell/call.ts";
import { inParallel } from "../platform/parallel.ts";
import type { Result } from "../platform/results.ts";
import type { Verdict } from "./standing.ts";

/** The key under which an object stores the holders of leases, and until when each is valid. */
export const LEASES = "leases";
/** How long a lease lasts, milliseconds. */
const LEASE_MS = 900_000;
/** The object counts this much longer than the holder of the lease, because their clocks may differ a little. */
const MARGIN_MS = 5_000;
/** Leases of one user at most; a further enrollment asks with every write. */
const MAX_LEASES = 50;
const PARALLEL = 8;

/**
 * Whether a token is valid, and for how many milliseconds the caller need not ask again because it would be notified;
 * 0: it must ask each time.
 */
export interface Lease {
  verdict: Verdict;
  ms: number;
}

/** The methods of an enrollment that holds a lease. */
interface LeaseHolder extends Rpc.DurableObjectBranded {
  endLease(): Promise<Result<null>>;
}

/**
 * The enrollments of a user that do not ask with every write whether the user's tokens are valid, because they are
 * notified before that changes. A change counts once all of them know of it, so a write after it finds no lease. Leases
 * are in storage: an object that has slept still knows its holders.
 */
export class Leases {
  readonly #kv: SyncKvStorage;
  readonly #env: () => Env;

  constructor(kv: SyncKvStorage, env: () => Env) {
    this.#kv = kv;
    this.#env = env;
  }

  /** @returns for how many milliseconds from now the enrollment would be notified of a change; 0: it would not. */
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
   * Ends all leases, after a change that takes a right away.
   * @returns false when a holder could not be notified: then the change must not be confirmed, and ending is tried
   * again.
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
    // A lease that was given meanwhile knows of the change already.
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
