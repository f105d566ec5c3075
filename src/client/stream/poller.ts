import { type Clock, retryAfter } from "../clock.ts";
import { isEnvelope, type ResetNotice } from "../event-types.ts";
import type { EventsApi, HistoryPage } from "../events-api.ts";
import { reasonOf } from "./control-frames.ts";
import type { Timing } from "./options.ts";

/** The result of one request for the history. */
export type PollOutcome =
  | { kind: "page"; page: HistoryPage; notice: ResetNotice | null }
  | { kind: "unchanged" }
  | { kind: "failed"; status: number; waitMs: number | null };

/**
 * Requests the history with its ETag and decides how long to wait: short while there is news, longer and longer
 * without.
 */
export class Poller {
  readonly #events: EventsApi;
  readonly #clock: Clock;
  readonly #timing: Timing;
  #etag: { cursor: string | null; value: string } | null = null;
  #refresh = false;
  #interval: number;

  constructor(events: EventsApi, clock: Clock, timing: Timing) {
    this.#events = events;
    this.#clock = clock;
    this.#timing = timing;
    this.#interval = timing.pollMin;
  }

  /** Milliseconds until the next request. */
  get interval(): number {
    return this.#interval;
  }

  /** One request after the cursor; never rejects. */
  async ask(cursor: string | null, signal: AbortSignal): Promise<PollOutcome> {
    const leash = new AbortController();
    const pull = () => leash.abort();
    const cancel = this.#clock.after(this.#timing.tokenTimeout, pull);
    signal.addEventListener("abort", pull);
    try {
      const etag = this.#etag?.cursor === cursor ? this.#etag.value : null;
      const response = await this.#events.pollHistory({ cursor, etag, refresh: this.#refresh, signal: leash.signal });
      return await this.#judge(response, cursor);
    } catch {
      return this.#fail(0, null);
    } finally {
      cancel();
      signal.removeEventListener("abort", pull);
    }
  }

  /** Starts again with the shortest wait. */
  hurry(): void {
    this.#interval = this.#timing.pollMin;
  }

  async #judge(response: Response, cursor: string | null): Promise<PollOutcome> {
    if (response.status === 304) {
      this.#slowDown();
      return { kind: "unchanged" };
    }
    this.#refresh = response.status === 401;
    if (response.status !== 200) return this.#fail(response.status, retryAfter(response.headers, this.#clock.now()));
    const page: unknown = await response.json();
    if (!isPage(page)) return this.#fail(response.status, null);
    const etag = response.headers.get("etag");
    this.#etag = etag === null ? null : { cursor, value: etag };
    if (page.results.length === 0 && page.next_cursor === null) this.#slowDown();
    else this.hurry();
    const notice: ResetNotice | null = page.recovered ? null : { reason: reasonOf(page.reset_reason), scope: "both" };
    return { kind: "page", page, notice };
  }

  #fail(status: number, waitMs: number | null): PollOutcome {
    this.#slowDown();
    return { kind: "failed", status, waitMs };
  }

  #slowDown(): void {
    this.#interval = Math.min(this.#timing.pollMax, this.#interval * 1.5);
  }
}

function isPage(value: unknown): value is HistoryPage {
  if (typeof value !== "object" || value === null) return false;
  if (!("results" in value) || !Array.isArray(value.results) || !value.results.every(isEnvelope)) return false;
  return "cursor" in value && typeof value.cursor === "string" && "next_cursor" in value && "recovered" in value;
}
