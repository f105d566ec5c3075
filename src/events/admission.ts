import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";

const DEFAULT_MAX_STREAMS = 4_000;
const DEFAULT_MAX_PER_ADDRESS = 200;
/** Streams that one user may have in this isolate, including those that are closing: a channel keeps two open. */
const MAX_PER_USER = 50;
/** After a restart, clients come back spread over time, so that each stream has this much time, ms. */
const RETURN_SPACING_MS = 40;
/** The shortest and the longest time over which they are spread. */
const MIN_SPREAD_MS = 4_000;
const MAX_SPREAD_MS = 30_000;
/** A refused client waits at least this long, seconds. */
const RETRY_SECONDS = 2;
/** How long the health page shows a refusal, ms. */
const REFUSED_RECENTLY_MS = 60_000;

/** The reason why a stream was refused. */
const LIMITS = ["isolate", "address", "user"] as const;
type Limit = (typeof LIMITS)[number];

/** When one of many streams that end together comes back, ms: a random instant within the time for all of them. */
export function retryMs(streams: number): number {
  return Math.round(Math.random() * spreadOf(streams));
}

/** The `retry` of one of many streams, ms; see {@link Admission.retryHint}. */
export function retryHint(streams: number): number {
  return Math.round((0.5 + Math.random() / 2) * spreadOf(streams));
}

/** The time over which streams that end together come back, ms: it grows with their number. */
function spreadOf(streams: number): number {
  return Math.min(Math.max(streams * RETURN_SPACING_MS, MIN_SPREAD_MS), MAX_SPREAD_MS);
}

/** Where refusals are counted. */
interface Tally {
  readonly counts: { refused: number };
}

/** The client that wants a stream. */
export interface Arrival {
  user: string;
  address: string;
}

/** The present state of admission, for the health page. */
export interface AdmissionState {
  /** full: this isolate accepts no more streams from anybody. */
  state: "open" | "full";
  open: number;
  limit: number;
  limit_per_address: number;
  limit_per_user: number;
  /** Refusals of the last minute, by the limit that was reached. */
  refused_last_minute: Record<Limit, number>;
}

/**
 * Decides whether an isolate accepts one more stream: there is a limit for all streams, for one address and for one
 * user. One user cannot keep out another. Late delivery is measured but is no reason to refuse, because a refused
 * client comes back and costs more than a stream that waits.
 */
export class Admission {
  readonly #stats: Tally;
  readonly #byAddress = new Map<string, number>();
  readonly #byUser = new Map<string, number>();
  #refusals: { at: number; limit: Limit }[] = [];
  #open = 0;

  constructor(stats: Tally) {
    this.#stats = stats;
  }

  get open(): number {
    return this.#open;
  }

  /**
   * When one stream of this isolate comes back after it has ended, ms: a random instant within the time for all of
   * them.
   */
  retryMs(): number {
    return retryMs(this.#open);
  }

  /**
   * The same for the `retry:` field, ms. Some clients wait exactly so long and others at most so long; neither kind may
   * come back all at once.
   */
  retryHint(): number {
    return retryHint(this.#open);
  }

  /** Takes a place. `leave` returns it; a second call does no harm. */
  enter(env: Env, { user, address }: Arrival, now: number): Result<{ leave: () => void }> {
    if (this.#open >= maxStreams(env)) return this.#refuse("isolate", now);
    if ((this.#byAddress.get(address) ?? 0) >= maxPerAddress(env)) return this.#refuse("address", now);
    if ((this.#byUser.get(user) ?? 0) >= MAX_PER_USER) return this.#refuse("user", now);
    this.#open += 1;
    count(this.#byAddress, address, 1);
    count(this.#byUser, user, 1);
    let isHeld = true;
    const leave = () => {
      if (!isHeld) return;
      isHeld = false;
      this.#open -= 1;
      count(this.#byAddress, address, -1);
      count(this.#byUser, user, -1);
    };
    return ok({ leave });
  }

  /** What admission does now. */
  state(env: Env, now: number): AdmissionState {
    const recent = this.#refusals.filter(({ at }) => now - at < REFUSED_RECENTLY_MS);
    const of = (limit: Limit) => recent.filter((refusal) => refusal.limit === limit).length;
    return {
      state: this.#open >= maxStreams(env) ? "full" : "open",
      open: this.#open,
      limit: maxStreams(env),
      limit_per_address: maxPerAddress(env),
      limit_per_user: MAX_PER_USER,
      refused_last_minute: { isolate: of("isolate"), address: of("address"), user: of("user") },
    };
  }

  #refuse(limit: Limit, now: number): { ok: false; refusal: Refusal } {
    this.#stats.counts.refused += 1;
    // The refusals of a minute, and not more than the health page shows.
    this.#refusals = [
      ...this.#refusals.slice(-999).filter(({ at }) => now - at < REFUSED_RECENTLY_MS),
      { at: now, limit },
    ];
    const retry_after = RETRY_SECONDS + Math.ceil(this.retryMs() / 1_000);
    if (limit === "isolate") {
      return refuse("unavailable", { detail: "There are too many streams right now.", retry_after });
    }
    const detail =
      limit === "address"
        ? "There are too many streams from this address."
        : "There are too many streams of this user.";
    return refuse("rate_limited", { detail, retry_after });
  }
}

function maxStreams(env: Env): number {
  return limitOf(env.MAX_STREAMS, DEFAULT_MAX_STREAMS);
}

function maxPerAddress(env: Env): number {
  return limitOf(env.MAX_STREAMS_PER_ADDRESS, DEFAULT_MAX_PER_ADDRESS);
}

function count(counts: Map<string, number>, name: string, change: number): void {
  const left = (counts.get(name) ?? 0) + change;
  if (left > 0) counts.set(name, left);
  else counts.delete(name);
}

function limitOf(value: string | undefined, fallback: number): number {
  const limit = Number(value);
  return Number.isInteger(limit) && limit > 0 ? limit : fallback;
}
