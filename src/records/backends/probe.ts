import { withTimeOut } from "../../platform/http/time-out.ts";
import { describeFault } from "../../platform/log.ts";
import type { BackendHealth } from "../types.ts";

/** A health check that takes longer has failed, milliseconds. */
const TIMEOUT_MS = 1_000;
/** Characters of an error that are passed on. */
const DETAIL_CHARACTERS = 120;

/** Runs the smallest query of a backend. Never throws, and never takes longer than the time limit. */
export async function probe(ask: () => Promise<unknown>): Promise<BackendHealth> {
  const started = performance.now();
  try {
    await withTimeOut(ask(), TIMEOUT_MS);
    return { status: "ok", latency_ms: performance.now() - started };
  } catch (fault) {
    const detail = describeFault(fault).slice(0, DETAIL_CHARACTERS);
    return { status: "unavailable", latency_ms: performance.now() - started, detail };
  }
}
