import { DAY_MS } from "../platform/instants.ts";

/** Largest archive, bytes; the readers of formats have the same bound. */
export const MAX_ARCHIVE_BYTES = 200_000_000;
/**
 * Bytes of each part of an archive that is uploaded in parts; the last one has the rest. Buckets need parts of one
 * size, of at least 5 MiB. This size fits the largest request of every plan, and a part that broke off is soon sent
 * again.
 */
export const PART_BYTES = 10_000_000;
/** Parts of the largest archive. */
export const MAX_PARTS = Math.ceil(MAX_ARCHIVE_BYTES / PART_BYTES);
/** Largest file of an archive that is imported with its course: it is in memory as a whole, for a moment twice. */
export const MAX_HELD_FILE = 12_000_000;
/** Limits for one owner: bytes of all archives together, and imports that have not ended. */
export const MAX_OWNED_BYTES = 4_000_000_000;
export const MAX_UNENDED = 5;

/** A course with this many drafts accepts no import; drafts stay until somebody deletes them. */
export const MAX_DRAFTS = 50;

/** Attempts of one import, kills included. */
export const MAX_ATTEMPTS = 5;
/** How long a worker keeps a job after its last sign of life. Reading gives one every second, mapping gives none. */
export const LEASE_MS = 120_000;
/** Wait after the first attempt that failed; doubles with each further one. */
export const FIRST_WAIT_MS = 30_000;
/** How long a message may wait for its worker before another is sent. */
export const ASK_AGAIN_MS = 10 * 60_000;
/** Least time between two notes of progress. */
export const PROGRESS_EVERY_MS = 1_000;

/** An upload whose key is used again after this long has died; the next one replaces it. */
export const ABANDONED_AFTER_MS = 5 * 60_000;
/** An archive that has not arrived after this long is given up by the next night. Far above any upload's duration. */
export const RECEIVING_TTL_MS = 2 * 3_600_000;
/** An upload in parts may be continued for this long. */
export const PARTS_TTL_MS = DAY_MS;
/** How long archives and reports are kept after the upload, and how long the import is listed. */
export const HELD_MS = 7 * DAY_MS;
export const KNOWN_MS = 30 * DAY_MS;

/** Errors kept of one import, and their bytes together. */
export const MAX_ERRORS = 100;
export const MAX_ERROR_BYTES = 200_000;
