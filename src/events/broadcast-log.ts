import { DurableObject } from "cloudflare:workers";
import { Cell } from "../platform/cell/cell.ts";
import type { DumpRequest, ObjectDump } from "../platform/cell/object-dump.ts";
import type { Loaded } from "../platform/cell/object-load.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result } from "../platform/results.ts";
import { ArchivedLog } from "./archived-log.ts";
import { BROADCAST_LOG_SCHEMA } from "./broadcast-log-schema.ts";
import type { HistoryPage, PublishOutcome } from "./contract.ts";
import { formatPosition, parsePosition } from "./cursor.ts";
import { EventLog, MAX_BROADCASTS, readPage, WINDOW_MS } from "./log.ts";
import type { ArchiveMessage } from "./messages.ts";
import { PublishKeys } from "./publish-keys.ts";
import { shardCount } from "./shard-of.ts";
import { SPREAD_BYTES, SPREAD_EVENTS, SPREAD_RETRY_MS, Spread } from "./spread.ts";
import { broadcastShardStub } from "./stubs.ts";
import { TopicTasks } from "./topic-tasks.ts";
import { isArchived, type LoggedEvent, type NewEvent, type Position } from "./types.ts";

const DUE_NAMES = ["spread", "archive", "trim", "tasks"] as const;
type DueName = (typeof DUE_NAMES)[number];

/** Important events wait this long for others, so that one message brings them to D1. */
const ARCHIVE_DELAY_MS = 2_000;
/** Shards that the log calls at the same time. */
const PARALLEL_SHARDS = 16;

/** The place of a progress event that a later one replaces, in the table of keys. */
const NO_PLACE = "";

/** In this log, tasks are named only by their topics. */
function isAboutTask(event: NewEvent): event is NewEvent & { subject: string } {
  return event.topic !== null && event.subject !== null && event.type.startsWith("task.");
}

/** Broadcasts that are not delivered yet, for the health page. */
export interface BroadcastState {
  head: string;
  /** Age of the oldest event that a shard does not have yet, ms; 0 when all shards have everything. */
  oldest_undelivered_ms: number;
  /** Shards that do not have everything. */
  shards_behind: number;
}

/**
 * The one order of all broadcasts. It holds no connections: it stores an event, then sends it to the shards, each of
 * which keeps a copy and pushes it to its readers. The alarm tries again to reach a shard that did not answer.
 */
