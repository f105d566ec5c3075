import { DurableObject } from "cloudflare:workers";
import { AlarmScheduler, DUE_TIMES_TABLE } from "../shared/alarm-scheduler.ts";
import { hasSchema, migrate, type SchemaStep } from "../shared/object-schema.ts";
import { ok, type Result } from "../shared/results.ts";
import type { HistoryPage } from "./contract.ts";
import { formatPosition } from "./cursor.ts";
import { EventLog, LOG_TABLES, readPage, WINDOW_MS } from "./log.ts";
import { close, LogSockets } from "./sockets.ts";
import { broadcastLogStub } from "./stubs.ts";
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
  readonly #scheduler: AlarmScheduler<(typeof DUE_NAMES)[number]>;
  /** Whether this run has compared its copy with the log: it may have slept through something. */
  #isSynced = false;

  #isReady = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#log = new EventLog(ctx.storage.sql);
    this.#sockets = new LogSockets(ctx, this.#log);
    this.#scheduler = new AlarmScheduler(ctx.storage, DUE_NAMES);
    if (this.#hasSchema()) migrate(ctx.storage, SCHEMA);
  }

  override async fetch(request: Request): Promise<Response> {
    const { after } = joinRequestSchema.parse(JSON.parse(request.headers.get(JOIN_HEADER) ?? ""));
    await this.#sync(false);
    return this.#sockets.join(after, null);
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
    this.#scheduler.fired();
    this.#commit(() => this.#scheduler.reschedule("trim", this.#log.trim(Date.now())));
    await this.#scheduler.arm();
  }

  /** Brings the copy to the log's head, from nothing if need be. */
  async #sync(force: boolean): Promise<void> {
    if (this.#isSynced && !force) return;
    for (let more = true; more; ) {
      const known = this.#head();
      const page = await broadcastLogStub(this.env).since(known);
      if (!page.ok) throw new Error("the broadcast log did not answer");
      const { gap, floor, events } = page.value;
      const isUnmoved = known === null ? this.#head() === null : samePosition(this.#head(), known);
      if (!isUnmoved) continue; // another call has copied meanwhile: ask again from there
      if (known === null || gap !== null) {
        // New, set back, or asleep for longer than the window: begin at the oldest event there is.
        this.#commit(() => this.#log.restart(floor));
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
    return this.#hasSchema() ? this.#log.head() : null;
  }

  #copy(events: readonly LoggedEvent[]): void {
    if (events.length === 0) return;
    this.#commit(() => {
      for (const event of events) this.#log.copy(event);
      this.#scheduler.schedule("trim", this.#log.isOverfull ? Date.now() : Date.now() + WINDOW_MS);
    });
    this.#sockets.deliver(events);
  }

  /** Whether the object has tables; once it has, they stay, but for a transaction that is rolled back. */
  #hasSchema(): boolean {
    this.#isReady ||= hasSchema(this.ctx.storage.sql);
    return this.#isReady;
  }

  #commit<T>(change: () => T): T {
    try {
      const result = this.ctx.storage.transactionSync(() => {
        if (!this.#hasSchema()) migrate(this.ctx.storage, SCHEMA);
        return change();
      });
      this.#scheduler.armBeside(this.ctx);
      return result;
    } catch (fault) {
      this.#isReady = false;
      this.#log.forget();
      this.#scheduler.forget();
      throw fault;
    }
  }
}

function samePosition(a: Position | null, b: Position): boolean {
  return a !== null && a.seq === b.seq && a.epoch === b.epoch;
}
