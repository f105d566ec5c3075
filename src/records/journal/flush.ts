import type { Commit } from "../../platform/cell/cell.ts";
import { TimeOutError, withTimeOut } from "../../platform/http/time-out.ts";
import { describeFault, logFault } from "../../platform/log.ts";
import type { BackendRegistry } from "../registry.ts";
import { KINDS, typeOf } from "../translation/types.ts";
import { FenceRaisedError, type RecordType, type StorageBackend } from "../types.ts";
import type { Fences } from "./fences.ts";
import type { PendingRow } from "./pending.ts";
import type { JournalStore } from "./store.ts";
import { refusalOf } from "./trial.ts";

/** Rows of one flush: the number at which the original service flushed. */
export const FLUSH_ROWS = 1_000;
/** Characters of one flush: one batch of D1 has room for them. */
const FLUSH_CHARACTERS = 4_000_000;
/** A row that fails this often while the backend accepts writes is parked, and delays no other. */
export const PARK_AFTER = 5;
/**
 * Failed writes in one flush while it looks for the rows that cause them. Each costs two queries, the other half two
 * more, and the test before a row is blamed two; D1 allows 1,000 queries in an invocation.
 */
const MAX_PROBES = 150;

export interface FlushResult {
  /** Rows that were stored. */
  flushed: number;
  /** Whether there are more rows that can be flushed now. */
  more: boolean;
  /** Null when everything was stored; else the error of the backend. The rows stay. */
  error: string | null;
}

export interface FlushContext {
  store: JournalStore;
  registry: BackendRegistry;
  commit: Commit;
  fences: Fences;
  /** A backend that is silent for so many milliseconds counts as not answering. */
  timeoutMs: number;
}

/** A backend did not store the given rows. */
class NotStored extends Error {
  override readonly name = "NotStored";
  readonly backend: StorageBackend;
  readonly type: RecordType;

  constructor(backend: StorageBackend, type: RecordType, cause: unknown) {
    super(`${backend.name} did not store`, { cause });
    this.backend = backend;
    this.type = type;
  }
}

/**
 * Stores the oldest rows of a journal in their backends. Sessions go before tasks. A row counts as stored only when
 * every backend of its type has it; a row that was replaced meanwhile stays, under its newer number. If a page fails
 * while the backend accepts other writes, the rows that cause it are found by halving and noted; the others are stored.
 */
export async function flushPage(context: FlushContext): Promise<FlushResult> {
  const { store, commit } = context;
  const rows = store.pending.page(FLUSH_ROWS, FLUSH_CHARACTERS);
  if (rows.length === 0) {
    commit(() => store.pending.beat(Date.now(), null));
    return { flushed: 0, more: false, error: null };
  }
  const fault = await storeRows(context, rows);
  if (fault === null) return { flushed: rows.length, more: store.pending.page(1, 1).length > 0, error: null };
  const down = await outage(context, fault);
  if (down !== null) {
    commit(() => store.pending.beat(Date.now(), down));
    return { flushed: 0, more: true, error: down };
  }
  logFault("flush_page_failed", fault.cause, { rows: rows.length });
  const flushed = await storeHalves(context, rows, fault, { left: MAX_PROBES });
  return { flushed, more: store.pending.page(1, 1).length > 0, error: null };
}

/** Stores rows in every backend of their type, and notes it. @returns the error; null when there was none. */
async function storeRows(context: FlushContext, rows: readonly PendingRow[]): Promise<NotStored | null> {
  const { registry, fences, timeoutMs, store, commit } = context;
  for (const kind of KINDS) {
    const records = rows.filter((row) => row.kind === kind).map(({ record }) => record);
    if (records.length === 0) continue;
    const { type, backends } = registry.routeOf(typeOf(kind));
    for (const backend of backends) {
      try {
        const write = async () => backend.write(type, records, await fences.of(backend));
        await withTimeOut(write(), timeoutMs, backend.name);
      } catch (cause) {
        return new NotStored(backend, type, cause);
      }
    }
  }
  commit(() =>
    store.pending.persisted(
      rows.map(({ seq }) => seq),
      Date.now(),
    ),
  );
  return null;
}

/**
 * Stores those of the failed rows that can be stored, and notes those that fail alone while their backend accepts other
 * writes. Rows that are not tried, because too many failed, wait for the next flush.
 * @returns how many were stored.
 */
async function storeHalves(
  context: FlushContext,
  rows: readonly PendingRow[],
  fault: NotStored,
  probes: { left: number },
): Promise<number> {
  const { store, commit } = context;
  const [only] = rows;
  if (only === undefined) return 0;
  if (rows.length === 1) {
    // Checked for each row again: the backend may have stopped answering during the search, and then no row is the
    // cause.
    if ((await outage(context, fault)) !== null) probes.left = 0;
    else commit(() => store.pending.failed(only.seq, describeFault(fault.cause).slice(0, 200), PARK_AFTER, Date.now()));
    return 0;
  }
  let flushed = 0;
  const middle = Math.ceil(rows.length / 2);
  for (const half of [rows.slice(0, middle), rows.slice(middle)]) {
    if (probes.left <= 0) return flushed;
    const next = await storeRows(context, half);
    if (next === null) flushed += half.length;
    else {
      probes.left -= 1;
      flushed += await storeHalves(context, half, next, probes);
    }
  }
  return flushed;
}

/**
 * The error of a write if no row is its cause: the write was too late, the backend did not answer, or it refuses a
 * valid record as well. Null when the rows are the cause.
 */
async function outage(
  { fences, timeoutMs }: FlushContext,
  { backend, type, cause }: NotStored,
): Promise<string | null> {
  if (cause instanceof FenceRaisedError) fences.forget();
  else if (!(cause instanceof TimeOutError)) return refusalOf(backend, type, fences.name, timeoutMs);
  return cause.message;
}
