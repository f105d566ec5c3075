import { BackendRegistry } from "../registry.ts";
import { SESSION, TASK } from "../translation/types.ts";
import { D1Backend } from "./d1.ts";
import { KvBackend } from "./kv.ts";
import { R2Backend } from "./r2.ts";
import { SearchBackend } from "./search.ts";

/**
 * The backends of this installation, and where each record type goes. A new backend is one file and one line here. The
 * search backend writes the same rows as D1 does, and their words with them; a type needs one of the two.
 */
export function registryOf(env: Env): BackendRegistry {
  const search: string = env.RECORD_SEARCH; // typed as what wrangler.toml says; an installation may say otherwise
  const primary = search === "off" ? "d1" : "search";
  return new BackendRegistry()
    .register(new D1Backend(env.DB))
    .register(new SearchBackend(env.DB))
    .register(new R2Backend(env.RECORDS))
    .register(new KvBackend(env.RECORD_CACHE))
    .route(SESSION, primary)
    .route(TASK, primary);
}
