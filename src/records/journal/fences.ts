import type { Fence, StorageBackend } from "../types.ts";

/**
 * The barriers of one journal, one in each backend that has them. A write carries the epoch that its barrier stood at; a
 * deletion raises the barrier first, so that a write which was given up, or which a dead process left behind, can land
 * whenever it likes without bringing back what was deleted. Epochs come from the backend: whoever starts again raises.
 */
export class Fences {
  /** Of whose journal they are. */
  readonly name: string;
  readonly #epochs = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  /** What writes to a backend carry; undefined where it has no barriers. */
  async of(backend: StorageBackend): Promise<Fence | undefined> {
    const epoch = this.#epochs.get(backend.name) ?? (await this.#raise(backend));
    return epoch === undefined ? undefined : { name: this.name, epoch };
  }

  /** No write sent before has any effect from here on. */
  async raise(backends: Iterable<StorageBackend>): Promise<void> {
    for (const backend of new Set(backends)) await this.#raise(backend);
  }

  /** Somebody else has raised them: they are asked for again. */
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
