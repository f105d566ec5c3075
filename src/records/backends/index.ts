import { BackendRegistry } from "../registry.ts";
import { SESSION, TASK } from "../translation/types.ts";
import { D1Backend } from "./d1.ts";

/** The backends of this installation, and where each record type goes. A new backend is one file and one line here. */
export function registryOf(env: Env): BackendRegistry {
  return new BackendRegistry().register(new D1Backend(env.DB)).route(SESSION, "d1").route(TASK, "d1");
}
