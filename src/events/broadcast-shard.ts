import { DurableObject } from "cloudflare:workers";
import { DUE_TIMES_TABLE } from "../platform/cell/alarm-scheduler.ts";
import { Cell } from "../platform/cell/cell.ts";
import type { SchemaStep } from "../platform/cell/object-schema.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result } from "../platform/results.ts";
import { broadcastLogPort } from "./broadcast-log-port.ts";
import { channelPort } from "./channel-port.ts";
import type { HistoryPage } from "./contract.ts";
import { formatPosition } from "./cursor.ts";
import { LISTENER_TOPICS, LISTENERS_TABLE, Listeners } from "./listeners.ts";
import { EventLog, MAX_BROADCASTS, readPage, WINDOW_MS } from "./log.ts";
import { LOG_TABLES, TOPIC_COLUMN, TOPIC_INDEX } from "./log-tables.ts";
import { close, Readers } from "./readers.ts";
import { joinOf, LogSockets } from "./sockets.ts";
import { SPREAD_RETRY_MS, Spread } from "./spread.ts";
import type { LoggedEvent, Position } from "./types.ts";
import { JOIN_HEADER, type Join, joinRequestSchema } from "./wire.ts";

const DUE_NAMES = ["trim", "spread"] as const;

const SCHEMA: readonly SchemaStep[] = [
  { id: "001_broadcast_shard", sql: `${LOG_TABLES}\n${DUE_TIMES_TABLE}` },
  { id: "002_listeners", sql: LISTENERS_TABLE },
  TOPIC_COLUMN,
  TOPIC_INDEX,
  { id: "005_listener_topics", sql: LISTENER_TOPICS },
];

/** Channels that the shard calls at the same time. */
const PARALLEL_CHANNELS = 64;
/** A channel that does not answer for so long is called again later, so that the others need not wait, ms. */
const CHANNEL_PATIENCE_MS = 5_000;

/**
 * One of the objects through which broadcasts reach streams: it has a copy of the broadcast log, and the connections of
 * a part of the users. So a message to everybody costs one call for each shard, and one for each user whose clients
 * hold sockets to their channel. The shard calls such a channel, because a channel with a socket to the shard could
 * never sleep.
 */
