const NETWORK = "network:";
/** Networks of a user that are remembered, and for how long since the last sign-in, milliseconds. */
const MAX_NETWORKS = 20;
const NETWORK_MS = 90 * 86_400_000;

/** Networks from which a user has signed in: there, other people's tries do not count. */
export class KnownNetworks {
  readonly #kv: SyncKvStorage;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  /** @param network a hash of the caller's network. */
  has(network: string, now: number): boolean {
    const until = this.#kv.get<number>(NETWORK + network);
    return until !== undefined && until > now;
  }

  /** Called inside the object's transaction. */
  add(network: string, now: number): void {
    this.#kv.put(NETWORK + network, now + NETWORK_MS);
    const kept = [...this.#kv.list<number>({ prefix: NETWORK })].toSorted(([, a], [, b]) => b - a);
    for (const [at, [key, until]] of kept.entries()) if (at >= MAX_NETWORKS || until <= now) this.#kv.delete(key);
  }
}
