import { headOf, utf8Length } from "./bytes.ts";
import { type EventLog, PAGE_BYTES, PAGE_EVENTS } from "./log.ts";
import { close, type DirectReader, type Reader, type Readers, send } from "./readers.ts";
import { mayEnd, type RightsChange, taskOf } from "./topics.ts";
import type { LoggedEvent, Position, Preferences } from "./types.ts";
import {
  eventMessage,
  HEAD_REQUEST,
  HOLD_REQUEST,
  headAnswer,
  type Join,
  type LogMessage,
  PROBE,
  readMoreRequest,
  readProbeAnswer,
} from "./wire.ts";

/**
 * How long streams may take to say how they are, when one of them must be ended. One that does not answer in time is
 * ended first.
 */
const PROBE_MS = 800;
/** The same when clients answer for themselves: their answers take longer than those of a Worker. */
const DIRECT_PROBE_MS = 2_000;

/** For how long readers have read nothing, ms; 0 for one that is not behind. */
type Deafness = ReadonlyMap<WebSocket, number>;
/** Before any stream was asked. */
export const NOBODY_DEAF: Deafness = new Map();

/** Messages to a client that holds its socket itself, in its own protocol. */
interface DirectVoice {
  /** Asks it for a sign of life. */
  probe(socket: WebSocket, reader: DirectReader): void;
  /** Its last frame. */
  goodbye(socket: WebSocket, reader: DirectReader, event: "stream.evicted" | "stream.closing", reason: string): void;
}

/**
 * The readers of one log: hibernatable WebSockets to the Workers that end the streams. Nothing here keeps the object
 * awake: a socket's state is its attachment, and the platform answers the question for the head for a sleeping object.
 * A reader asks for pages when it has room. It becomes live with the last page, in the same turn in which that page was
 * read, so that nothing falls between history and live events and nothing comes twice.
 */
export class LogSockets {
  readonly #ctx: DurableObjectState;
  readonly #readers: Readers;
  readonly #log: EventLog;
  readonly #direct: DirectVoice | null;
  /** The check that is running: for how long each reader has read nothing, for those that have answered. */
  #probing: { answers: Map<WebSocket, number>; done: Promise<Deafness>; heard: () => void } | null = null;

  /** @param direct null if no client joins by itself. */
  constructor(ctx: DurableObjectState, readers: Readers, log: EventLog, direct: DirectVoice | null) {
    this.#ctx = ctx;
    this.#readers = readers;
    this.#log = log;
    this.#direct = direct;
  }

  /** Readers joined now. */
  get count(): number {
    return this.#readers.count;
  }

  /**
   * Accepts a reader, without waiting for anything: sends how it starts, and the first page.
   * @returns the answer with the other end of the socket.
   */
  join(
    after: Position | null,
    who: { session: string | null; client: string | null; topics: string[] },
    preferences?: Preferences,
  ): Response {
    const { 0: outer, 1: inner } = new WebSocketPair();
    this.#ctx.acceptWebSocket(inner);
    const join = joinOf(this.#log, after, who.topics);
    const number = this.#readers.nextNumber;
    const reader: Reader = { live: false, number, ...who };
    this.#readers.remember(inner, reader);
    send(inner, JSON.stringify({ t: "join", join, ...(preferences && { preferences }) } satisfies LogMessage));
    this.#sendPage(inner, reader, join.from.seq);
    this.announceHead();
    return new Response(null, { status: 101, webSocket: outer });
  }

  /** A reader's message: it has room for the next page, has none, or says how it is. Anything else is ignored. */
  receive(socket: WebSocket, message: string | ArrayBuffer): void {
    const reader = typeof message === "string" ? this.#readers.of(socket) : null;
    if (reader === null || typeof message !== "string") return;
    if (message === HOLD_REQUEST) {
      if (reader.live) this.#readers.remember(socket, { ...reader, live: false });
      return;
    }
    const standing = readProbeAnswer(message);
    if (standing !== null) {
      this.answered(socket, standing);
      return;
    }
    const seq = readMoreRequest(message);
    if (seq !== null) this.#sendPage(socket, reader, seq, true);
  }

  /** A stream said for how long its reader has read nothing, ms. */
  answered(socket: WebSocket, standing: number): void {
    this.#probing?.answers.set(socket, standing);
    this.#probing?.heard();
  }

  /**
   * Pushes the events that were just committed to every live reader. If they are more than a page, each reader is
   * pushed the first page and asks for the others: each reads a burst from the log at its own speed, and nothing waits
   * in memory for the slowest.
   */
  deliver(events: readonly LoggedEvent[]): void {
    const [first] = events;
    if (first === undefined) return;
    const sockets = this.#readers.all();
    if (sockets.length === 0) return; // who joins next has the head set then
    this.announceHead();
    const page = headOf(events.slice(0, PAGE_EVENTS), PAGE_BYTES, ({ data }) => utf8Length(data));
    const more = page.length < events.length;
    const message = eventMessage(first.seq - 1, page, more);
    for (const { socket, reader } of sockets) {
      if (!reader.live) continue;
      send(socket, message);
      if (more) this.#readers.remember(socket, { ...reader, live: false });
    }
  }

  /** Sends a message to every Worker that ends a stream, live or not. */
  tell(message: LogMessage): void {
    for (const { socket, reader } of this.#readers.all()) {
      if (reader.direct === undefined) send(socket, JSON.stringify(message));
    }
  }

  /** Ends the readers of one device or page: it has come back, so it does not read the old ones any more. */
  replace(client: string | null): void {
    if (client === null) return;
    for (const { socket, reader } of this.#readers.all()) {
      if (reader.client === client) this.#end(socket, "stream.evicted", "replaced");
    }
  }

  /** Whether there are more readers than `limit`, without those of one device or page. */
  exceeds(limit: number, client: string | null): boolean {
    return this.#readers.all().filter(({ reader }) => client === null || reader.client !== client).length > limit;
  }

  /**
   * Keeps so many readers and ends the others. Those that do not answer are ended first, the longest silent first; then
   * the oldest.
   * @param deafness of {@link askAll}; a reader that was not asked counts as one that answers.
   */
  evictBeyond(limit: number, reason: string, deafness: Deafness): void {
    const readers = this.#byEndurance(deafness);
    for (const { socket } of readers.slice(0, Math.max(readers.length - limit, 0))) {
      this.#end(socket, "stream.evicted", reason);
    }
  }

  /** Whether there is room if only readers that do not answer are ended. */
  hasDeafBeyond(limit: number, deafness: Deafness): boolean {
    const readers = this.#byEndurance(deafness);
    return readers.slice(0, Math.max(readers.length - limit, 0)).every(({ deaf }) => deaf > 0);
  }

  /**
   * Asks every stream for how long its reader has read nothing, ms. A stream that does not answer in time counts as
   * silent for ever. Calls at the same time get the same answer.
   */
  askAll(): Promise<Deafness> {
    if (this.#probing !== null) return this.#probing.done;
    const asked = this.#readers.all();
    const answers = new Map<WebSocket, number>();
    let heard: () => void = () => undefined;
    const done = new Promise<Deafness>((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#probing = null;
        resolve(new Map(asked.map(({ socket }) => [socket, answers.get(socket) ?? Number.POSITIVE_INFINITY])));
      };
      const isDirect = asked.some(({ reader }) => reader.direct !== undefined);
      const timer = setTimeout(finish, isDirect ? DIRECT_PROBE_MS : PROBE_MS);
      heard = () => {
        if (answers.size === asked.length) finish();
      };
    });
    this.#probing = { answers, done, heard };
    for (const { socket, reader } of asked) {
      if (reader.direct === undefined) send(socket, PROBE);
      else this.#direct?.probe(socket, { ...reader, direct: reader.direct });
    }
    return done;
  }

  /** Readers in the order in which they would be ended. */
  #byEndurance(deafness: Deafness): { socket: WebSocket; deaf: number }[] {
    return this.#readers
      .all()
      .map(({ socket, reader }) => ({ socket, number: reader.number, deaf: deafness.get(socket) ?? 0 }))
      .sort((a, b) => (a.deaf === b.deaf ? a.number - b.number : b.deaf - a.deaf));
  }