export class BroadcastShard extends DurableObject<Env> {
  readonly #log: EventLog;
  readonly #sockets: LogSockets;
  readonly #cell: Cell<(typeof DUE_NAMES)[number]>;
  readonly #listeners: Listeners;
  readonly #spread: Spread<string>;
  /** Whether this run has compared its copy with the log: it may have slept during an event. */
  #isSynced = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#log = new EventLog(ctx.storage.sql, MAX_BROADCASTS);
    this.#sockets = new LogSockets(ctx, new Readers(ctx), this.#log, null);
    this.#listeners = new Listeners(ctx.storage.sql);
    const forget = () => this.#log.forget();
    this.#cell = new Cell(ctx, { called: "a broadcast shard", schema: SCHEMA, dues: DUE_NAMES, forget });
    this.#spread = new Spread(this.#log, this.#cell, {
      all: () => this.#listeners.users(Date.now()),
      send: (user, after, events) => this.#sendToChannel(user, after, events),
      parallel: PARALLEL_CHANNELS,
    });
  }

  override async fetch(request: Request): Promise<Response> {
    const { after, topics } = joinRequestSchema.parse(JSON.parse(request.headers.get(JOIN_HEADER) ?? ""));
    await this.#sync(false);
    return this.#sockets.join(after, { session: null, client: null, topics });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#sockets.receive(socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    close(socket);
  }

  /**
   * Stores events of the log that follow `after`. If the copy does not reach so far, the shard fetches the missing
   * events itself; events that it has already are left out.
   * @returns the copy's head now, as text, or null when it could not be brought there.
   */
  async deliver(after: Position, events: readonly LoggedEvent[]): Promise<string | null> {
    if (samePosition(this.#head(), after)) this.#copy(events);
    else await this.#sync(true);
    return formatPosition(this.#log.head());
  }

  async history(after: Position | null, limit: number, bytes?: number): Promise<Result<HistoryPage>> {
    await this.#sync(false);
    return ok(readPage(this.#log, after, limit, bytes));
  }

  /**
   * A user's channel has so many clients with sockets, at most until then (epoch ms): from now on it is notified of
   * broadcasts.
   * @param topics the topics of all of them.
   * @returns how a reader at `after` continues, and how many streams this shard's users have.
   */
  async listen(
    user: string,
    streams: number,
    until: number,
    after: Position | null,
    topics: readonly string[] = [],
  ): Promise<Result<{ join: Join; streams: number }>> {
    await this.#sync(false);
    this.#cell.commit(() => {
      this.#listeners.note(user, streams, until, topics);
      this.#cell.scheduler.schedule("trim", Date.now() + WINDOW_MS);
    });
    return ok({ join: joinOf(this.#log, after, topics), streams: await this.streams() });
  }

  /** The same when some have closed; after the last one nobody is notified any more. */
  async noteStreams(
    user: string,
    streams: number,
    until: number,
    topics: readonly string[] = [],
  ): Promise<Result<null>> {
    if (this.#cell.exists) this.#cell.commit(() => this.#listeners.note(user, streams, until, topics));
    return ok(null);
  }

  /** Streams of this shard's users. */
  async streams(): Promise<number> {
    return this.#sockets.count + (this.#cell.exists ? this.#listeners.streams(Date.now()) : 0);
  }

  override async alarm(): Promise<void> {
    const { scheduler } = this.#cell;
    await this.#cell.runDue({
      run: async (name, now) => {
        if (name === "spread") await this.#spread.run();
        else
          this.#cell.commit(() => {
            this.#listeners.prune(now);
            scheduler.reschedule(name, this.#log.trim(now) ?? (this.#listeners.any(now) ? now + WINDOW_MS : null));
          });
      },
      fault: "broadcast_shard_job_failed",
    });
  }

  /** Brings the copy to the log's head, also from an empty copy. */
  async #sync(force: boolean): Promise<void> {
    if (this.#isSynced && !force) return;
    for (let more = true; more; ) {
      const known = this.#head();
      const page = await broadcastLogPort(this.env).since(known);
      if (!page.ok) throw new Error("the broadcast log did not answer");
      const { gap, floor, events } = page.value;
      const isUnmoved = known === null ? this.#head() === null : samePosition(this.#head(), known);
      if (!isUnmoved) continue; // another call has copied meanwhile: ask again from there
      if (known === null || gap !== null) {
        // The shard is new, was set back, or slept longer than the window: it begins at the oldest event.
        this.#cell.commit(() => {
          this.#log.restart(floor);
          this.#planSpread(Date.now());
        });
        this.#sockets.restart("restart");
        this.#spread.forget();
        this.#tellChannels();
      } else {
        this.#copy(events);
        more = page.value.more;
      }
    }
    this.#isSynced = true;
  }

  /** The end of the copy; null for an object without one. */
  #head(): Position | null {
    return this.#cell.exists ? this.#log.head() : null;
  }

  #copy(events: readonly LoggedEvent[]): void {
    if (events.length === 0) return;
    const { scheduler } = this.#cell;
    this.#cell.commit(() => {
      for (const event of events) this.#log.copy(event);
      const now = Date.now();
      if (this.#log.isOverfull) scheduler.reschedule("trim", this.#log.trim(now));
      else scheduler.schedule("trim", now + WINDOW_MS);
      this.#planSpread(now);
    });
    this.#sockets.deliver(events);
    this.#tellChannels();
  }

  #tellChannels(): void {
    if (this.#listeners.any(Date.now())) this.ctx.waitUntil(this.#spread.run());
  }

  /** In the commit of new events: if this run ends before the channels have them, the alarm notifies the channels. */
  #planSpread(now: number): void {
    if (this.#listeners.any(now)) this.#cell.scheduler.schedule("spread", now + SPREAD_RETRY_MS);
  }

  async #sendToChannel(user: string, after: Position, events: readonly LoggedEvent[]): Promise<Position | null> {
    const last = events.at(-1);
    // The position of its readers does not change: with the next event that is for them, they fetch the events in
    // between and continue after them.
    if (last !== undefined && !this.#listeners.wants(user, events)) return { epoch: last.epoch, seq: last.seq };
    const until = this.#listeners.untilOf(user);
    let timer: ReturnType<typeof setTimeout> | null = null;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), CHANNEL_PATIENCE_MS);
    });
    try {
      const heard = await Promise.race([channelPort(this.env, user).hear(after, [...events]), late]);
      if (heard === null || !heard.ok) return null;
      if (!heard.value.listening) this.#cell.commit(() => this.#listeners.drop(user, until));
      return last === undefined ? after : { epoch: last.epoch, seq: last.seq };
    } catch (fault) {
      logFault("channel_not_told", fault, { user_id: user });
      return null;
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }
}

function samePosition(a: Position | null, b: Position): boolean {
  return a !== null && a.seq === b.seq && a.epoch === b.epoch;
}
