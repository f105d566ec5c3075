import type { EventsHealth, PublishEvents, PublishedEvents } from "./api-types.ts";
import type { LatchkeyEvent } from "./event-types.ts";
import type { Answer } from "./operations.ts";
import { queryOf } from "./query.ts";
import type { Result } from "./rest/result.ts";
import type { Transport } from "./rest/transport.ts";
import { type GetToken, orAborted } from "./token.ts";

export type SseToken = Answer<"/api/v1/auth/sse-token", "post">;

/** A page of the history; its events are distinguished by their types. */
export type HistoryPage = Omit<Answer<"/api/v1/events/history", "get">, "results"> & { results: LatchkeyEvent[] };

export interface StreamOpening {
  signal?: AbortSignal;
  /** A name of this page or device: its own earlier stream goes for the new one. */
  client?: string;
  /** Refused with 429 when another stream that answers would have to go. */
  ifRoom?: boolean;
}

export interface HistoryPoll {
  cursor: string | null;
  etag: string | null;
  /** Ask for a new bearer token: the last one was refused. */
  refresh: boolean;
  signal: AbortSignal;
}

export type Preferences = Answer<"/api/v1/events/preferences", "get">;

/** An event to publish. A `key` makes a retry harmless; only `task.progress-updated` may leave it out. */
export type PublishedEvent = PublishEvents["events"][number];
export type PublishAnswer = PublishedEvents;

/** Events asked for in one poll: a day's backlog in few requests, and no answer too large for a phone. */
const POLL_LIMIT = 200;

/** The calls of the event service (docs/developers/events.md). */
export class EventsApi {
  readonly #transport: Transport;
  readonly #getToken: GetToken;

  constructor(transport: Transport, getToken: GetToken) {
    this.#transport = transport;
    this.#getToken = getToken;
  }

  /** Asks for the token that opens one stream. Not repeated here: the stream has its own back-off. */
  mintToken(signal?: AbortSignal): Promise<Result<SseToken>> {
    return this.#transport.call({ method: "POST", path: "/api/v1/auth/sse-token", isRepeatable: false, signal });
  }

  /** Opens the stream after a cursor. The cursor goes in the address: a header would cost a CORS preflight each time. */
  openStream(token: string, cursor: string | null, how: StreamOpening = {}): Promise<Response> {
    const query = {
      sse_token: token,
      last_event_id: cursor,
      client: how.client,
      if_room: how.ifRoom === true ? true : undefined,
    };
    const headers = { accept: "text/event-stream" };
    const path = `/api/v1/events/stream${queryOf(query)}`;
    return this.#transport.send({ method: "GET", path, headers, signal: how.signal }, null);
  }

  /** The address of the stream as a WebSocket, after a cursor. */
  socketAddress(token: string, cursor: string | null, how: Omit<StreamOpening, "signal"> = {}): string {
    const query = {
      sse_token: token,
      last_event_id: cursor,
      client: how.client,
      if_room: how.ifRoom === true ? true : undefined,
    };
    const address = this.#transport.address(`/api/v1/events/socket${queryOf(query)}`);
    const page = typeof location === "undefined" ? undefined : location.href;
    // From http to ws and from https to wss.
    return new URL(address, page).href.replace(/^http/, "ws");
  }

  /** One page of what happened after a cursor, without a cursor from the oldest event kept. */
  history(input: { sinceId?: string | null; limit?: number; signal?: AbortSignal } = {}): Promise<Result<HistoryPage>> {
    const path = historyPath(input.sinceId ?? null, input.limit);
    return this.#transport.call({ method: "GET", path, isRepeatable: true, signal: input.signal });
  }

  /** The history as polling asks for it: a 304 passes through, and nothing is repeated. */
  async pollHistory(poll: HistoryPoll): Promise<Response> {
    const headers: Record<string, string> = poll.etag === null ? {} : { "if-none-match": poll.etag };
    const token = await orAborted(this.#getToken(poll.refresh ? { refresh: true } : undefined), poll.signal);
    const path = historyPath(poll.cursor, POLL_LIMIT);
    return this.#transport.send({ method: "GET", path, headers, signal: poll.signal }, token);
  }

  /** Which events this user wants. */
  preferences(signal?: AbortSignal): Promise<Result<Preferences>> {
    return this.#transport.call({ method: "GET", path: "/api/v1/events/preferences", isRepeatable: true, signal });
  }

  /** Replaces the preferences. */
  setPreferences(preferences: Preferences): Promise<Result<Preferences>> {
    const path = "/api/v1/events/preferences";
    return this.#transport.call({ method: "PUT", path, body: preferences, isRepeatable: true });
  }

  /** Publishes events (services and admins). Repeated on failure only when every event carries a key. */
  publish(events: PublishedEvent[]): Promise<Result<PublishAnswer>> {
    const isRepeatable = events.every((event) => event.key !== undefined);
    return this.#transport.call({ method: "POST", path: "/api/v1/events/publish", body: { events }, isRepeatable });
  }

  /** State of the event service (services and admins). */
  health(): Promise<Result<EventsHealth>> {
    return this.#transport.call({ method: "GET", path: "/api/v1/events/health", isRepeatable: true });
  }
}

function historyPath(cursor: string | null, limit?: number): string {
  return `/api/v1/events/history${queryOf({ since_id: cursor, limit })}`;
}
