import type { Scheduling } from "../../platform/cell/alarm-scheduler.ts";
import type { Commit } from "../../platform/cell/cell.ts";
import type { ChainDueName } from "./schema.ts";
import type { ChainStore } from "./store.ts";

/** What the jobs of a chain work with. */
export interface ChainContext {
  /** The chain's name. */
  name: string;
  env: Env;
  store: ChainStore;
  commit: Commit;
  scheduler: Scheduling<ChainDueName>;
}
