import type { ChainState } from "./contract.ts";
import { GENESIS } from "./hash.ts";

/** The state of a chain without entries. */
export function unusedState(chain: string): ChainState {
  return {
    chain,
    base_seq: 0,
    seq: 0,
    hash: GENESIS,
    unprojected: 0,
    oldest_unprojected_ms: 0,
    projection_error: null,
    head: null,
    heads_unstored: 0,
    head_conflicts: 0,
    purges: 0,
    is_purging: false,
    actions: [],
  };
}
