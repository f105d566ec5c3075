import { logEvent } from "../platform/log.ts";
import { meter } from "../platform/metrics/meter.ts";
import { ok, type Result } from "../platform/results.ts";
import type { Role } from "../platform/roles.ts";
import { retryHint, retryMs } from "./admission.ts";
import type { BroadcastLine } from "./broadcast-line.ts";
import { type Cursor, formatCursor } from "./cursor.ts";
import { firstFrame, TOPIC_FRAME, topicStates } from "./first-frame.ts";
import type { EventLog } from "./log.ts";
import { close, type Direct, type DirectReader, type Readers } from "./readers.ts";
import { SocketFeed } from "./socket-feed.ts";
import { hasRoom, write } from "./socket-writer.ts";
import { joinOf } from "./sockets.ts";
import { stats } from "./stream-counts.ts";
import { goodbyeOf, heartbeatMs, lifetimeMs, lifetimeOver } from "./stream-times.ts";
import type { LoggedEvent, Position, Preferences } from "./types.ts";
import { type Join, readReceipt } from "./wire.ts";

/** A client without room must have confirmed something within so many heartbeats. */
const DEAF_BEATS = 3;
/** RFC 6455: a message that breaks the rules. */
const NOT_UNDERSTOOD = { code: 1008, reason: 'only "ack <number>" and "head?" are understood' };
/** A shard notifies the channel for so long after the last stream should have ended, ms. */
const UNTIL_SLACK_MS = 60_000;

/** The parts of its object that these streams need. */
interface Parts {
  ctx: DurableObjectState;
  env: () => Env;
  readers: Readers;
  log: EventLog;
  line: BroadcastLine;
  user: () => string;
  /** The present preferences of the user. */
  preferences: () => Preferences;
  /** Schedules {@link SocketStreams.review}, epoch ms. */
  plan: (at: number) => void;
}

/** The answer of the shard that a stream needs before it can begin. */
export interface Arrival {
  broadcast: Join;
  /** {@link SocketStreams.hear} calls before the shard was asked. */
  heard: number;
  ends_at: number;
}

/** The client that opens a stream, and its position. */
interface Opening {
  role: Role;
  cursor: Cursor | null | "unknown";
  session: string | null;
  client: string | null;
  topics: string[];
}

/**
 * The streams whose clients hold a socket to the channel themselves. All state of a stream is in the socket's
 * attachment, so the object sleeps while nothing happens, and the state is there when it wakes. A client has a budget
 * of bytes that it has not confirmed. Beyond it nothing is sent: events wait in the logs, and are read from there when
 * the client has confirmed more. So a slow client gets only the latest progress of a task, and everything else, in
 * order.
 */
