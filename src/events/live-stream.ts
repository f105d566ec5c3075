import { logEvent } from "../platform/log.ts";
import { meter } from "../platform/metrics/meter.ts";
import type { Result } from "../platform/results.ts";
import type { Role } from "../platform/roles.ts";
import { type Cursor, formatCursor } from "./cursor.ts";
import { firstFrame, TOPIC_FRAME, topicStates } from "./first-frame.ts";
import { frame, preamble } from "./frames.ts";
import { ReaderPipe } from "./reader-pipe.ts";
import { close } from "./readers.ts";
import { admission, stats } from "./stream-counts.ts";
import { furthest, type Source, sourceOf } from "./stream-source.ts";
import { goodbyeOf, heartbeatMs, lifetimeMs, lifetimeOver } from "./stream-times.ts";
import type { StreamToken } from "./tokens.ts";
import { DEFAULT_PREFERENCES, type Listener, type Preferences, passes, renderEnvelope } from "./types.ts";
import {
  askForMore,
  HEAD_REQUEST,
  HOLD_REQUEST,
  type Join,
  type LogMessage,
  probeAnswer,
  readHead,
  readMessage,
} from "./wire.ts";

/** How long a reader may take to read the last frame. */
const GOODBYE_MS = 10_000;

export interface StreamRequest {
  token: StreamToken;
  /** The client's cursor; null when it has none, "unknown" when it sent an invalid one. */
  cursor: Cursor | null | "unknown";
  address: string;
  /** The name of the client, if it sent one: an earlier stream with the same name is ended for it. */
  client: string | null;
  /** Only if no other stream of the user must be ended for it. */
  ifRoom: boolean;
  signal: AbortSignal;
  /** Whether the token's user may still listen, and in which role now, from the user's revocations object. */
  standing(): Promise<Result<Role>>;
}

