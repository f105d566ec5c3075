import type { EventsHealth, PublishEvents, PublishedEvents } from "./api-types.ts";
import type { LatchkeyEvent } from "./event-types.ts";
import type { Answer } from "./operations.ts";
import { queryOf } from "./query.ts";
import type { Result } from "./rest/result.ts";
import type { Transport } from "./rest/transport.ts";
import { type GetToken, orAborted } from "./token.ts";

export type SseToken = Answer<"/api/v1/auth/sse-token", "post">;

/** A page of the history; the types of its events distinguish them. */
export type HistoryPage = Omit<Answer<"/api/v1/events/history", "get">, "results"> & { results: LatchkeyEvent[] };

export interface StreamOpening {
  signal?: AbortSignal;
  /** A name of this page or device: a new stream with the same name replaces its earlier one. */
  client?: string;
  /** Refused with 429 if a working stream would have to end for this one. */
  ifRoom?: boolean;
}

export interface HistoryPoll {
  cursor: string | null;
  etag: string | null;
  /** Ask for a new bearer token, because the last one was refused. */
  refresh: boolean;
  signal: AbortSignal;
}

export type Preferences = Answer<"/api/v1/events/preferences", "get">;

/** An event to publish. A `key` makes a retry harmless; only `task.progress-updated` may leave it out. */
export type PublishedEvent = PublishEvents["events"][number];
export type PublishAnswer = PublishedEvents;

/** Topics for streams and polls, and what to do if some are refused. */
export interface TopicWish {
  names: readonly string[];
  onRefused: (names: readonly string[]) => void;
}

const NO_TOPICS: TopicWish = { names: [], onRefused: () => undefined };
/** The field for a refused one in the problem document. */
const REFUSED_TOPIC = /^topics\[(\d+)\]$/;

/** Events in one poll: a day's backlog needs few requests, and no answer is too large for a phone. */
const POLL_LIMIT = 200;

/** The calls of the event service (docs/developers/events.md). */
export class EventsApi {
  readonly #transport: Transport;
  readonly #getToken: GetToken;
  readonly #onRefused: TopicWish["onRefused"];
  #topics: readonly string[];

  constructor(transport: Transport, getToken: GetToken, topics: TopicWish = NO_TOPICS) {
    this.#transport = transport;
    this.#getToken = getToken;
    this.#topics = topics.names;
    this.#onRefused = topics.onRefused;
  }

  /**
   * Asks for the token that opens one stream. Topics without a right are left out, and it asks again without them.
   * Nothing else is repeated here, because the stream waits and repeats by itself.
   */
  async mintToken(signal?: AbortSignal): Promise<Result<SseToken>> {
    const path = "/api/v1/auth/sse-token";
    const body = this.#topics.length === 0 ? {} : { body: { topics: this.#topics } };
    const minted = await this.#transport.call<SseToken>({ method: "POST", path, ...body, isRepeatable: false, signal });
    if (minted.ok || minted.problem.status !== 403 || this.#topics.length === 0) return minted;
    const refused = (minted.problem.errors ?? [])
      .flatMap(({ path: at }) => REFUSED_TOPIC.exec(at)?.[1] ?? [])
      .map(Number);
    if (refused.length === 0) return minted;
    this.#dropTopics((_name, index) => refused.includes(index));
    return this.mintToken(signal);
  }

  #dropTopics(isRefused: (name: string, index: number) => boolean): void {
    const gone = this.#topics.filter(isRefused);
    this.#topics = this.#topics.filter((name) => !gone.includes(name));
    this.#onRefused(gone);
  }

  /**
   * Opens the stream after a cursor. The cursor is in the address, because a header would cost a CORS preflight each
   * time.
   */
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

  /** One page of the events after a cursor; without a cursor, from the oldest stored event. */
  history(input: { sinceId?: string | null; limit?: number; signal?: AbortSignal } = {}): Promise<Result<HistoryPage>> {
    const path = historyPath(input.sinceId ?? null, input.limit, this.#topics);
    return this.#transport.call({ method: "GET", path, isRepeatable: true, signal: input.signal });
  }

  /** The history for polling: a 304 is passed on, and nothing is repeated. */
  async pollHistory(poll: HistoryPoll): Promise<Response> {
    const headers: Record<string, string> = poll.etag === null ? {} : { "if-none-match": poll.etag };
    const token = await orAborted(this.#getToken(poll.refresh ? { refresh: true } : undefined), poll.signal);
    const path = historyPath(poll.cursor, POLL_LIMIT, this.#topics);
    const answer = await this.#transport.send({ method: "GET", path, headers, signal: poll.signal }, token);
    if (answer.status !== 403 || this.#topics.length === 0) return answer;
    // With topics in the request, only these can be refused: users always have a right to their own events.
    this.#dropTopics(() => true);
    return this.pollHistory({ ...poll, refresh: false });
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

  /** Publishes events (services and admins). Repeated after a failure only if every event has a key. */
  publish(events: PublishedEvent[]): Promise<Result<PublishAnswer>> {
    const isRepeatable = events.every((event) => event.key !== undefined);
    return this.#transport.call({ method: "POST", path: "/api/v1/events/publish", body: { events }, isRepeatable });
  }

  /** State of the event service (services and admins). */
  health(): Promise<Result<EventsHealth>> {
    return this.#transport.call({ method: "GET", path: "/api/v1/events/health", isRepeatable: true });
  }
}

function historyPath(cursor: string | null, limit: number | undefined, topics: readonly string[]): string {
  const named = topics.length === 0 ? undefined : topics.join(",");
  return `/api/v1/events/history${queryOf({ since_id: cursor, limit, topics: named })}`;
}