  /** Ends the readers of one session, or for null all except those of `except`. @returns how many. */
  endSession(
    session: string | null,
    reason: string,
    kind: "evicted" | "closing" = "evicted",
    except: string | null = null,
  ): number {
    const isMeant = (of: string | null) => (session === null ? except === null || of !== except : of === session);
    const readers = this.#readers.all().filter(({ reader }) => isMeant(reader.session));
    for (const { socket } of readers) this.#end(socket, `stream.${kind}`, reason);
    return readers.length;
  }

  /** Ends the readers of topics to which a user may have lost the right; each comes back with a new token. */
  endTopics(change: RightsChange): void {
    for (const { socket, reader } of this.#readers.all()) {
      if (reader.topics.some((topic) => mayEnd(topic, change))) this.#end(socket, "stream.closing", "rights_changed");
    }
  }

  /** Ends every reader; each comes back with its cursor. */
  restart(reason: string): void {
    for (const { socket } of this.#readers.all()) this.#end(socket, "stream.closing", reason);
  }

  /** Lets the platform answer {@link HEAD_REQUEST} with the present head, awake or not. */
  announceHead(): void {
    const pair = new WebSocketRequestResponsePair(HEAD_REQUEST, headAnswer(this.#log.head()));
    this.#ctx.setWebSocketAutoResponse(pair);
  }

  #sendPage(socket: WebSocket, reader: Reader, after: number, isAnswer = false): void {
    if (after < this.#log.floor().seq) {
      // It is behind the oldest kept event, and would miss events without knowing. Its client resumes, and learns what
      // is lost.
      this.#end(socket, "stream.closing", "lagged");
      return;
    }
    const { events, more } = this.#log.after(after);
    if (events.length > 0 || isAnswer) send(socket, eventMessage(after, events, more));
    if (!more && !reader.live) this.#readers.remember(socket, { ...reader, live: true });
  }

  /** The last message to a reader: it does not belong to this log any more. */
  #end(socket: WebSocket, event: "stream.evicted" | "stream.closing", reason: string): void {
    const reader = this.#readers.of(socket);
    if (reader?.direct === undefined) send(socket, JSON.stringify({ t: "end", event, reason } satisfies LogMessage));
    else this.#direct?.goodbye(socket, { ...reader, direct: reader.direct }, event, reason);
    this.#readers.forget(socket);
    close(socket);
  }
}

/** How a log accepts a reader with a position, or without one. */
export function joinOf(log: EventLog, after: Position | null, topics: readonly string[] = []): Join {
  const head = log.head();
  const gap = after === null ? null : log.gapAt(after);
  const from = after === null || gap !== null ? head : after;
  const groups = log.groupsAfter(from.seq);
  const missed = groups.reduce((sum, { count }) => sum + count, 0);
  const tasks = topics.filter((topic) => taskOf(topic) !== null);
  const states = tasks.flatMap((topic) => log.latestOf(topic) ?? []);
  return { from, head, missed, groups, gap, ...(tasks.length === 0 ? {} : { states }) };
}
