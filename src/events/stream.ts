import { logEvent, logFault } from "../ops/logging.ts";
import { seriesKey } from "../ops/metrics/catalog.ts";
import { meter } from "../ops/metrics/meter.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import type { Role } from "../shared/roles.ts";
import { Admission } from "./admission.ts";
import { type Cursor, formatCursor } from "./cursor.ts";
import { FrameQueue, ROOMY_BYTES } from "./frame-queue.ts";
import { frame, preamble } from "./frames.ts";
import { close } from "./sockets.ts";
import { StreamStats } from "./stream-stats.ts";
import { broadcastShardStub, channelStub, shardOf } from "./stubs.ts";
import { STREAM_TOKEN_REFUSED, type StreamToken } from "./tokens.ts";
import {
  DEFAULT_PREFERENCES,
  type LoggedEvent,
  type Position,
  type Preferences,
  passes,
  renderEnvelope,
} from "./types.ts";
import {
  askForMore,
  HEAD_REQUEST,
  JOIN_HEADER,
  type Join,
  type JoinRequest,
  type LogMessage,
  readHead,
  readMessage,
} from "./wire.ts";

/** Bytes between the queue and the connection. Counted in bytes, so that writing waits for the reader. */
const PIPE_BYTES = 64 * 1_024;
/** How long a reader that is being told goodbye may take to read it. */
const GOODBYE_MS = 10_000;
/** Clients wait this long before they reconnect, plus as much again at random. */
const RETRY_MS = 2_000;
const DEFAULT_HEARTBEAT_SECONDS = 20;
const DEFAULT_LIFETIME_SECONDS = 1_800;

/** This isolate's streams. */
export const stats = new StreamStats();
export const admission = new Admission(stats);
meter.watch(function* () {
  const { delivered, collapsed: _collapsed, ...streams } = stats.counts;
  yield [seriesKey("events_delivered_total", []), delivered];
  for (const [what, count] of Object.entries(streams)) yield [seriesKey("event_streams_total", [what]), count];
});

export interface StreamRequest {
  token: StreamToken;
  /** The client's cursor; null when it has none, "unknown" when it sent something that is none. */
  cursor: Cursor | null | "unknown";
  address: string;
  signal: AbortSignal;
}

/**
 * Opens a stream: joins the user's channel (which burns the token) and the user's share of the broadcasts, and answers
 * with the response whose body is the stream.
 */
export async function openStream(env: Env, request: StreamRequest): Promise<Result<Response>> {
  const now = Date.now();
  const place = admission.enter(env, request.address, now);
  if (!place.ok) return place;
  const { token, cursor } = request;
  const sockets: WebSocket[] = [];
  try {
    const start = cursor === "unknown" ? null : cursor;
    const { id, expires_at, session } = token;
    const [channel, broadcasts] = await Promise.all([
      join(channelStub(env, token.user), { after: start?.user ?? null, token: { id, expires_at, session } }),
      join(broadcastShardStub(env, shardOf(env, token.user)), { after: start?.broadcast ?? null }),
    ]);
    for (const { webSocket } of [channel, broadcasts]) if (webSocket !== null) sockets.push(webSocket);
    if (channel.status === 401) return abandon(STREAM_TOKEN_REFUSED);
    const [own, all] = sockets;
    if (own === undefined || all === undefined) {
      return abandon(refuse("unavailable", { detail: "The events could not be reached.", retry_after: 1 }));
    }
    const stream = new LiveStream(env, request, { user: own, broadcast: all }, place.value);
    return ok(stream.response());
  } catch (fault) {
    logFault("stream_not_opened", fault);
    return abandon(refuse("unavailable", { detail: "The events could not be reached.", retry_after: 1 }));
  }

  function abandon<T>(refusal: T): T {
    if (place.ok) place.value();
    for (const socket of sockets) {
      socket.accept();
      close(socket);
    }
    stats.counts.refused += 1;
    return refusal;
  }
}

