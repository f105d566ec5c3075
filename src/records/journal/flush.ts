import { describeFault, logFault } from "../../ops/logging.ts";
import { TimeOutError, withTimeOut } from "../../shared/time-out.ts";
import type { BackendRegistry } from "../registry.ts";
import { KINDS, typeOf } from "../translation/types.ts";
import { FenceRaisedError } from "../types.ts";
import type { Fences } from "./fences.ts";
import type { JournalStore, PendingRow } from "./store.ts";

/** Rows of one flush: the threshold the original service flushed at. */
export const FLUSH_ROWS = 1_000;
/** Characters of one flush: what one batch of D1 takes comfortably. */
const FLUSH_CHARACTERS = 4_000_000;
/** A row that fails this often while the backend is well is parked, and delays nobody. */
export const PARK_AFTER = 5;
/** Writes of one flush that may fail in the search for the rows that cause it; D1 takes 1,000 queries an invocation. */
const MAX_PROBES = 400;

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

export interface FlushContext {
  store: JournalStore;
  registry: BackendRegistry;
  commit: Commit;
  fences: Fences;
  /** A backend that does not answer for so many milliseconds counts as dark. */
  timeoutMs: number;
}

/**
 * Stores the oldest rows of a journal in their backends. Sessions go before tasks. Rows count as stored only when every
 * backend of their type has them; a row that was replaced meanwhile stays, under its newer number. Of a page that fails
 * while the backend is well, the rows that cause it are found by halving and noted; the others are stored.
 */
export async function flushPage(context: FlushContext): Promise<FlushResult> {
  const { store, registry, commit } = context;
  const rows = store.page(FLUSH_ROWS, FLUSH_CHARACTERS);
  if (rows.length === 0) {
    commit(() => store.beat(Date.now(), null));
    return { flushed: 0, more: false, error: null };
  }
  try {
    await storeRows(context, rows);
    commit(() =>
      store.persisted(
        rows.map(({ seq }) => seq),
        Date.now(),
      ),
    );
    return { flushed: rows.length, more: store.page(1, 1).length > 0, error: null };
  } catch (fault) {
    const dark = noRowsFault(context, fault) ?? (await darkBackend(registry));
    if (dark !== null) {
      commit(() => store.beat(Date.now(), dark));
      return { flushed: 0, more: true, error: dark };
    }
    logFault("flush_page_failed", fault, { rows: rows.length });
    const flushed = await storeHalves(context, rows, fault, { left: MAX_PROBES });
    return { flushed, more: store.page(1, 1).length > 0, error: null };
  }
}

async function storeRows({ registry, fences, timeoutMs }: FlushContext, rows: readonly PendingRow[]): Promise<void> {
  for (const kind of KINDS) {
    const records = rows.filter((row) => row.kind === kind).map(({ record }) => record);
    if (records.length === 0) continue;
    const { type, backends } = registry.routeOf(typeOf(kind));
    for (const backend of backends) {
      const write = async () => backend.write(type, records, await fences.of(backend));
      await withTimeOut(write(), timeoutMs, backend.name);
    }
  }
}

/**
 * Stores what can be stored of rows that failed together, and notes those that fail alone. What is not looked at,
 * because too many failed, waits for the next flush. @returns how many were stored.
 */
async function storeHalves(
  context: FlushContext,
  rows: readonly PendingRow[],
  fault: unknown,
  probes: { left: number },
): Promise<number> {
  const { store, commit } = context;
  const [only] = rows;
  if (only === undefined) return 0;
  if (rows.length === 1) {
    commit(() => store.failed(only.seq, describeFault(fault).slice(0, 200), PARK_AFTER, Date.now()));
    return 0;
  }
  let flushed = 0;
  const middle = Math.ceil(rows.length / 2);
  for (const half of [rows.slice(0, middle), rows.slice(middle)]) {
    if (probes.left <= 0) return flushed;
    try {
      await storeRows(context, half);
      commit(() =>
        store.persisted(
          half.map(({ seq }) => seq),
          Date.now(),
        ),
      );
      flushed += half.length;
    } catch (next) {
      probes.left -= 1;
      // It went dark in the middle of the search: that is no row's fault.
      if ((noRowsFault(context, next) ?? (await darkBackend(context.registry))) !== null) return flushed;
      flushed += await storeHalves(context, half, next, probes);
    }
  }
  return flushed;
}

/** What a write failed with that no row is the cause of; null when one may be. */
function noRowsFault({ fences }: FlushContext, fault: unknown): string | null {
  if (fault instanceof FenceRaisedError) fences.forget();
  else if (!(fault instanceof TimeOutError)) return null;
  return fault.message;
}

/** What a backend that is not well says of itself; null when all are. */
async function darkBackend(registry: BackendRegistry): Promise<string | null> {
  const dark = Object.entries(await registry.health()).find(([, { status }]) => status !== "ok");
  return dark === undefined ? null : `${dark[0]}: ${dark[1].detail ?? "unavailable"}`;
}
