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

/** How long streams are given to say how they are, when one of them must go. One that says nothing by then goes first. */
const PROBE_MS = 800;
/** The same when clients answer for themselves: the way to them and back is longer than that to a Worker. */
const DIRECT_PROBE_MS = 2_000;

/** For how long readers have taken nothing of what they were handed, ms; 0 for one that keeps up. */
type Deafness = ReadonlyMap<WebSocket, number>;
/** Before anybody was asked. */
export const NOBODY_DEAF: Deafness = new Map();

/** What is said to a client that holds its socket itself, in its own words. */
interface DirectVoice {
  /** Asks it for a sign of life. */
  probe(socket: WebSocket, reader: DirectReader): void;
  /** Its last frame. */
  goodbye(socket: WebSocket, reader: DirectReader, event: "stream.evicted" | "stream.closing", reason: string): void;
}

/**
 * The readers of one log: hibernatable WebSockets to the Workers that end the streams. Nothing here holds the object
 * awake: a socket's state is its attachment, and "where is the head?" is answered by the platform for a sleeping object.
 *
 * Replay is pulled, page by page, as the reader has room; a reader becomes live with the last page, in the same turn in
 * which that page was read, so that nothing falls between history and live and nothing comes twice.
 */
export class LogSockets {
  readonly #ctx: DurableObjectState;
  readonly #readers: Readers;
  readonly #log: EventLog;
  readonly #direct: DirectVoice | null;
  /** The probe that is under way: for how long each reader asked has taken nothing, as far as it has answered. */
  #probing: { answers: Map<WebSocket, number>; done: Promise<Deafness>; heard: () => void } | null = null;

  /** @param direct null where no client joins by itself. */
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
   * Takes up a reader, in one turn: says how, and sends the first page.
   * @returns the answer that carries the other end of the socket.
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

  /** A stream has said for how long its reader takes nothing, ms. */
  answered(socket: WebSocket, standing: number): void {
    this.#probing?.answers.set(socket, standing);
    this.#probing?.heard();
  }

  /**
   * Pushes what was just committed to every live reader. Of more than a page each is pushed the first and asks for the
   * rest: a burst is read from the log at each reader's own pace, and never waits in memory for the slowest.
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

  /** Ends the readers of one device or page: it has come back, so it does not read them any more. */
  replace(client: string | null): void {
    if (client === null) return;
    for (const { socket, reader } of this.#readers.all()) {
      if (reader.client === client) this.#end(socket, "stream.evicted", "replaced");
    }
  }

  /** Whether there are more readers than `limit`, those of one device or page left out. */
  exceeds(limit: number, client: string | null): boolean {
    return this.#readers.all().filter(({ reader }) => client === null || reader.client !== client).length > limit;
  }

  /**
   * Keeps so many readers and ends the others. First go those that do not answer, the longest silent first; among all
   * others the oldest.
   * @param deafness of {@link askAll}; who was not asked counts as one that answers.
   */
  evictBeyond(limit: number, reason: string, deafness: Deafness): void {
    const readers = this.#byEndurance(deafness);
    for (const { socket } of readers.slice(0, Math.max(readers.length - limit, 0))) {
      this.#end(socket, "stream.evicted", reason);
    }
  }

  /** Whether room can be made by ending only readers that do not answer. */
  hasDeafBeyond(limit: number, deafness: Deafness): boolean {
    const readers = this.#byEndurance(deafness);
    return readers.slice(0, Math.max(readers.length - limit, 0)).every(({ deaf }) => deaf > 0);
  }

  /**
   * Asks every stream for how long its reader has not taken what it was handed, ms. A stream that does not answer in
   * time is silent for ever. Who asks while others ask gets the same answer.
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

  /** Readers in the order in which they would have to go. */
  #byEndurance(deafness: Deafness): { socket: WebSocket; deaf: number }[] {
    return this.#readers
      .all()
      .map(({ socket, reader }) => ({ socket, number: reader.number, deaf: deafness.get(socket) ?? 0 }))
      .sort((a, b) => (a.deaf === b.deaf ? a.number - b.number : b.deaf - a.deaf));
  }

  /** Ends the readers of one session, or for null all but those of `except`. @returns how many. */
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
      // It has fallen behind what is kept: a silent hole otherwise. Its client resumes, and learns what is lost.
      this.#end(socket, "stream.closing", "lagged");
      return;
    }
    const { events, more } = this.#log.after(after);
    if (events.length > 0 || isAnswer) send(socket, eventMessage(after, events, more));
    if (!more && !reader.live) this.#readers.remember(socket, { ...reader, live: true });
  }

  /** The last word to a reader: it is none of this log's any more. */
  #end(socket: WebSocket, event: "stream.evicted" | "stream.closing", reason: string): void {
    const reader = this.#readers.of(socket);
    if (reader?.direct === undefined) send(socket, JSON.stringify({ t: "end", event, reason } satisfies LogMessage));
    else this.#direct?.goodbye(socket, { ...reader, direct: reader.direct }, event, reason);
    this.#readers.forget(socket);
    close(socket);
  }
}

/** How a log takes up a reader that was at a position, or comes for the first time. */
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