async function join(
  stub: DurableObjectStub,
  request: JoinRequest,
): Promise<{ status: number; webSocket: WebSocket | null }> {
  const headers = { upgrade: "websocket", [JOIN_HEADER]: JSON.stringify(request) };
  return stub.fetch("https://log/join", { headers });
}

/** One of the two logs a stream reads. */
interface Source {
  readonly name: "user" | "broadcast";
  readonly socket: WebSocket;
  join: Join | null;
  /** Up to where events were taken over. */
  position: Position;
  /** The log's head as it was last heard of. */
  head: Position;
  /** Messages that came before both logs had answered. */
  early: LogMessage[];
  /** There is a next page, to be asked for when the reader has room. */
  hasMore: boolean;
  /** A question for the head stands open. */
  isAsked: boolean;
  /** Beats at which the head was ahead of the position, in a row. */
  behindBeats: number;
}

const NOWHERE: Position = { epoch: "", seq: 0 };

function sourceOf(name: Source["name"], socket: WebSocket): Source {
  return {
    name,
    socket,
    join: null,
    position: NOWHERE,
    head: NOWHERE,
    early: [],
    hasMore: false,
    isAsked: false,
    behindBeats: 0,
  };
}

/** One open stream: merges the two logs into frames, and paces them by what the reader takes. */
class LiveStream {
  readonly #env: Env;
  readonly #request: StreamRequest;
  readonly #leave: () => void;
  readonly #sources: { user: Source; broadcast: Source };
  readonly #role: Role;
  readonly #queue = new FrameQueue();
  readonly #pipe = new IdentityTransformStream({ highWaterMark: PIPE_BYTES });
  readonly #writer = this.#pipe.writable.getWriter();
  readonly #endsAt: number;
  #preferences: Preferences = DEFAULT_PREFERENCES;
  #beat: ReturnType<typeof setTimeout> | null = null;
  #goodbye: ReturnType<typeof setTimeout> | null = null;
  /** Id of the last frame handed to the connection. */
  #takenId: string | null = null;
  /** Where the stream began. */
  #startedFrom = "";
  #isPumping = false;
  #isEnding = false;
  #isClosed = false;

  constructor(env: Env, request: StreamRequest, sockets: { user: WebSocket; broadcast: WebSocket }, leave: () => void) {
    this.#env = env;
    this.#request = request;
    this.#leave = leave;
    this.#role = request.token.role;
    this.#sources = { user: sourceOf("user", sockets.user), broadcast: sourceOf("broadcast", sockets.broadcast) };
    const lifetime = secondsOf(env.STREAM_LIFETIME_SECONDS, DEFAULT_LIFETIME_SECONDS) * 1_000;
    this.#endsAt = Date.now() + lifetime * (0.8 + 0.2 * Math.random());
  }

  response(): Response {
    this.#queue.push({ id: "", bytes: preamble(RETRY_MS * (1 + Math.random())), task: null });
    for (const source of [this.#sources.user, this.#sources.broadcast]) this.#listen(source);
    this.#request.signal.addEventListener("abort", () => this.#close());
    this.#scheduleBeat();
    this.#pump();
    return new Response(this.#pipe.readable, {
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        // no-transform: a compressing proxy would hold events back.
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      },
    });
  }

