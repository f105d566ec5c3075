import type { ReadAnswer, ReadRequest } from "../../mirror/index.ts";
import { ok, type Result } from "../../platform/results.ts";
import { ENGINE } from "../../unlock/index.ts";
import { type Demand, type EdgeEntry, edgeEntry, edgeKey, mayShow } from "./entry.ts";
import { keepInLocation, recallFromLocation } from "./location.ts";
import { edgeMemory } from "./memory.ts";

/** The tools of one read. */
export interface EdgeTools {
  /** Keeps work alive after the answer. */
  waitUntil(work: Promise<unknown>): void;
  /** Asks the object, or D1 if it does not answer. */
  exact(request: ReadRequest): Promise<Result<ReadAnswer>>;
}

/**
 * Answers a read from the memory of this isolate, else from the cache of this location, else from the object. The
 * caller and their rights are checked before, as for every read.
 * @param enrollment the caller's own.
 */
export async function readAtEdge(
  enrollment: string,
  request: ReadRequest,
  maxStaleSeconds: number,
  { waitUntil, exact }: EdgeTools,
): Promise<Result<ReadAnswer>> {
  const key = edgeKey(request, ENGINE);
  if (key === null) return exact(request);
  const demand: Demand = { maxAgeMs: maxStaleSeconds * 1_000, minSeq: request.min_seq };
  const near = edgeMemory.get(enrollment, key);
  if (near !== undefined && mayShow(near, demand, Date.now())) return ok(answerOf(near));
  const recalled = await recallFromLocation(enrollment, key);
  if (
    recalled !== null &&
    mayShow(recalled, demand, Date.now()) &&
    edgeMemory.isAfterWrites(enrollment, recalled.asOf)
  ) {
    edgeMemory.set(enrollment, key, recalled);
    return ok(answerOf(recalled));
  }
  const asOf = Date.now();
  // The caller's validator is not passed on: with it the object would send no body, and there would be nothing to keep.
  const answer = await exact({ ...request, if_none_match: null });
  const entry = answer.ok ? edgeEntry(answer.value, asOf) : null;
  if (entry !== null && edgeMemory.set(enrollment, key, entry)) waitUntil(keepInLocation(enrollment, key, entry));
  return answer;
}

function answerOf({ etag, snapshot, content }: EdgeEntry): ReadAnswer {
  return { unchanged: false, etag, snapshot, content };
}
