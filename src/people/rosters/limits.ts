import { DAY_MS } from "../../platform/instants.ts";

/** Sources of one course. */
export const MAX_SOURCES = 10;
/** Attempts of one step of a run that end without progress, kills included. */
export const MAX_ATTEMPTS = 5;
/** How long a worker has a run since it last said that it is alive. */
export const LEASE_MS = 120_000;
/** Wait after the first attempt that failed; doubles with each further one. */
export const FIRST_WAIT_MS = 30_000;
/** How long a message may wait for its worker before another is sent. */
export const ASK_AGAIN_MS = 10 * 60_000;
/** Acts carried out between two notes of how far the run is, and by one message: then another goes on. */
export const ACTS_AT_ONCE = 500;
export const ACTS_OF_A_MESSAGE = 5_000;
/** Learners withdrawn, and rights changed, at the same time. */
export const PARALLEL = 12;
/** A fetch of a nightly source. */
export const FETCH_MS = 60_000;
/** File, plan and preview of a run are kept so long, and what is known of it so long. */
export const HELD_MS = 7 * DAY_MS;
export const KNOWN_MS = 30 * DAY_MS;
/** Errors kept of one run. */
export const MAX_ERRORS = 100;
/** People of each kind listed in a preview; their numbers are exact. */
export const MAX_LISTED = 200;
/** A class that is compared with a file as a whole, at most. */
export const MAX_CLASS = 100_000;
