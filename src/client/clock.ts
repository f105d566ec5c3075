/** Time and randomness, so that a test can control them. */
export interface Clock {
  now(): number;
  /** At least 0, below 1. */
  random(): number;
  /** Calls back once after this many milliseconds. The returned function cancels. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The clock of the platform. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    after: (milliseconds, callback) => {
      const timer = setTimeout(callback, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}

/** Waits, or returns at once if the signal is aborted; never rejects. */
export function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(milliseconds, done);
    signal.addEventListener("abort", done);
  });
}

/** Full jitter: any time between zero and a bound that doubles with each failure, up to a limit. */
export function fullJitter(clock: Clock, base: number, cap: number, failures: number): number {
  return clock.random() * Math.min(cap, base * 2 ** Math.max(0, failures - 1));
}

/** Milliseconds of a `Retry-After` header, in seconds or as a date; null without a usable one. */
export function retryAfter(headers: Headers, now: number): number | null {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined || value === "") return null;
  if (/^[0-9]+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
