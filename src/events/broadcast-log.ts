import { DurableObject } from "cloudflare:workers";
import { logFault } from "../ops/logging.ts";
import { AlarmScheduler, DUE_TIMES_TABLE } from "../shared/alarm-scheduler.ts";
import { dumpObject, loadObject, type ObjectDump } from "../shared/object-dump.ts";
import { hasSchema, migrate, type SchemaStep } from "../shared/object-schema.ts";
import { inParallel } from "../shared/parallel.ts";
import { ok, type Result } from "../shared/results.ts";
import type { HistoryPage, PublishOutcome } from "./contract.ts";
import { formatPosition, parsePosition } from "./cursor.ts";
import { EventLog, LOG_TABLES, readPage, WINDOW_MS } from "./log.ts";
import type { ArchiveMessage } from "./messages.ts";
import { broadcastShardStub, shardCount } from "./stubs.ts";
import { isArchived, type NewEvent, type Position } from "./types.ts";

const DUE_NAMES = ["spread", "archive", "trim"] as const;
type DueName = (typeof DUE_NAMES)[number];

/** The log object's own SQLite schema; see {@link SchemaStep} for how it grows. */
export const BROADCAST_LOG_SCHEMA: readonly SchemaStep[] = [
  {
    id: "001_broadcast_log",
    sql: `
      ${LOG_TABLES}
      CREATE TABLE keys (key TEXT PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE archive (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
      ${DUE_TIMES_TABLE}
    `,
  },
];

/** A shard that was not reached is tried again this much later. */
const SPREAD_RETRY_MS = 2_000;
/** Important events wait this long for others, so that one message carries them to D1. */
const ARCHIVE_DELAY_MS = 2_000;
/** Shards told at the same time. */
const PARALLEL_SHARDS = 16;
const ARCHIVE_PAGE = 50;

/** What is left to do of the broadcasts, for the health page. */
export interface BroadcastState {
  head: string;
  /** Age of the oldest event that some shard does not have yet, ms; 0 when all have all. */
  oldest_undelivered_ms: number;
  /** Shards that do not have all. */
  shards_behind: number;
}

/**
 * The one order of what is said to everybody. It holds no connections: it stores an event, then tells the shards, each
 * of which keeps a copy and pushes it to its readers. A shard that was not reached is told again by the alarm.
 */
export class BroadcastLog extends DurableObject<Env> {
  readonly #log: EventLog;
  readonly #scheduler: AlarmScheduler<DueName>;
  /** How far each shard is, as far as this run of the object knows. */
  readonly #reached = new Map<number, number>();
  #spreading: Promise<void> | null = null;
  #again = false;

  #isReady = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#log = new EventLog(ctx.storage.sql);
    this.#scheduler = new AlarmScheduler(ctx.storage, DUE_NAMES);
    if (this.#hasSchema()) migrate(ctx.storage, BROADCAST_LOG_SCHEMA);
  }

  /** Stores events in the order given, and begins to spread them. One transaction for all. */
  async publish(events: readonly NewEvent[]): Promise<Result<PublishOutcome[]>> {
    const now = Date.now();
    const outcomes = this.#commit(() => {
      const results = events.map((event) => this.#publishOne(event, now));
      // Written with the events: if this run ends before the shards know, the alarm tells them.
      if (results.some(({ status }) => status === "stored")) this.#scheduler.schedule("spread", now + SPREAD_RETRY_MS);
      return results;
    });
    this.ctx.waitUntil(this.#spread());
    return ok(outcomes);
  }

  /** What follows a position: for a shard that catches up. A gap means that the shard must start anew at the floor. */
  async since(after: Position | null): Promise<Result<HistoryPage & { floor: Position }>> {
    return this.#commit(() => ok({ ...readPage(this.#log, after, 500), floor: this.#log.floor() }));
  }

  async state(): Promise<Result<BroadcastState>> {
    return this.#commit(() => {
      const head = this.#log.head();
      const behind = this.#shards().filter((shard) => (this.#reached.get(shard) ?? 0) < head.seq);
      const isSpread = !this.#scheduler.has("spread");
      const oldest = isSpread ? 0 : Math.min(...behind.map((shard) => this.#reached.get(shard) ?? head.seq - 1));
      const first = isSpread ? undefined : this.#log.after(oldest, 1).events[0];
      return ok({
        head: formatPosition(head),
        oldest_undelivered_ms: first === undefined ? 0 : Math.max(Date.now() - first.at, 0),
        shards_behind: isSpread ? 0 : behind.length,
      });
    });
  }

  /** A copy of everything, as of one instant; null when nothing was ever said. */
  async backUp(): Promise<Result<ObjectDump | null>> {
    return dumpObject(this.ctx.storage, []);
  }

