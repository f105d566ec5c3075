import { DurableObject } from "cloudflare:workers";
import { DUE_TIMES_TABLE } from "../platform/cell/alarm-scheduler.ts";
import { Cell } from "../platform/cell/cell.ts";
import type { SchemaStep } from "../platform/cell/object-schema.ts";
import { ok, type Result } from "../platform/results.ts";
import { broadcastLogPort } from "./broadcast-log-port.ts";
import type { HistoryPage } from "./contract.ts";
import { formatPosition } from "./cursor.ts";
import { EventLog, readPage, WINDOW_MS } from "./log.ts";
import { LOG_TABLES } from "./log-tables.ts";
import { close, LogSockets } from "./sockets.ts";
import type { LoggedEvent, Position } from "./types.ts";
import { JOIN_HEADER, joinRequestSchema } from "./wire.ts";

const DUE_NAMES = ["trim"] as const;

const SCHEMA: readonly SchemaStep[] = [{ id: "001_broadcast_shard", sql: `${LOG_TABLES}\n${DUE_TIMES_TABLE}` }];

/**
 * One of the objects through which broadcasts reach streams: a copy of the broadcast log, and the connections of its
 * share of the users. So a message to everybody costs one call a shard, never one a user.
 */
export class BroadcastShard extends DurableObject<Env> {
  readonly #log: EventLog;
  readonly #sockets: LogSockets;
  readonly #cell: Cell<(typeof DUE_NAMES)[number]>;
  /** Whether this run has compared its copy with the log: it may have slept through something. */
  #isSynced = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#log = new EventLog(ctx.storage.sql);
    this.#sockets = new LogSockets(ctx, this.#log);
    const forget = () => this.#log.forget();
    this.#cell = new Cell(ctx, { called: "a broadcast shard", schema: SCHEMA, dues: DUE_NAMES, forget });
  }

  override async fetch(request: Request): Promise<Response> {
    const { after } = joinRequestSchema.parse(JSON.parse(request.headers.get(JOIN_HEADER) ?? ""));
    await this.#sync(false);
    return this.#sockets.join(after, { session: null, client: null });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#sockets.receive(socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    close(socket);
  }

  /**
   * Takes over events of the log that stand after `after`. If the copy does not reach that far it fetches what is
   * missing itself; what it has already is left out.
   * @returns the copy's head now, as text, or null when it could not be brought there.
   */
  async deliver(after: Position, events: readonly LoggedEvent[]): Promise<string | null> {
    if (samePosition(this.#head(), after)) this.#copy(events);
    else await this.#sync(true);
    return formatPosition(this.#log.head());
  }

  async history(after: Position | null, limit: number): Promise<Result<HistoryPage>> {
    await this.#sync(false);
    return ok(readPage(this.#log, after, limit));
  }

  /** Streams joined to this shard. */
  async streams(): Promise<number> {
    return this.#sockets.count;
  }

  override async alarm(): Promise<void> {
    const { scheduler } = this.#cell;
    await this.#cell.runDue({
      run: (name, now) => this.#cell.commit(() => scheduler.reschedule(name, this.#log.trim(now))),
      fault: "broadcast_shard_job_failed",
    });
  }

  /** Brings the copy to the log's head, from nothing if need be. */
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
        // New, set back, or asleep for longer than the window: begin at the oldest event there is.
        this.#cell.commit(() => this.#log.restart(floor));
        this.#sockets.restart("restart");
      } else {
        this.#copy(events);
        more = page.value.more;
      }
    }
    this.#isSynced = true;
  }

  /** Where the copy ends; null for an object that has none yet. */
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
    });
    this.#sockets.deliver(events);
  }
}

function samePosition(a: Position | null, b: Position): boolean {
  return a !== null && a.seq === b.seq && a.epoch === b.epoch;
}
