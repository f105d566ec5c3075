import { logFault } from "../platform/log.ts";
import type { BroadcastLine } from "./broadcast-line.ts";
import { formatCursor } from "./cursor.ts";
import type { EventLog } from "./log.ts";
import type { Direct, DirectReader, Readers } from "./readers.ts";
import { beat, isFull, notePlace, write } from "./socket-writer.ts";
import { stats } from "./stream-counts.ts";
import { type LoggedEvent, type Preferences, passes, renderEnvelope } from "./types.ts";

interface Parts {
  ctx: DurableObjectState;
  readers: Readers;
  log: EventLog;
  line: BroadcastLine;
  user: () => string;
  preferences: () => Preferences;
  /** Counts the arrived broadcasts: a page that was requested before may end too early. */
  heard: () => number;
  /** A reader's budget is used up. */
  fill: (direct: Direct) => void;
  /** It is behind the oldest kept event. */
  lag: (socket: WebSocket, reader: DirectReader) => void;
  /** It cannot continue here, and resumes. */
  restart: (socket: WebSocket, reader: DirectReader) => void;
}

/** Sends events to sockets: pushed when they come, or from the logs when a reader has room again. */
export class SocketFeed {
  readonly #parts: Parts;
  /** Readers for whom a page of broadcasts was requested. */
  readonly #asking = new WeakSet<WebSocket>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Sends events that follow the reader's position in that log, within its budget.
   * @returns whether all of them were sent or are not for this reader.
   */
  push(
    socket: WebSocket,
    reader: DirectReader,
    log: "user" | "broadcast",
    events: readonly LoggedEvent[],
    isLive: boolean,
  ): boolean {
    const direct = { ...reader.direct };
    const listener = { role: direct.role, preferences: this.#parts.preferences(), topics: reader.topics };
    const now = Date.now();
    let isSilent = false;
    let isDone = true;
    for (const event of events) {
      if (isFull(direct)) {
        isDone = false;
        break;
      }
      direct[log] = { epoch: event.epoch, seq: event.seq };
      isSilent = !passes(event, listener);
      if (isSilent) continue;
      const id = formatCursor(direct);
      write(socket, direct, { event: event.type, id, data: renderEnvelope(id, event) });
      if (isLive) stats.delivered(now - event.at, now);
      else stats.counts.delivered += 1;
    }
    // Its cursor passes events that are not for it; a frame without an event says so.
    if (isSilent) beat(socket, direct, now);
    if (!isDone && log === "broadcast") direct.lacks = true;
    if (!isDone && direct.full_since === null) {
      direct.full_since = now;
      this.#parts.fill(direct);
    }
    this.#parts.readers.remember(socket, { ...reader, direct });
    return isDone;
  }

  /** Sends the events of the logs that this reader has not got yet, within its budget. */
  run(socket: WebSocket): void {
    const { readers, log } = this.#parts;
    for (let isMore = true; isMore; ) {
      const reader = readers.directOf(socket);
      if (reader === null || isFull(reader.direct)) return;
      const { seq } = reader.direct.user;
      if (seq >= log.head().seq) break;
      if (seq < log.floor().seq) {
        // It is behind the oldest kept event, and would miss events without knowing. Its client resumes, and learns
        // what is lost.
        this.#parts.lag(socket, reader);
        return;
      }
      const page = log.after(seq);
      isMore = this.push(socket, reader, "user", page.events, false) && page.more;
      if (!page.more && page.events.length === 0) notePlace(readers, socket, "user", log.head());
    }
    const reader = readers.directOf(socket);
    if (reader?.direct.lacks === true && !isFull(reader.direct)) this.#parts.ctx.waitUntil(this.#broadcasts(socket));
  }

  /** The same for broadcasts, whose log is in the shard. */
  async #broadcasts(socket: WebSocket): Promise<void> {
    if (this.#asking.has(socket)) return;
    this.#asking.add(socket);
    try {
      for (;;) {
        const asked = this.#parts.readers.directOf(socket)?.direct;
        if (asked === undefined || !asked.lacks || isFull(asked)) return;
        const heard = this.#parts.heard();
        const page = await this.#parts.line.page(asked.broadcast);
        const reader = this.#parts.readers.directOf(socket);
        if (reader === null) return;
        if (!page.ok || page.value.gap !== null) {
          // Its client resumes, and learns by its first frame what is lost.
          this.#parts.restart(socket, reader);
          return;
        }
        const { events, more, head } = page.value;
        if (!more && events.length === 0) notePlace(this.#parts.readers, socket, "broadcast", head);
        else if (!this.push(socket, reader, "broadcast", events, false)) return;
        const fed = this.#parts.readers.directOf(socket);
        if (fed === null) return;
        const lacks = more || this.#parts.heard() !== heard;
        this.#parts.readers.remember(socket, { ...fed, direct: { ...fed.direct, lacks } });
      }
    } catch (fault) {
      logFault("socket_not_fed", fault, { user_id: this.#parts.user() });
      const reader = this.#parts.readers.directOf(socket);
      if (reader !== null) this.#parts.restart(socket, reader);
    } finally {
      this.#asking.delete(socket);
    }
  }
}
