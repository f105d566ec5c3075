import type { Fence, StorageBackend } from "../types.ts";

/**
 * The barriers of one journal, one in each backend that has them. A write carries the epoch of its barrier. A deletion
 * raises the barrier first, so that a write which was given up, or which a dead process left behind, may arrive at any
 * time without bringing back deleted records. Epochs come from the backend: a journal that starts again raises them.
 */
export class Fences {
  /** The journal of these barriers. */
  readonly name: string;
  readonly #epochs = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  /** The epoch that writes to a backend carry; undefined if it has no barriers. */
  async of(backend: StorageBackend): Promise<Fence | undefined> {
    const epoch = this.#epochs.get(backend.name) ?? (await this.#raise(backend));
    return epoch === undefined ? undefined : { name: this.name, epoch };
  }

  /** Writes that were sent before have no effect from here on. */
  async raise(backends: Iterable<StorageBackend>): Promise<void> {
    for (const backend of new Set(backends)) await this.#raise(backend);
  }

  /** Another process has raised them: they are read again. */
  forget(): void {
    this.#epochs.clear();
  }

  async #raise(backend: StorageBackend): Promise<number | undefined> {
    if (backend.raiseFence === undefined) return undefined;
    const epoch = await backend.raiseFence(this.name);
    this.#epochs.set(backend.name, epoch);
    return epoch;
  }
}
