import { directory } from "../../platform/database/shards.ts";
import { BackendRegistry } from "../registry.ts";
import { SESSION, TASK } from "../translation/types.ts";
import { D1Backend } from "./d1.ts";
import { KvBackend } from "./kv.ts";
import { R2Backend } from "./r2.ts";
import { readRoutes } from "./routes.ts";
import { SearchBackend } from "./search.ts";

const TYPES = [SESSION, TASK];

/**
 * The backends of this installation, and the backends of each record type, from RECORD_BACKENDS. A new backend is one
 * file and one line here. The search backend writes the same rows as D1, and their words too; RECORD_SEARCH puts it in
 * D1's place.
 * @throws RangeError when RECORD_BACKENDS names an unknown backend, or reads a type from one that cannot search.
 */
export function registryOf(env: Env): BackendRegistry {
  // The type has the value in wrangler.toml; an installation may have another.
  const { RECORD_SEARCH: search, RECORD_BACKENDS: routes }: { RECORD_SEARCH: string; RECORD_BACKENDS: string } = env;
  const registry = new BackendRegistry()
    .register(new D1Backend(directory(env)))
    .register(new SearchBackend(directory(env)))
    .register(new R2Backend(env.RECORDS))
    .register(new KvBackend(env.RECORD_CACHE));
  const named = readRoutes(
    routes,
    TYPES.map(({ name }) => name),
  );
  for (const type of TYPES) {
    const names = (named.get(type.name) ?? []).map((name) => (name === "d1" && search !== "off" ? "search" : name));
    registry.route(type, ...names);
    const { name, can } = registry.primary(type);
    if (!can.relational || !can.consistent) {
      throw new RangeError(
        `RECORD_BACKENDS: ${type.name} cannot be read from "${name}", which does not filter or sort`,
      );
    }
  }
  return registry;
}
