import { withTimeOut } from "../http/time-out.ts";
import { logFault } from "../log.ts";
import { writeProbe } from "../statements.ts";

/** A probe write that takes longer has failed, milliseconds. */
const TIMEOUT_MS = 5_000;

/** The smallest write there is: one row, for ever. */
export function probeWrite(db: D1Database, now: number): Promise<unknown> {
  return writeProbe(db, now).run();
}

/**
 * Whether D1 takes a write that is known to be good. Asked by whoever's own write has just failed: only if this one
 * succeeds may what it wrote be the cause. Never throws.
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

/** The same of a bucket. @param key of an object that may be written at any time. */
export async function bucketTakesWrites(bucket: R2Bucket, key: string): Promise<boolean> {
  try {
    await withTimeOut(bucket.put(key, ""), TIMEOUT_MS, "a probe write");
    return true;
  } catch (fault) {
    logFault("bucket_takes_no_writes", fault);
    return false;
  }
}