export class BroadcastLog extends DurableObject<Env> {
  readonly #log: EventLog;
  readonly #keys: PublishKeys;
  readonly #archived: ArchivedLog;
  readonly #spread: Spread<number>;
  readonly #cell: Cell<DueName>;
  readonly #tasks: TopicTasks;
  #tickTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { sql } = ctx.storage;
    this.#log = new EventLog(sql, MAX_BROADCASTS);
    this.#keys = new PublishKeys(sql, "id");
    this.#tasks = new TopicTasks(sql);
    this.#cell = new Cell(ctx, {
      called: "the broadcast log",
      schema: BROADCAST_LOG_SCHEMA,
      dues: DUE_NAMES,
      begin: () => this.#archived.create(),
      forget: () => {
        this.#log.forget();
        this.#tasks.forget();
      },
    });
    this.#archived = new ArchivedLog(sql, this.#log, this.#cell);
    this.#spread = new Spread(this.#log, this.#cell, {
      all: () => Array.from({ length: shardCount(this.env) }, (_, shard) => shard),
      send: (shard, after, events) => this.#sendToShard(shard, after, events),
      parallel: PARALLEL_SHARDS,
    });
  }

  /** Stores events in the given order, and begins to send them to the shards. One transaction for all. */
  async publish(events: readonly NewEvent[]): Promise<Result<PublishOutcome[]>> {
    const now = Date.now();
    const outcomes = this.#cell.commit(() => {
      const results = events.map((event) => this.#publishOne(event, now));
      if (results.some(({ status }) => status === "stored")) this.#afterAppend(now);
      return results;
    });
    this.ctx.waitUntil(this.#spread.run());
    this.#armTicks(now);
    return ok(outcomes);
  }

  /** The users who may ask for a task by its topic; nobody for a task that no publisher has named. */
  async readersOf(task: string): Promise<Result<string[]>> {
    return this.#cell.commit(() => ok(this.#tasks.readersOf(task) ?? []));
  }

  /** The user is erased: they are removed from the readers of every task. */
  async forgetReader(user: string): Promise<Result<null>> {
    if (this.#cell.exists) this.#cell.commit(() => this.#tasks.forgetReader(user));
    return ok(null);
  }

  /**
   * The events after a position, for a shard that catches up. A gap means that the shard must start again at the floor.
   */
  async since(after: Position | null): Promise<Result<HistoryPage & { floor: Position }>> {
    return this.#cell.commit(() =>
      ok({ ...readPage(this.#log, after, SPREAD_EVENTS, SPREAD_BYTES), floor: this.#log.floor() }),
    );
  }

  async state(): Promise<Result<BroadcastState>> {
    return this.#cell.commit(() => {
      const head = formatPosition(this.#log.head());
      const isSpread = !this.#cell.scheduler.has("spread");
      if (isSpread) return ok({ head, oldest_undelivered_ms: 0, shards_behind: 0 });
      const { receivers, oldest } = this.#spread.behind();
      const oldest_undelivered_ms = oldest === null ? 0 : Math.max(Date.now() - oldest.at, 0);
      return ok({ head, oldest_undelivered_ms, shards_behind: receivers });
    });
  }

  /** A copy of everything, as of one instant, or a part of one; null when there was never an event. */
  async backUp(asked?: DumpRequest): Promise<Result<ObjectDump | null>> {
    return this.#cell.dump(asked);
  }

  /** The backup has every part of the copy that was made for it. */
  async forgetBackUp(backup: string): Promise<Result<null>> {
    this.#cell.forgetDump(backup);
    return ok(null);
  }

  /** Fills the empty log with a copy. Shards have copies of it and notice by themselves that it was set back. */
  async restore(dump: ObjectDump, job: string): Promise<Result<Loaded>> {
    // The health page may have made the object before there was an event.
    if (this.#cell.exists && this.#log.head().seq === 0) await this.#cell.empty();
    return this.#cell.restore(dump, job);
  }

  override async alarm(): Promise<void> {
    await this.#cell.runDue({ run: (name, now) => this.#runDue(name, now), fault: "broadcast_job_failed" });
  }

  async #runDue(name: DueName, now: number): Promise<void> {
    if (name === "spread") return this.#spread.run();
    if (name === "archive") {
      return this.#archived.archive((events) =>
        this.env.EVENT_QUEUE.send({ user_id: null, events } satisfies ArchiveMessage),
      );
    }
    this.#cell.commit(() => {
      if (name === "tasks") {
        for (const event of this.#tasks.overdue(now)) this.#append(event, now);
        this.#afterAppend(now);
        return;
      }
      this.#keys.prune(now);
      this.#tasks.prune(now);
      this.#archived.trim(now);
    });
    if (name === "tasks") await this.#spread.run();
  }

  /** Schedules the work that new events need, once for all of a commit. */
  #afterAppend(now: number): void {
    if (this.#log.hasPiledUp) this.#archived.keepCaps(now);
    this.#cell.scheduler.reschedule("tasks", this.#tasks.nextDue());
    // Written together with the events: if this run ends before the shards have them, the alarm sends them.
    this.#cell.scheduler.schedule("spread", now + SPREAD_RETRY_MS);
  }

  /**
   * Progress events that wait for their second. There is a timer only while a task reports more often than once a
   * second.
   */
  #armTicks(now: number): void {
    const next = this.#tasks.nextTick();
    if (next === null || this.#tickTimer !== null) return;
    this.#tickTimer = setTimeout(
      () => {
        this.#tickTimer = null;
        const due = Date.now();
        this.#cell.commit(() => {
          const ticks = this.#tasks.ripeTicks(due);
          for (const tick of ticks) this.#append(tick, due);
          if (ticks.length > 0) this.#afterAppend(due);
        });
        this.ctx.waitUntil(this.#spread.run());
        this.#armTicks(due);
      },
      Math.max(next - now, 0),
    );
  }

  async #sendToShard(shard: number, after: Position, events: readonly LoggedEvent[]): Promise<Position | null> {
    try {
      const answer = await broadcastShardStub(this.env, shard).deliver(after, [...events]);
      return answer === null ? null : parsePosition(answer);
    } catch (fault) {
      logFault("broadcast_shard_unreachable", fault, { shard });
      return null;
    }
  }

  #publishOne(event: NewEvent, now: number): PublishOutcome {
    const { key } = event;
    const known = this.#keys.find(event);
    if (known !== null) {
      if (!known.isSame) return { key, status: "refused", code: "idempotency_key_reused", id: null };
      return { key, status: "duplicate", id: known.place === NO_PLACE ? null : String(known.place) };
    }
    if (isAboutTask(event)) {
      const admitted = this.#tasks.admit(event, now);
      if (admitted.status === "refused") return { key, status: "refused", code: admitted.code, id: null };
      if (admitted.status !== "stored") {
        // A retry of it must not replace the newer progress event.
        this.#keys.remember(event, NO_PLACE, now);
        return { key, status: admitted.status, id: null };
      }
      for (const tick of admitted.before) this.#append(tick, now);
    }
    return { key, status: "stored", id: formatPosition(this.#append(event, now)) };
  }

  #append(event: NewEvent, now: number): LoggedEvent {
    const logged = this.#log.append(event, now);
    this.#keys.remember(event, formatPosition(logged), now);
    if (isAboutTask(event)) this.#tasks.note(event, now);
    const { scheduler } = this.#cell;
    if (isArchived(event.type)) scheduler.schedule("archive", now + ARCHIVE_DELAY_MS);
    scheduler.schedule("trim", now + WINDOW_MS);
    return logged;
  }
}