export class SocketStreams {
  readonly #parts: Parts;
  readonly #feed: SocketFeed;
  /** Calls of {@link hear} so far: a stream that asked the shard before the last one may have missed broadcasts. */
  #heard = 0;
  /** The topics of each stream that is about to begin: the shard sends their broadcasts already. */
  readonly #arriving = new Set<{ topics: readonly string[] }>();
  /** The last message to the shard. */
  #told = "";
  /** Streams of the shard's users, from its last answer. */
  #nearby = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#feed = new SocketFeed({
      ...parts,
      heard: () => this.#heard,
      fill: (direct) => parts.plan(this.#lagsAt(direct) ?? Date.now()),
      lag: (socket, reader) => this.#lag(socket, reader),
      restart: (socket, reader) =>
        this.#end(socket, reader, "stream.closing", { reason: "restart", retry_ms: retryMs(this.#nearby) }),
    });
  }

  /**
   * A client comes: asks its shard to send broadcasts from now on, then calls `begin` with the answer.
   * @returns the result of `begin`, or why the shard could not be asked.
   */
  async arrive<T>(
    { cursor, topics }: Pick<Opening, "cursor" | "topics">,
    begin: (arrival: Arrival) => Promise<T>,
  ): Promise<Result<T>> {
    const coming = { topics };
    this.#arriving.add(coming);
    try {
      const ends_at = Math.round(Date.now() + lifetimeMs(this.#parts.env()));
      const now = this.#listening();
      const until = Math.max(now.until, ends_at + UNTIL_SLACK_MS);
      const heard = this.#heard;
      const streams = now.streams + 1;
      this.#told = wordsOf(streams, until, now.topics);
      const answer = await this.#parts.line.listen(streams, until, placeIn(cursor, "broadcast"), now.topics);
      if (!answer.ok) return answer;
      this.#nearby = answer.value.streams;
      return ok(await begin({ broadcast: answer.value.join, heard, ends_at }));
    } finally {
      this.#arriving.delete(coming);
      this.#noteStreams();
    }
  }

  /** Accepts a stream without waiting for anything: sends how it starts, and as many events as there is room for. */
  open({ role, cursor, session, client, topics }: Opening, { broadcast, heard, ends_at }: Arrival): Response {
    const { ctx, env, readers, log } = this.#parts;
    const { 0: outer, 1: inner } = new WebSocketPair();
    ctx.acceptWebSocket(inner);
    const user = joinOf(log, placeIn(cursor, "user"));
    const direct: Direct = {
      role,
      user: user.from,
      broadcast: broadcast.from,
      lacks: broadcast.missed > 0 || this.#heard !== heard,
      sent: 0,
      taken: 0,
      asked: 0,
      full_since: null,
      ends_at,
    };
    const listener = { role, preferences: this.#parts.preferences(), topics };
    const first = firstFrame({ cursor, ...listener }, { user, broadcast });
    stats.counts[first.what] += 1;
    meter.pushSoon(env());
    const place = formatCursor({ user: user.from, broadcast: broadcast.from });
    const data = JSON.stringify(first.data);
    write(inner, direct, { event: `stream.${first.what}`, id: place, data, retryMs: retryHint(this.#nearby) });
    for (const state of topicStates(topics, broadcast)) {
      write(inner, direct, { event: TOPIC_FRAME, id: place, data: JSON.stringify(state) });
    }
    readers.remember(inner, { live: false, number: readers.nextNumber, session, client, topics, direct });
    this.#parts.plan(ends_at);
    this.#feed.run(inner);
    return new Response(null, { status: 101, webSocket: outer });
  }

  /** Sends the events that were just committed to the user's log. */
  deliver(events: readonly LoggedEvent[]): void {
    const [first] = events;
    if (first === undefined) return;
    for (const { socket, reader } of this.#parts.readers.direct()) {
      if (reader.direct.user.seq === first.seq - 1) this.#feed.push(socket, reader, "user", events, true);
      else this.#feed.run(socket);
    }
  }

  /** Sends broadcasts after `after` in the shard's log. @returns whether there is any client to send them to. */
  hear(after: Position, events: readonly LoggedEvent[]): boolean {
    this.#heard += 1;
    const readers = this.#parts.readers.direct();
    for (const { socket, reader } of readers) {
      const { broadcast, lacks } = reader.direct;
      const at = isSame(broadcast, after) ? 0 : 1 + events.findIndex((event) => isSame(event, broadcast));
      const follows = at > 0 || isSame(broadcast, after);
      if (follows && !lacks) this.#feed.push(socket, reader, "broadcast", events.slice(at), true);
      else {
        this.#parts.readers.remember(socket, { ...reader, direct: { ...reader.direct, lacks: true } });
        this.#feed.run(socket);
      }
    }
    return readers.length > 0 || this.#arriving.size > 0;
  }

  /**
   * Handles a client's message: a receipt. The platform itself answers pings. A client that sends anything else does
   * not follow the protocol, and its stream is ended, because each message wakes the object.
   * @returns whether it was a receipt, which also shows that the client lives.
   */
  receive(socket: WebSocket, reader: DirectReader, message: string | ArrayBuffer): boolean {
    const bytes = typeof message === "string" ? readReceipt(message) : null;
    if (bytes === null) {
      this.gone(socket, NOT_UNDERSTOOD);
      return false;
    }
    const direct = { ...reader.direct, taken: Math.max(reader.direct.taken, Math.min(bytes, reader.direct.sent)) };
    if (hasRoom(direct)) direct.full_since = null;
    // It is slow, but it reads: its time begins again.
    else if (direct.full_since !== null && direct.taken > reader.direct.taken) direct.full_since = Date.now();
    this.#parts.readers.remember(socket, { ...reader, direct });
    if (hasRoom(direct)) this.#feed.run(socket);
    return true;
  }

  /** Asks a client for a sign of life. */
  probe(socket: WebSocket, reader: DirectReader): void {
    const direct = { ...reader.direct };
    write(socket, direct, { event: "stream.probe", id: "", data: "{}", wantsReceipt: true });
    this.#parts.readers.remember(socket, { ...reader, direct });
  }

  /** The last frame of a stream that the channel ends; the caller forgets the socket and closes it. */
  goodbye(
    socket: WebSocket,
    { direct }: DirectReader,
    event: "stream.evicted" | "stream.closing",
    reason: string,
  ): void {
    if (event === "stream.evicted") stats.counts.evicted += 1;
    this.#sayLast(socket, direct, event, goodbyeOf(event, reason, retryMs(this.#nearby)));
    this.#parts.ctx.waitUntil(Promise.resolve().then(() => this.#noteStreams()));
  }

  /** A client has gone, or is to go for a reason. */
  gone(socket: WebSocket, why?: { code: number; reason: string }): void {
    if (this.#parts.readers.directOf(socket) !== null) {
      stats.counts.closed += 1;
      logEvent("stream_closed", { user_id: this.#parts.user() });
      this.#parts.readers.forget(socket);
      this.#noteStreams();
    }
    close(socket, why);
  }

  /**
   * Ends streams that are too old, and those whose client confirms nothing.
   * @returns when to look again, epoch ms; null: no stream is left.
   */
  review(now: number): number | null {
    meter.pushSoon(this.#parts.env());
    for (const { socket, reader } of this.#parts.readers.direct()) {
      if (reader.direct.ends_at <= now) this.#end(socket, reader, "stream.closing", lifetimeOver());
      else if ((this.#lagsAt(reader.direct) ?? now + 1) <= now) this.#lag(socket, reader);
    }
    this.#noteStreams();
    const dues = this.#parts.readers
      .direct()
      .map(({ reader }) => Math.min(reader.direct.ends_at, this.#lagsAt(reader.direct) ?? Number.POSITIVE_INFINITY));
    return dues.length === 0 ? null : Math.min(...dues);
  }

  #lag(socket: WebSocket, reader: DirectReader): void {
    stats.counts.lagged += 1;
    this.#end(socket, reader, "stream.lagged", { resume_from: formatCursor(reader.direct) });
  }

  #lagsAt({ full_since }: Direct): number | null {
    return full_since === null ? null : full_since + DEAF_BEATS * heartbeatMs(this.#parts.env());
  }

  #end(socket: WebSocket, { direct }: DirectReader, event: string, data: object): void {
    this.#sayLast(socket, direct, event, data);
    this.#parts.readers.forget(socket);
    close(socket);
    this.#noteStreams();
  }

  #sayLast(socket: WebSocket, direct: Direct, event: string, data: object): void {
    stats.counts.closed += 1;
    logEvent("stream_closed", { user_id: this.#parts.user() });
    write(socket, { ...direct }, { event, id: formatCursor(direct), data: JSON.stringify(data) });
  }

  /** The number of streams, when the last of them ends, and their topics; including streams that are just beginning. */
  #listening(): { streams: number; until: number; topics: string[] } {
    const direct = this.#parts.readers.direct();
    const ends = direct.map(({ reader }) => reader.direct.ends_at);
    const topics = [...direct.map(({ reader }) => reader), ...this.#arriving].flatMap((one) => [...one.topics]);
    return {
      streams: ends.length,
      until: Math.max(0, ...ends) + UNTIL_SLACK_MS,
      topics: [...new Set(topics)].toSorted(),
    };
  }

  /** Tells the shard how many streams there are, if it does not know. */
  #noteStreams(): void {
    if (this.#arriving.size > 0) return;
    const { streams, until, topics } = this.#listening();
    const told = wordsOf(streams, until, topics);
    if (told === this.#told) return;
    this.#told = told;
    this.#parts.ctx.waitUntil(this.#parts.line.note(streams, until, topics));
  }
}

function wordsOf(streams: number, until: number, topics: readonly string[]): string {
  return [streams, until, ...topics].join(" ");
}

function isSame(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.epoch === b.epoch;
}

function placeIn(cursor: Opening["cursor"], log: "user" | "broadcast"): Position | null {
  return cursor === null || cursor === "unknown" ? null : cursor[log];
}
