import { withTimeOut } from "../http/time-out.ts";
import { logFault } from "../log.ts";
import { writeProbe } from "../statements.ts";

/** A probe write that takes longer has failed, milliseconds. */
const TIMEOUT_MS = 5_000;

/** The smallest possible write: one row that always stays. */
export function probeWrite(db: D1Database, now: number): Promise<unknown> {
  return writeProbe(db, now).run();
}

/**
 * Whether D1 accepts a write that is known to be good. Callers use this after their own write has failed: only if this
 * one succeeds, their data may be the cause. Never throws.
 */
export async function takesWrites(db: D1Database): Promise<boolean> {
  try {
    await withTimeOut(probeWrite(db, Date.now()), TIMEOUT_MS, "a probe write");
    return true;
  } catch (fault) {
    logFault("database_takes_no_writes", fault);
    return false;
  }
}

/** The same for a bucket. @param key of an object that may be written at any time. */
export async function bucketTakesWrites(bucket: R2Bucket, key: string): Promise<boolean> {
  try {
    await withTimeOut(bucket.put(key, ""), TIMEOUT_MS, "a probe write");
    return true;
  } catch (fault) {
    logFault("bucket_takes_no_writes", fault);
    return false;
  }
}
