import { describeFault, logFault } from "../../ops/logging.ts";
import type { BackendRegistry } from "../registry.ts";
import { KINDS, typeOf } from "../translation/types.ts";
import type { JournalStore, PendingRow } from "./store.ts";

/** Rows of one flush: the threshold the original service flushed at. */
export const FLUSH_ROWS = 1_000;
/** Characters of one flush: what one batch of D1 takes comfortably. */
const FLUSH_CHARACTERS = 4_000_000;
/** A row that fails this often while the backend is well is parked, and delays nobody. */
export const PARK_AFTER = 5;

export interface FlushResult {
  /** Rows that were stored. */
  flushed: number;
  /** Whether rows remain that can be flushed now. */
  more: boolean;
  /** Null when everything went well; else what the backend said. The rows stay. */
  error: string | null;
}

/** Runs a change in the object's transaction. */
export type Commit = <T>(change: () => T) => T;

/**
 * Stores the oldest rows of a journal in their backends. Sessions go before tasks. Rows count as stored only when every
 * backend of their type has them; a row that was replaced meanwhile stays, under its newer number. Of a page that fails
 * while the backend is well, the rows that cause it are found by halving and noted; the others are stored.
 */
export async function flushPage(store: JournalStore, registry: BackendRegistry, commit: Commit): Promise<FlushResult> {
  const rows = store.page(FLUSH_ROWS, FLUSH_CHARACTERS);
  if (rows.length === 0) {
    commit(() => store.beat(Date.now(), null));
    return { flushed: 0, more: false, error: null };
  }
  try {
    await storeRows(registry, rows);
    commit(() =>
      store.persisted(
        rows.map(({ seq }) => seq),
        Date.now(),
      ),
    );
    return { flushed: rows.length, more: store.page(1, 1).length > 0, error: null };
  } catch (fault) {
    const dark = await darkBackend(registry);
    if (dark !== null) {
      commit(() => store.beat(Date.now(), dark));
      return { flushed: 0, more: true, error: dark };
    }
    logFault("flush_page_failed", fault, { rows: rows.length });
    const flushed = await storeHalves(store, registry, commit, rows, fault);
    return { flushed, more: store.page(1, 1).length > 0, error: null };
  }
}

async function storeRows(registry: BackendRegistry, rows: readonly PendingRow[]): Promise<void> {
  for (const kind of KINDS) {
    const records = rows.filter((row) => row.kind === kind).map(({ record }) => record);
    if (records.length === 0) continue;
    const { type, backends } = registry.routeOf(typeOf(kind));
    for (const backend of backends) await backend.write(type, records);
  }
}

/** Stores what can be stored of rows that failed together. @returns how many were. */
async function storeHalves(
  store: JournalStore,
  registry: BackendRegistry,
  commit: Commit,
  rows: readonly PendingRow[],
  fault: unknown,
): Promise<number> {
  const [only] = rows;
  if (only === undefined) return 0;
  if (rows.length === 1) {
    commit(() => store.failed(only.seq, describeFault(fault).slice(0, 200), PARK_AFTER, Date.now()));
    return 0;
  }
  let flushed = 0;
  const middle = Math.ceil(rows.length / 2);
  for (const half of [rows.slice(0, middle), rows.slice(middle)]) {
    try {
      await storeRows(registry, half);
      commit(() =>
        store.persisted(
          half.map(({ seq }) => seq),
          Date.now(),
        ),
      );
      flushed += half.length;
    } catch (next) {
      flushed += await storeHalves(store, registry, commit, half, next);
    }
  }
  return flushed;
}

/** What a backend that is not well says of itself; null when all are. */
async function darkBackend(registry: BackendRegistry): Promise<string | null> {
  const dark = Object.entries(await registry.health()).find(([, { status }]) => status !== "ok");
  return dark === undefined ? null : `${dark[0]}: ${dark[1].detail ?? "unavailable"}`;
}
