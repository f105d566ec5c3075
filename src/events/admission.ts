import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";

const DEFAULT_MAX_STREAMS = 4_000;
const DEFAULT_MAX_PER_ADDRESS = 200;
/** Streams one user may have here, those that are saying goodbye included: a channel keeps two open. */
const MAX_PER_USER = 50;
/** Those who come back after a restart are spread so that each stream has this much time to itself, ms. */
const RETURN_SPACING_MS = 40;
/** The shortest and the longest time over which they are spread. */
const MIN_SPREAD_MS = 4_000;
const MAX_SPREAD_MS = 30_000;
/** A refused client waits at least this long, seconds. */
const RETRY_SECONDS = 2;
/** How long a refusal shows in the health page, ms. */
const REFUSED_RECENTLY_MS = 60_000;

/** Why a stream was not taken. */
const LIMITS = ["isolate", "address", "user"] as const;
type Limit = (typeof LIMITS)[number];

/** When one of so many streams that end together comes back, ms: anywhere within the time they all have. */
export function retryMs(streams: number): number {
  return Math.round(Math.random() * spreadOf(streams));
}

/** What one of so many streams says in `retry`, ms; see {@link Admission.retryHint}. */
export function retryHint(streams: number): number {
  return Math.round((0.5 + Math.random() / 2) * spreadOf(streams));
}

/** The time over which streams come back that end together, ms: in proportion to how many there are. */
function spreadOf(streams: number): number {
  return Math.min(Math.max(streams * RETURN_SPACING_MS, MIN_SPREAD_MS), MAX_SPREAD_MS);
}

/** Where refusals are counted. */
interface Tally {
  readonly counts: { refused: number };
}

/** Who wants a stream. */
export interface Arrival {
  user: string;
  address: string;
}

/** What admission does now, for the health page. */
export interface AdmissionState {
  /** full: this isolate takes no more streams of anybody. */
  state: "open" | "full";
  open: number;
  limit: number;
  limit_per_address: number;
  limit_per_user: number;
  /** Refusals of the last minute, by what was full. */
  refused_last_minute: Record<Limit, number>;
}

/**
 * Decides whether an isolate takes one more stream: at most so many in all, from one address and of one user. Nothing
 * that one of them does keeps out another: how late events are delivered is measured, and is no reason to refuse,
 * because who is refused comes back and costs more than a stream that waits.
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

  /** When one stream of this isolate comes back after it has ended, ms: anywhere within the time they all have. */
  retryMs(): number {
    return retryMs(this.#open);
  }

  /**
   * The same for the `retry:` field, ms. Some clients wait exactly so long and others up to so long, and neither may all
   * come at once.
   */
  retryHint(): number {
    return retryHint(this.#open);
  }

  /** Takes a place. `leave` gives it back; harmless to repeat. */
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
    // A minute's refusals, and no more of them than would ever be looked at.
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
