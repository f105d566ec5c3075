import type { Clock } from "../clock.ts";
import type { GetToken } from "../token.ts";
import type { KeyValueStorage } from "./cursor-store.ts";
import type { Surroundings } from "./surroundings.ts";

/** Every duration of the stream, in milliseconds. */
export interface Timing {
  /** A token must be there within this time. */
  tokenTimeout: number;
  /**
   * The stream's first byte must be there within this time: a proxy that buffers would never show one. Twice as long with
   * each opening that showed none, up to `firstByteMax`: a slow network is no such proxy.
   */
  firstByte: number;
  firstByteMax: number;
  /** Silence that means the connection is dead: two heartbeats of 25 s and some slack. */
  heartbeatLate: number;
  /** Over a socket: between two questions for a sign of life. */
  socketBeat: number;
  /** A stream that lived this long was a good one: the count of failures starts again. */
  stableAfter: number;
  /** First bound of the back-off, until the server says `retry:`. */
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
  /** Evicted: first and longest wait before it is asked whether there is room again. */
  returnMin: number;
  returnMax: number;
  /** Evicted: between two requests for the history. */
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

/** Answers in a row that are no stream, after which no stream is asked for any more. */
export const UNUSABLE_TRIES = 3;

/** Tries to reconnect before polling takes over. */
export const RECONNECT_TRIES = 5;

export interface EventStreamOptions {
  /** Origin of the API, without `/api/v1`. */
  baseUrl: string;
  getToken: GetToken;
  /**
   * `auto` (default) holds a socket, falls back to a stream of Server-Sent Events, and then to polling; `sse` streams
   * and does nothing else; `polling` polls. All deliver the same events, so they can be compared by configuration.
   */
  mode?: "auto" | "sse" | "polling";
  /**
   * Topics to bring beside the user's own events: `course:<course>`, `cohort:<course>/<cohort>`, `task:<task>`. One to which
   * the user has no right is reported to `onError` and left out from then on.
   */
  topics?: readonly string[];
  /** Whose events these are; default: the `sub` of the token. Keeps cursors and leaders of users apart. */
  user?: string;
  /** Where the cursor outlives a reload; default `localStorage`. */
  storage?: KeyValueStorage;
  /** Tabs of this name, and of the same topics, share one stream; default "latchkey". */
  channelName?: string;
  fetch?: typeof fetch;
  /** Opens sockets; default: the platform's `WebSocket`, where it has one. Null: none are opened. */
  webSocket?: SocketConstructor | null;
  /** Seconds hidden after which a phone closes the stream until it is looked at; false: never. Default 30. */
  pauseWhenHidden?: number | false;
  /** Ids remembered against duplicates; default 1,000. */
  dedupeSize?: number;
  /** Called with errors of handlers and of frames that could not be read; default: the console. */
  onError?: (fault: unknown) => void;
  timing?: Partial<Timing>;
  now?: () => number;
  random?: () => number;
  /** Replaces all of time; `now` and `random` win over its own. */
  clock?: Clock;
  /** Replaces what is known of the browser, part by part. */
  surroundings?: Partial<Surroundings>;
}
