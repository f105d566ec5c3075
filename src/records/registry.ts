import type { BackendHealth, RecordType, StorageBackend } from "./types.ts";

/** Where records of a type go: the first is where they are read from, all are written to. */
export interface RecordRoute {
  type: RecordType;
  backends: readonly StorageBackend[];
}

/** Knows the backends by name and which record types go where. */
export class BackendRegistry {
  readonly #backends = new Map<string, StorageBackend>();
  readonly #routes = new Map<string, RecordRoute>();

  /** @throws RangeError for a name that is taken. */
  register(backend: StorageBackend): this {
    if (this.#backends.has(backend.name)) throw new RangeError(`there is a backend "${backend.name}" already`);
    this.#backends.set(backend.name, backend);
    return this;
  }

  /** Sends a record type to backends, by name; naming it again replaces where it goes. @throws RangeError for an unknown name. */
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

  /** @throws RangeError for a type that goes nowhere. */
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

  /** What each backend that records go to says of itself. One that is only registered can hold nobody up. */
  async health(): Promise<Record<string, BackendHealth>> {
    const used = new Set([...this.#routes.values()].flatMap(({ backends }) => backends));
    const entries = await Promise.all(
      [...used].map(async (backend): Promise<[string, BackendHealth]> => [backend.name, await backend.health()]),
    );
    return Object.fromEntries(entries);
  }
}