  /** Fills the empty log with a copy. Shards hold copies of it and notice by themselves that it was set back. */
  async restore(dump: ObjectDump, job: string): Promise<Result<{ rows: number }>> {
    if (this.#hasSchema() && this.#log.head().seq === 0) {
      // Somebody has asked how it is before anything was said.
      this.#isReady = false;
      this.#log.forget();
      this.#scheduler.forget();
      await this.ctx.storage.deleteAll();
    }
    const loaded = loadObject(this.ctx.storage, BROADCAST_LOG_SCHEMA, [], dump, job);
    if (!loaded.ok) return loaded;
    this.#log.forget();
    this.#scheduler.forget();
    migrate(this.ctx.storage, BROADCAST_LOG_SCHEMA);
    await this.#scheduler.arm();
    return loaded;
  }

  override async alarm(): Promise<void> {
    this.#scheduler.fired();
    const now = Date.now();
    for (const name of this.#scheduler.due(now)) {
      try {
        if (name === "spread") await this.#spread();
        else if (name === "archive") await this.#archive();
        else this.#commit(() => this.#trim(now));
      } catch (fault) {
        logFault("broadcast_job_failed", fault, { job: name });
        this.#scheduler.forget();
        this.#scheduler.failed(name, Date.now());
      }
    }
    await this.#scheduler.arm();
  }

  #publishOne(event: NewEvent, now: number): PublishOutcome {
    const { key } = event;
    const known =
      key === null
        ? undefined
        : this.ctx.storage.sql.exec<{ id: string }>("SELECT id FROM keys WHERE key = ?", key).toArray()[0];
    if (known !== undefined) return { key, status: "duplicate", id: known.id };
    const logged = this.#log.append(event, now);
    const id = formatPosition(logged);
    if (key !== null) this.ctx.storage.sql.exec("INSERT INTO keys (key, id, at) VALUES (?, ?, ?)", key, id, now);
    if (isArchived(event.type)) this.#scheduler.schedule("archive", now + ARCHIVE_DELAY_MS);
    this.#scheduler.schedule("trim", this.#log.isOverfull ? now : now + WINDOW_MS);
    return { key, status: "stored", id };
  }

  /** Tells the shards until each has all; one run at a time, and once more if something came meanwhile. */
  async #spread(): Promise<void> {
    this.#again = true;
    this.#spreading ??= this.#spreadAll().finally(() => {
      this.#spreading = null;
    });
    return this.#spreading;
  }

  async #spreadAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const head = this.#log.head().seq;
      let missing = 0;
      await inParallel(this.#shards(), PARALLEL_SHARDS, async (shard) => {
        if (!(await this.#tellShard(shard, head))) missing += 1;
      });
      this.#commit(() => {
        if (missing > 0) this.#scheduler.failed("spread", Date.now(), { least: SPREAD_RETRY_MS });
        else if (!this.#again) this.#scheduler.reschedule("spread", null);
      });
    }
  }

  /** @returns whether the shard has everything up to `head` now. */
  async #tellShard(shard: number, head: number): Promise<boolean> {
    try {
      // A shard this run knows nothing of most likely has all but the newest; if not, it says so.
      let after = this.#reached.get(shard) ?? head - 1;
      for (let page = 0; page < 20 && after < head; page += 1) {
        const { events } = this.#log.after(after);
        const answer = await broadcastShardStub(this.env, shard).deliver(this.#log.positionAt(after), events);
        const reached = answer === null ? null : parsePosition(answer);
        if (reached === null) return false;
        after = reached.seq;
        this.#reached.set(shard, after);
      }
      return after >= head;
    } catch (fault) {
      logFault("broadcast_shard_unreachable", fault, { shard });
      return false;
    }
  }

  async #archive(): Promise<void> {
    for (let more = true; more; ) {
      const from = this.ctx.storage.sql.exec<{ seq: number }>("SELECT seq FROM archive").one().seq;
      const page = this.#log.after(from, ARCHIVE_PAGE);
      const events = page.events.filter(({ type }) => isArchived(type));
      if (events.length > 0) {
        const message: ArchiveMessage = {
          user_id: null,
          events: events.map((event) => ({ ...event, id: formatPosition(event) })),
        };
        await this.env.EVENT_QUEUE.send(message);
      }
      more = page.more;
      const upTo = page.events.at(-1)?.seq ?? from;
      this.#commit(() => {
        this.ctx.storage.sql.exec("UPDATE archive SET seq = ?", upTo);
        if (!page.more) this.#scheduler.reschedule("archive", null);
      });
    }
  }

  #trim(now: number): void {
    this.ctx.storage.sql.exec("DELETE FROM keys WHERE at < ?", now - WINDOW_MS);
    this.#scheduler.reschedule("trim", this.#log.trim(now));
  }

  #shards(): number[] {
    return Array.from({ length: shardCount(this.env) }, (_, shard) => shard);
  }

  /** Whether the object has tables; once it has, they stay, but for a transaction that is rolled back. */
  #hasSchema(): boolean {
    this.#isReady ||= hasSchema(this.ctx.storage.sql);
    return this.#isReady;
  }

  #commit<T>(change: () => T): T {
    try {
      const result = this.ctx.storage.transactionSync(() => {
        if (!this.#hasSchema()) {
          migrate(this.ctx.storage, BROADCAST_LOG_SCHEMA);
          this.#log.create();
          this.ctx.storage.sql.exec("INSERT INTO archive (one, seq) VALUES (1, 0)");
        }
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
