import type { Clock } from "../clock.ts";
import type { GetToken } from "../token.ts";
import type { KeyValueStorage } from "./cursor-store.ts";
import type { Surroundings } from "./surroundings.ts";

/** Every duration of the stream, in milliseconds. */
export interface Timing {
  /** The token must arrive within this time. */
  tokenTimeout: number;
  /**
   * The stream's first byte must arrive within this time, because a proxy that buffers would never send one. It doubles
   * with each opening without a byte, up to `firstByteMax`, because a slow network is not such a proxy.
   */
  firstByte: number;
  firstByteMax: number;
  /** A connection that is silent for this time is dead: two heartbeats of 25 s and some tolerance. */
  heartbeatLate: number;
  /** For a socket: the time between two pings. */
  socketBeat: number;
  /** A stream that lived this long counts as good: the count of failures starts again. */
  stableAfter: number;
  /** First bound of the wait between tries, until the server sends `retry:`. */
  backoffBase: number;
  backoffCap: number;
  /** Polling: shortest and longest wait between two requests. */
  pollMin: number;
  pollMax: number;
  /** Polling: first and longest wait before the stream is tried again. */
  probeMin: number;
  probeMax: number;
  /** Longest `Retry-After` that is accepted. */
  retryAfterMax: number;
  /** Evicted: first and longest wait before asking whether there is room again. */
  returnMin: number;
  returnMax: number;
  /** Evicted: time between two requests for the history. */
  evictedPoll: number;
}

export const DEFAULT_TIMING: Timing = {
  tokenTimeout: 30_000,
  firstByte: 10_000,
  firstByteMax: 40_000,
  heartbeatLate: 55_000,
  socketBeat: 20_000,
  stableAfter: 5_000,
  backoffBase: 500,
  backoffCap: 30_000,
  pollMin: 2_000,
  pollMax: 30_000,
  probeMin: 30_000,
  probeMax: 300_000,
  retryAfterMax: 300_000,
  returnMin: 60_000,
  returnMax: 300_000,
  evictedPoll: 30_000,
};

/** What opens a WebSocket. */
export type SocketConstructor = new (address: string) => WebSocket;

/** After this many answers in a row that are no stream, none is requested any more. */
export const UNUSABLE_TRIES = 3;

/** Tries to reconnect before polling takes over. */
export const RECONNECT_TRIES = 5;

export interface EventStreamOptions {
  /** Origin of the API, without `/api/v1`. */
  baseUrl: string;
  getToken: GetToken;
  /**
   * `auto` (default) uses a socket, falls back to a stream of Server-Sent Events, and then to polling; `sse` only
   * streams; `polling` only polls. All deliver the same events, so they can be compared by configuration.
   */
  mode?: "auto" | "sse" | "polling";
  /**
   * Topics in addition to the user's own events: `course:<course>`, `cohort:<course>/<cohort>`, `task:<task>`. A topic
   * to which the user has no right is reported to `onError` and then left out.
   */
  topics?: readonly string[];
  /** Whose events these are; default: the `sub` of the token. Separates the cursors and leaders of different users. */
  user?: string;
  /** Storage for the cursor across reloads; default `localStorage`. */
  storage?: KeyValueStorage;
  /** Tabs with this name and the same topics share one stream; default "latchkey". */
  channelName?: string;
  fetch?: typeof fetch;
  /** Opens sockets; default: the platform's `WebSocket`, if it has one. Null: no sockets. */
  webSocket?: SocketConstructor | null;
  /** After this many seconds hidden, a phone closes the stream until it is visible again; false: never. Default 30. */
  pauseWhenHidden?: number | false;
  /** Number of ids remembered to find duplicates; default 1,000. */
  dedupeSize?: number;
  /** Called with errors of handlers and of frames that could not be read; default: the console. */
  onError?: (fault: unknown) => void;
  timing?: Partial<Timing>;
  now?: () => number;
  random?: () => number;
  /** Replaces the whole clock; `now` and `random` have priority over its own. */
  clock?: Clock;
  /** Replaces parts of what is known about the browser. */
  surroundings?: Partial<Surroundings>;
}