  #listen(source: Source): void {
    const { socket } = source;
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string" || this.#isEnding) return;
      const head = readHead(data);
      if (head !== null) {
        source.isAsked = false;
        source.head = head;
        return;
      }
      const message = readMessage(data);
      if (message !== null) this.#receive(source, message);
    });
    const lost = () =>
      this.#end("stream.closing", { reason: "restart", retry_ms: Math.round(Math.random() * RETRY_MS) });
    socket.addEventListener("close", lost);
    socket.addEventListener("error", lost);
    socket.accept();
  }

  #receive(source: Source, message: LogMessage): void {
    if (message.t === "join") {
      source.join = message.join;
      source.position = message.join.from;
      source.head = message.join.head;
      if (message.preferences !== undefined) this.#preferences = message.preferences;
      const { user, broadcast } = this.#sources;
      if (user.join !== null && broadcast.join !== null) this.#begin(user.join, broadcast.join);
    } else if (this.#sources.user.join === null || this.#sources.broadcast.join === null) {
      source.early.push(message);
    } else if (message.t === "events") {
      this.#take(source, message.events, message.more);
    } else if (message.t === "preferences") {
      this.#preferences = message.preferences;
    } else if (message.event === "stream.evicted") {
      stats.counts.evicted += 1;
      this.#end("stream.evicted", { reason: message.reason });
    } else {
      this.#end("stream.closing", { reason: "restart", retry_ms: Math.round(Math.random() * RETRY_MS) });
    }
  }

  /** Both logs have answered: the first frame says how the stream starts, then comes what waited. */
  #begin(user: Join, broadcast: Join): void {
    const head = formatCursor({ user: user.head, broadcast: broadcast.head });
    const from = this.#cursor();
    this.#startedFrom = from;
    const { cursor } = this.#request;
    const scope = cursor === "unknown" ? ["user", "broadcast"] : scopeOf(user, broadcast);
    if (cursor === null) {
      stats.counts.opened += 1;
      this.#tell("stream.opened", { head });
    } else if (scope.length > 0) {
      stats.counts.reset += 1;
      const reason = user.gap ?? broadcast.gap ?? "unknown";
      this.#tell("stream.reset", { recovered: false, reason, scope, head });
    } else {
      stats.counts.resumed += 1;
      this.#tell("stream.resumed", { recovered: true, from, head, missed: user.missed + broadcast.missed });
    }
    for (const source of [this.#sources.user, this.#sources.broadcast]) {
      const early = source.early;
      source.early = [];
      for (const message of early) this.#receive(source, message);
    }
  }

  #take(source: Source, events: readonly LoggedEvent[], more: boolean): void {
    const now = Date.now();
    const isLive = source.position.seq >= source.head.seq;
    for (const event of events) {
      if (event.seq <= source.position.seq) continue; // asked for twice
      source.position = { epoch: event.epoch, seq: event.seq };
      if (!passes(event, this.#role, this.#preferences)) continue;
      const id = this.#cursor();
      const task = event.type === "task.progress-updated" ? event.subject : null;
      this.#queue.push({ id, bytes: frame(event.type, id, renderEnvelope(id, event)), task });
      if (isLive) stats.delivered(now - event.at, now);
      else stats.counts.delivered += 1;
    }
    if (source.position.seq > source.head.seq) source.head = source.position;
    source.hasMore = more;
    if (this.#queue.isOverBudget) this.#lag();
    else this.#pump();
  }

  /** The reader is too far behind: what waits is dropped, it is told from where to resume, and let go. */
  #lag(): void {
    stats.counts.lagged += 1;
    this.#queue.clear();
    // Nothing handed over yet: then the client's place is still where it came from.
    const from = this.#takenId ?? this.#startedFrom;
    this.#end("stream.lagged", { resume_from: from }, from);
  }

  #cursor(): string {
    return formatCursor({ user: this.#sources.user.position, broadcast: this.#sources.broadcast.position });
  }

  /** Queues a frame about the stream itself. */
  #tell(event: string, data: object, id: string = this.#startedFrom === "" ? "" : this.#cursor()): void {
    this.#queue.push({ id, bytes: frame(event, id, JSON.stringify(data)), task: null });
    this.#pump();
  }

  /** Writes what waits, as fast as the reader takes it; asks for the next page of replay when there is room. */
  async #pump(): Promise<void> {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    try {
      for (let chunk = this.#queue.take(); chunk !== null; chunk = this.#queue.take()) {
        // Before it is written: what comes after it on the connection comes after it for the client too.
        if (chunk.id !== "") this.#takenId = chunk.id;
        await this.#writer.write(chunk.bytes);
        this.#askForMore();
      }
      this.#askForMore();
      if (this.#isEnding) {
        await this.#writer.close();
        this.#close();
      }
    } catch {
      this.#close(); // the client has gone
    } finally {
      this.#isPumping = false;
    }
    // What was queued while the last write ended.
    if (!this.#isClosed && (!this.#queue.isEmpty || (this.#isEnding && !this.#isClosed))) this.#pump();
  }

  #askForMore(): void {
    if (this.#queue.bytes > ROOMY_BYTES || this.#isEnding) return;
    for (const source of [this.#sources.user, this.#sources.broadcast]) {
      if (!source.hasMore) continue;
      source.hasMore = false;
      this.#send(source, askForMore(source.position.seq));
    }
  }

  #scheduleBeat(): void {
    const mean = secondsOf(this.#env.HEARTBEAT_SECONDS, DEFAULT_HEARTBEAT_SECONDS) * 1_000;
    this.#beat = setTimeout(() => this.#onBeat(), mean * (0.75 + 0.5 * Math.random()));
  }

  /**
   * A heartbeat: finds a client that has gone (the write fails) and an object that has (no answer since the last beat),
   * tells the client how far the logs are, and fetches what this stream should have by now but has not.
   */
  #onBeat(): void {
    if (this.#isClosed) return;
    this.#scheduleBeat();
    if (this.#isEnding) return;
    const now = Date.now();
    meter.pushSoon(this.#env);
    const retry_ms = Math.round(Math.random() * RETRY_MS);
    if (now >= this.#endsAt) {
      this.#end("stream.closing", { reason: "lifetime", retry_ms });
      return;
    }
    const { user, broadcast } = this.#sources;
    if (user.isAsked || broadcast.isAsked) {
      this.#end("stream.closing", { reason: "restart", retry_ms });
      return;
    }
    if (user.join === null || broadcast.join === null) return;
    for (const source of [user, broadcast]) {
      const isBehind = source.head.seq > source.position.seq && !source.hasMore && this.#queue.isEmpty;
      source.behindBeats = isBehind ? source.behindBeats + 1 : 0;
      if (source.behindBeats >= 2) this.#send(source, askForMore(source.position.seq));
      source.isAsked = true;
      this.#send(source, HEAD_REQUEST);
    }
    if (!this.#queue.isEmpty) return; // a slow reader has something to read already
    const head = formatCursor({ user: furthest(user), broadcast: furthest(broadcast) });
    this.#tell("stream.heartbeat", { head, at: new Date(now).toISOString() });
  }

  /** Says goodbye, and closes when the reader has read it or has had its time. */
  #end(event: string, data: object, id?: string): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#isEnding = true;
    this.#goodbye = setTimeout(() => this.#close(), GOODBYE_MS);
    this.#tell(event, data, id);
    // Nothing more is taken: what the logs go on to say is for the stream that comes after this one.
    for (const { socket } of [this.#sources.user, this.#sources.broadcast]) close(socket);
  }

  /** Gives everything back. Harmless to repeat. */
  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#beat !== null) clearTimeout(this.#beat);
    if (this.#goodbye !== null) clearTimeout(this.#goodbye);
    stats.counts.closed += 1;
    stats.counts.collapsed += this.#queue.collapsed;
    this.#queue.clear();
    this.#leave();
    for (const { socket } of [this.#sources.user, this.#sources.broadcast]) close(socket);
    this.#writer.abort().catch(() => undefined); // closed already, or the client has gone
    logEvent("stream_closed", { user_id: this.#request.token.user });
  }

  #send({ socket }: Source, message: string): void {
    try {
      socket.send(message);
    } catch {
      this.#close();
    }
  }
}

function scopeOf(user: Join, broadcast: Join): string[] {
  return [...(user.gap === null ? [] : ["user"]), ...(broadcast.gap === null ? [] : ["broadcast"])];
}

/** A head that was heard of before the last event is no news. */
function furthest({ position, head }: Source): Position {
  return head.seq > position.seq ? head : position;
}

function secondsOf(value: string | undefined, fallback: number): number {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : fallback;
}
