import type { EventLevel, EventPriority, EventType, LatchkeyEvent } from "./event-types.ts";
import type { Result } from "./rest/result.ts";
import type { Transport } from "./rest/transport.ts";
import { type GetToken, orAborted } from "./token.ts";

export interface SseToken {
  sse_token: string;
  expires_in: number;
  stream_url: string;
}

export interface HistoryPage {
  results: LatchkeyEvent[];
  /** Where to go on, by polling or by a stream. */
  cursor: string;
  /** The same when more is waiting now, else null. */
  next_cursor: string | null;
  recovered: boolean;
  reset_reason: "expired" | "unknown" | "rewound" | null;
}

export interface HistoryPoll {
  cursor: string | null;
  etag: string | null;
  /** Ask for a new bearer token: the last one was refused. */
  refresh: boolean;
  signal: AbortSignal;
}

export interface Preferences {
  min_level: EventLevel;
  min_priority: EventPriority;
  muted_types: EventType[];
}

export interface PublishedEvent {
  /** Makes a retry harmless; only `task.progress-updated` may leave it out. */
  key?: string;
  to: { user: string } | { users: string[] } | { everyone: true; roles?: string[] };
  type: EventType;
  data: unknown;
  level?: EventLevel;
  priority?: EventPriority;
}

export interface PublishAnswer {
  results: {
    key: string | null;
    user?: string;
    status: "stored" | "duplicate" | "coalesced" | "merged" | "unavailable";
    id: string | null;
  }[];
}

/** Events asked for in one poll: a day's backlog in few requests, and no answer too large for a phone. */
const POLL_LIMIT = 200;

/** The calls of the event service (docs/events.md). */
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
  openStream(token: string, cursor: string | null, signal?: AbortSignal): Promise<Response> {
    const query = new URLSearchParams({ sse_token: token });
    if (cursor !== null) query.set("last_event_id", cursor);
    const headers = { accept: "text/event-stream" };
    return this.#transport.send({ method: "GET", path: `/api/v1/events/stream?${query}`, headers, signal }, null);
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

  /** What this user wants to hear of. */
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
  health(): Promise<Result<Record<string, unknown>>> {
    return this.#transport.call({ method: "GET", path: "/api/v1/events/health", isRepeatable: true });
  }
}

function historyPath(cursor: string | null, limit?: number): string {
  const query = new URLSearchParams();
  if (cursor !== null) query.set("since_id", cursor);
  if (limit !== undefined) query.set("limit", String(limit));
  return `/api/v1/events/history${query.size === 0 ? "" : `?${query}`}`;
}
