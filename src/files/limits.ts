/** Largest file, bytes. A request through a Worker can carry no more on most plans. */
export const MAX_FILE_BYTES = 100_000_000;
/** Lifetime of an upload address, seconds. */
export const UPLOAD_ADDRESS_SECONDS = 15 * 60;
/**
 * A file whose bytes have not arrived after this time is given up by the next sweep. The time is far longer than any
 * upload.
 */
export const PENDING_TTL_MS = 2 * 3_600_000;
/**
 * Bytes without a row are removed at this age. No upload takes so long; people need the time to notice that the
 * database was restored to an earlier moment than the bucket.
 */
export const ORPHAN_TTL_MS = 24 * 3_600_000;

/** The quota of one user, unless the variables of wrangler.toml have another. */
const DEFAULT_QUOTA_BYTES = 1_000_000_000;
const DEFAULT_QUOTA_FILES = 1_000;

export interface Quota {
  bytes: number;
  files: number;
}

/** The quota of each user in this deployment. An invalid variable means the default, never "no limit". */
export function quotaOf(env: Env): Quota {
  return {
    bytes: wholeNumber(env.FILE_QUOTA_BYTES) ?? DEFAULT_QUOTA_BYTES,
    files: wholeNumber(env.FILE_QUOTA_FILES) ?? DEFAULT_QUOTA_FILES,
  };
}

/** A non-negative integer as variables and headers write it, or null. */
export function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