/** One open stream: merges the two logs into frames, as fast as the reader reads. */
export class LiveStream {
  readonly #env: Env;
  readonly #request: StreamRequest;
  readonly #leave: () => void;
  readonly #sources: { user: Source; broadcast: Source };
  readonly #role: Role;
  readonly #reader = new ReaderPipe(
    () => this.#askForMore(),
    () => this.#close(),
  );
  readonly #endsAt: number;
  #preferences: Preferences = DEFAULT_PREFERENCES;
  #beat: ReturnType<typeof setTimeout> | null = null;
  #goodbye: ReturnType<typeof setTimeout> | null = null;
  /** Where the stream began. */
  #startedFrom = "";
  #isEnding = false;
  #isClosed = false;

  constructor(env: Env, request: StreamRequest, sockets: { user: WebSocket; broadcast: WebSocket }, leave: () => void) {
    this.#env = env;
    this.#request = request;
    this.#leave = leave;
    this.#role = request.token.role;
    this.#sources = { user: sourceOf("user", sockets.user), broadcast: sourceOf("broadcast", sockets.broadcast) };
    this.#endsAt = Date.now() + lifetimeMs(env);
  }

  response(): Response {
    this.#reader.add({ id: "", bytes: preamble(admission.retryHint()), task: null });
    for (const source of [this.#sources.user, this.#sources.broadcast]) this.#listen(source);
    this.#request.signal.addEventListener("abort", () => this.#close());
    this.#scheduleBeat();
    this.#reader.write();
    return new Response(this.#reader.readable, {
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
    const lost = () => this.#end("stream.closing", { reason: "restart", retry_ms: admission.retryMs() });
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
      this.#take(source, message);
    } else if (message.t === "preferences") {
      this.#preferences = message.preferences;
    } else if (message.t === "probe") {
      this.#reader.probe((standing) => this.#send(source, probeAnswer(standing)));
    } else if (message.reason === "lagged") {
      this.#lag();
    } else {
      if (message.event === "stream.evicted") stats.counts.evicted += 1;
      this.#end(message.event, goodbyeOf(message.event, message.reason, admission.retryMs()));
    }
  }

  /** Both logs have answered: the first frame says how the stream starts, then the waiting events are sent. */
  #begin(user: Join, broadcast: Join): void {
    this.#startedFrom = this.#cursor();
    const { what, data } = firstFrame({ cursor: this.#request.cursor, ...this.#listener() }, { user, broadcast });
    stats.counts[what] += 1;
    this.#control(`stream.${what}`, data);
    for (const state of topicStates(this.#request.token.topics, broadcast)) this.#control(TOPIC_FRAME, state);
    for (const source of [this.#sources.user, this.#sources.broadcast]) {
      const early = source.early;
      source.early = [];
      for (const message of early) this.#receive(source, message);
    }
  }

  #take(source: Source, { after, events, more }: Extract<LogMessage, { t: "events" }>): void {
    const { position } = source;
    const last = events.at(-1);
    if (last !== undefined && last.seq > source.head.seq) source.head = { epoch: last.epoch, seq: last.seq };
    // Events after a gap are not taken: the log sends them again after the missing ones.
    const hasHole = after !== undefined && after > position.seq;
    if (source.feed === "pushed" && (hasHole || this.#reader.isFull)) {
      source.feed = "behind";
      this.#send(source, HOLD_REQUEST);
      this.#askForMore();
      return;
    }
    if (source.feed === "behind" || hasHole) return;
    // These were read again, or pushed meanwhile: in both cases they follow the last event.
    const isLive = source.feed === "pushed";
    source.feed = more ? "behind" : "pushed";
    const now = Date.now();
    const listener = this.#listener();
    for (const event of events) {
      if (event.seq <= source.position.seq) continue; // asked for twice
      source.position = { epoch: event.epoch, seq: event.seq };
      if (event.type === null || !passes(event, listener)) continue;
      const id = this.#cursor();
      const task = event.type === "task.progress-updated" ? event.subject : null;
      this.#reader.add({ id, bytes: frame(event.type, id, renderEnvelope(id, event)), task });
      if (isLive) stats.delivered(now - event.at, now);
      else stats.counts.delivered += 1;
    }
    this.#reader.write();
  }

  /** The reader does not read: waiting frames are dropped, the stream says from where to resume, and ends. */
  #lag(): void {
    stats.counts.lagged += 1;
    this.#reader.drop();
    // Nothing was sent yet: the client's cursor is still the one that it sent.
    const from = this.#reader.takenId ?? this.#startedFrom;
    this.#end("stream.lagged", { resume_from: from }, from);
  }

  #listener(): Listener {
    return { role: this.#role, preferences: this.#preferences, topics: this.#request.token.topics };
  }

  #cursor(): string {
    return formatCursor({ user: this.#sources.user.position, broadcast: this.#sources.broadcast.position });
  }

  /** Queues a frame about the stream itself. */
  #control(event: string, data: object, id: string = this.#startedFrom === "" ? "" : this.#cursor()): void {
    this.#reader.add({ id, bytes: frame(event, id, JSON.stringify(data)), task: null });
    this.#reader.write();
  }

  #askForMore(): void {
    if (!this.#reader.isRoomy || this.#isEnding) return;
    for (const source of [this.#sources.user, this.#sources.broadcast]) {
      if (source.feed !== "behind") continue;
      source.feed = "asked";
      this.#send(source, askForMore(source.position.seq));
    }
  }

  #scheduleBeat(): void {
    this.#beat = setTimeout(() => this.#onBeat(), heartbeatMs(this.#env) * (0.75 + 0.5 * Math.random()));
  }

  /**
   * A heartbeat. It finds a client that has gone (the write fails) and an object that has gone (no answer since the
   * last heartbeat), says how far the logs are, and fetches events that this stream should have by now.
   */
  #onBeat(): void {
    if (this.#isClosed) return;
    this.#scheduleBeat();
    if (this.#isEnding) return;
    const now = Date.now();
    meter.pushSoon(this.#env);
    if (now >= this.#endsAt) {
      this.#end("stream.closing", lifetimeOver());
      return;
    }
    if (this.#reader.isDeafAtBeat()) {
      this.#lag();
      return;
    }
    const { user, broadcast } = this.#sources;
    if (user.isAsked || broadcast.isAsked) {
      this.#end("stream.closing", { reason: "restart", retry_ms: admission.retryMs() });
      return;
    }
    if (user.join === null || broadcast.join === null) return;
    for (const source of [user, broadcast]) {
      const isBehind = source.head.seq > source.position.seq && source.feed !== "behind" && this.#reader.isIdle;
      source.behindBeats = isBehind ? source.behindBeats + 1 : 0;
      if (source.behindBeats >= 2) {
        source.feed = "asked";
        this.#send(source, askForMore(source.position.seq));
      }
      source.isAsked = true;
      this.#send(source, HEAD_REQUEST);
    }
    if (!this.#reader.isIdle) return; // a slow reader has something to read already
    const head = formatCursor({ user: furthest(user), broadcast: furthest(broadcast) });
    // With the time after which to come back: the more streams there are, the longer the time over which they are
    // spread.
    const beat = JSON.stringify({ head, at: new Date(now).toISOString() });
    const id = this.#cursor();
    this.#reader.add({ id, bytes: frame("stream.heartbeat", id, beat, admission.retryHint()), task: null });
    this.#reader.write();
  }

  /** Sends the last frame, and closes when the reader has read it or its time is over. */
  #end(event: string, data: object, id?: string): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#isEnding = true;
    this.#goodbye = setTimeout(() => this.#close(), GOODBYE_MS);
    this.#reader.end();
    this.#control(event, data, id);
    // No more events are accepted: the next stream of this client gets them.
    for (const { socket } of [this.#sources.user, this.#sources.broadcast]) close(socket);
  }

  /** Releases everything. A second call does no harm. */
  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#beat !== null) clearTimeout(this.#beat);
    if (this.#goodbye !== null) clearTimeout(this.#goodbye);
    stats.counts.closed += 1;
    stats.counts.collapsed += this.#reader.collapsed;
    this.#reader.close();
    this.#leave();
    for (const { socket } of [this.#sources.user, this.#sources.broadcast]) close(socket);
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
