import { runCron } from "./runtime.ts";

/** The crons of wrangler.toml; a test compares the two. */
export const EVERY_MINUTE = "* * * * *";
export const NIGHTLY = "0 2 * * *";

const MINUTE_MS = 60_000;
/** Hour of the nightly run, UTC. */
const NIGHTLY_HOUR = 2;

/** The crons that are due in the minute that begins at `instant` (epoch milliseconds). */
export function dueCrons(instant: number): string[] {
  const time = new Date(instant);
  const isNightly = time.getUTCHours() === NIGHTLY_HOUR && time.getUTCMinutes() === 0;
  return isNightly ? [EVERY_MINUTE, NIGHTLY] : [EVERY_MINUTE];
}

/** The first full minute after `instant`, epoch milliseconds. */
export function nextMinute(instant: number): number {
  return (Math.floor(instant / MINUTE_MS) + 1) * MINUTE_MS;
}

/**
 * Fires the crons as production does, on the minute, until it is stopped. A failing run is reported and does not keep
 * the next from firing; a minute in which the machine slept is skipped, as the platform would skip it.
 */
export function driveCrons(url: string, onFault: (fault: unknown) => void): { stop(): void } {
  let timer: NodeJS.Timeout;
  let stopped = false;
  const arm = () => {
    if (stopped) return;
    const due = nextMinute(Date.now());
    timer = setTimeout(() => {
      for (const cron of dueCrons(due)) {
        runCron(url, cron).catch((fault: unknown) => {
          if (!stopped) onFault(fault);
        });
      }
      // The timer may fire a moment early; counting from `due` keeps a minute from firing twice.
      setTimeout(arm, Math.max(0, due - Date.now()) + 1).unref();
    }, due - Date.now());
  };
  arm();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
