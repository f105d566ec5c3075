import type { BackendHealth, RecordType, StorageBackend } from "./types.ts";

/** The backends of a record type: it is read from the first, and written to all. */
export interface RecordRoute {
  type: RecordType;
  backends: readonly StorageBackend[];
}

/** Knows the backends by name, and the backends of each record type. */
export class BackendRegistry {
  readonly #backends = new Map<string, StorageBackend>();
  readonly #routes = new Map<string, RecordRoute>();

  /** @throws RangeError for a name that is used already. */
  register(backend: StorageBackend): this {
    if (this.#backends.has(backend.name)) throw new RangeError(`there is a backend "${backend.name}" already`);
    this.#backends.set(backend.name, backend);
    return this;
  }

  /**
   * Sets the backends of a record type, by name; a second call replaces the first.
   * @throws RangeError for an unknown name.
   */
  route(type: RecordType, ...names: readonly string[]): this {
    if (names.length === 0) throw new RangeError(`${type.name} needs a backend`);
    this.#routes.set(type.name, { type, backends: names.map((name) => this.backend(name)) });
    return this;
  }

  /** @throws RangeError for an unknown name. */
  backend(name: string): StorageBackend {
    const backend = this.#backends.get(name);
    if (backend === undefined) throw new RangeError(`there is no backend "${name}"`);
    return backend;
  }

  /** @throws RangeError for a type without a backend. */
  routeOf(type: RecordType): RecordRoute {
    const route = this.#routes.get(type.name);
    if (route === undefined) throw new RangeError(`records of type ${type.name} have no backend`);
    return route;
  }

  /** The backend that records of a type are read from. */
  primary(type: RecordType): StorageBackend {
    const [first] = this.routeOf(type).backends;
    if (first === undefined) throw new RangeError(`records of type ${type.name} have no backend`);
    return first;
  }

  /** The health of each backend that a record type uses. One that no type uses is not asked. */
  async health(): Promise<Record<string, BackendHealth>> {
    const used = new Set([...this.#routes.values()].flatMap(({ backends }) => backends));
    const entries = await Promise.all(
      [...used].map(async (backend): Promise<[string, BackendHealth]> => [backend.name, await backend.health()]),
    );
    return Object.fromEntries(entries);
  }
}
