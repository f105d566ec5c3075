import { DurableObject } from "cloudflare:workers";
import { logFault } from "../ops/logging.ts";
import { type ExportPage, type ExportPosition, exportRows } from "../privacy/object-rows.ts";
import { AlarmScheduler } from "../shared/alarm-scheduler.ts";
import { dumpObject, loadObject, type ObjectDump } from "../shared/object-dump.ts";
import { hasSchema, migrate } from "../shared/object-schema.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { CHANNEL_DUE_NAMES, CHANNEL_SCHEMA, type ChannelDueName } from "./channel-schema.ts";
import { ChannelStore } from "./channel-store.ts";
import type { HistoryPage, PublishOutcome } from "./contract.ts";
import { formatPosition } from "./cursor.ts";
import { EventLog, readPage, WINDOW_MS } from "./log.ts";
import type { ArchiveMessage } from "./messages.ts";
import { ProgressThrottle } from "./progress.ts";
import { close, LogSockets } from "./sockets.ts";
import { TaskWatch } from "./tasks.ts";
import { isArchived, type LoggedEvent, type NewEvent, type Position, type Preferences } from "./types.ts";
import { JOIN_HEADER, type JoinRequest, joinRequestSchema } from "./wire.ts";

/** Streams a user may have open; one more ends the oldest. */
export const MAX_STREAMS_PER_USER = 2;
/** Important events wait this long for others: an alarm and a queue message for each would cost more than telling it. */
export const ARCHIVE_DELAY_MS = 20_000;

/** Under this the object remembers that its user was erased, after everything else is gone. */
const ERASED = "erased";
/** What of a channel is exported to its user. */
const EXPORTED = [
  { kind: "preferences", query: "SELECT body FROM preferences" },
  { kind: "event", query: "SELECT * FROM log ORDER BY seq" },
  { kind: "task_progress", query: "SELECT * FROM ticks ORDER BY subject" },
];
const NO_USER = refuse("user_not_found");

/**
 * One user's live events: their order, 24 hours of them, who reads them now, what was published already. A facade over
 * the log, the sockets and the rest in this folder. Nothing in it holds the object awake while a reader only listens;
 * the stream itself ends in the Worker (stream.ts).
 */
export class UserChannel extends DurableObject<Env> {
  readonly #log: EventLog;
  readonly #store: ChannelStore;
  readonly #tasks: TaskWatch;
  readonly #sockets: LogSockets;
  readonly #scheduler: AlarmScheduler<ChannelDueName>;
  #throttle = new ProgressThrottle();
  #flushTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#log = new EventLog(ctx.storage.sql);
    this.#store = new ChannelStore(ctx.storage.sql, this.#log);
    this.#tasks = new TaskWatch(ctx.storage.sql);
    this.#sockets = new LogSockets(ctx, this.#log);
    this.#scheduler = new AlarmScheduler(ctx.storage, CHANNEL_DUE_NAMES);
    this.#isErased = ctx.storage.kv.get(ERASED) !== undefined;
    if (hasSchema(ctx.storage.sql)) migrate(ctx.storage, CHANNEL_SCHEMA);
  }

  /** Takes up a stream: burns its token, ends the oldest stream if there are too many, joins it to the log. */
  override async fetch(request: Request): Promise<Response> {
    const { after, token }: JoinRequest = joinRequestSchema.parse(JSON.parse(request.headers.get(JOIN_HEADER) ?? ""));
    if (token === undefined) return new Response(null, { status: 400 });
    if (this.#isErased) return new Response(null, { status: 401 });
    const now = Date.now();
    const isNew = this.#commit(() => this.#store.burn(token, now));
    if (!isNew) return new Response(null, { status: 401 });
    this.#sockets.evictBeyond(MAX_STREAMS_PER_USER - 1, "too_many_streams");
    const response = this.#sockets.join(after, token.session, this.#store.preferences());
    this.#commit(() => this.#scheduler.reschedule("tasks", this.#tasks.nextDue(true)));
    return response;
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#sockets.receive(socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    close(socket);
  }

  /**
   * Stores events in the order given and pushes them to whoever reads. One transaction for all: either every event of
   * the call has its outcome, or none was stored and the call can be repeated.
   */
  async publish(events: readonly NewEvent[]): Promise<Result<PublishOutcome[]>> {
    // Like one that was told already: whoever sends it need not send it again.
    if (this.#isErased) return ok(events.map(({ key }) => ({ key, status: "duplicate", id: null })));
    const now = Date.now();
    const appended: LoggedEvent[] = [];
    const outcomes = this.#commit(() => events.map((event) => this.#publishOne(event, now, appended)));
    this.#sockets.deliver(appended);
    this.#armTicks(now);
    return ok(outcomes);
  }

  /**
   * Publishes events only while somebody reads them, for who has another way to publish them a little later.
   * @returns whether a stream is open; if not, nothing was stored.
   */
  async tell(events: readonly NewEvent[]): Promise<Result<{ listening: boolean }>> {
    if (this.#sockets.count === 0) return ok({ listening: false });
    await this.publish(events);
    return ok({ listening: true });
  }

  /** What was published after a position, oldest first. */
  async history(after: Position | null, limit: number): Promise<Result<HistoryPage & { preferences: Preferences }>> {
    if (this.#isErased) return NO_USER;
    return this.#commit(() => ok({ ...readPage(this.#log, after, limit), preferences: this.#store.preferences() }));
  }

  async preferences(): Promise<Result<Preferences>> {
    if (this.#isErased) return NO_USER;
    return this.#commit(() => ok(this.#store.preferences()));
  }

  /** Sets what the user receives; streams that are open follow at once. */
  async setPreferences(preferences: Preferences): Promise<Result<Preferences>> {
    if (this.#isErased) return NO_USER;
    this.#commit(() => this.#store.savePreferences(preferences));
    this.#sockets.tell({ t: "preferences", preferences });
    return ok(preferences);
  }

  /** Ends the streams of a session that was ended, or all of the user's (null). @returns how many. */
  async endSession(session: string | null): Promise<Result<{ ended: number }>> {
    return ok({ ended: this.#sockets.endSession(session, "session_ended") });
  }

  /** A page of everything the channel knows of its user; nothing when it was never used. */
  async exportOf(from: ExportPosition | null): Promise<Result<ExportPage>> {
    if (!hasSchema(this.ctx.storage.sql)) return ok({ rows: [], next: null });
    return ok(exportRows(this.ctx.storage.sql, EXPORTED, from));
  }

  /** A copy of everything, as of one instant; null when the channel was never used. */
  async backUp(): Promise<Result<ObjectDump | null>> {
    return this.#isErased ? ok(null) : dumpObject(this.ctx.storage, []);
  }

  /** Fills the empty channel with a copy. To readers it is a log that was set back: cursors beyond it are told so. */
  async restore(dump: ObjectDump, job: string): Promise<Result<{ rows: number }>> {
    if (this.#isErased) return refuse("restore_target_not_empty");
    const loaded = loadObject(this.ctx.storage, CHANNEL_SCHEMA, [], dump, job);
    if (!loaded.ok) return loaded;
    this.#forget();
    migrate(this.ctx.storage, CHANNEL_SCHEMA);
    await this.#scheduler.arm();
    return loaded;
  }

  /** The user is erased: ends their streams, removes everything, and takes nothing any more. */
  async erase(): Promise<Result<{ erased: boolean }>> {
    this.#isErased = true;
    this.#sockets.endSession(null, "session_ended");
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    this.#forget();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.ctx.storage.kv.put(ERASED, Date.now());
    return ok({ erased: true });
  }

  /** Runs whatever is due. Never throws: a failed job stays due, later each time. */
  override async alarm(): Promise<void> {
    this.#scheduler.fired();
    if (!hasSchema(this.ctx.storage.sql)) return;
    const now = Date.now();
    for (const name of this.#scheduler.due(now)) {
      try {
        await this.#runDue(name, now);
      } catch (fault) {
        logFault("channel_job_failed", fault, { job: name });
        this.#forget();
        if (this.#isErased) return;
        this.#scheduler.failed(name, Date.now());
      }
    }
    await this.#scheduler.arm();
  }

  async #runDue(name: ChannelDueName, now: number): Promise<void> {
    if (name === "archive") return this.#archive();
    const appended: LoggedEvent[] = [];
    const append = (event: NewEvent) => this.#append(event, now, appended);
    this.#commit(() => {
      if (name === "trim") {
        this.#store.prune(now);
        this.#tasks.prune(now);
        this.#scheduler.reschedule("trim", this.#log.trim(now));
      } else if (name === "tasks") {
        for (const event of this.#tasks.overdue(now, this.#sockets.count > 0)) append(event);
        this.#scheduler.reschedule("tasks", this.#tasks.nextDue(this.#sockets.count > 0));
      } else {
        for (const event of this.#store.takeContent(now)) append(event);
        this.#scheduler.reschedule("content", this.#store.nextContent());
      }
    });
    this.#sockets.deliver(appended);
  }

  /** Hands important events to the archive's queue; they count as archived once the queue has them. */
  async #archive(): Promise<void> {
    for (let more = true; more; ) {
      const owed = this.#store.owedToArchive();
      if (owed.events.length > 0) {
        const message: ArchiveMessage = {
          user_id: this.#user(),
          events: owed.events.map((event) => ({ ...event, id: formatPosition(event) })),
        };
        await this.env.EVENT_QUEUE.send(message);
      }
      this.#commit(() => {
        this.#store.archived(owed.upTo);
        if (!owed.more) this.#scheduler.reschedule("archive", null);
      });
      more = owed.more;
    }
  }

  #publishOne(event: NewEvent, now: number, appended: LoggedEvent[]): PublishOutcome {
    const { key, type, subject } = event;
    const known = key === null ? null : this.#store.publishedAs(key);
    if (known !== null) return { key, status: "duplicate", id: known === "" ? null : known };
    if (type === "content.chapter-updated") {
      this.#scheduler.schedule("content", this.#store.mergeContent(event, now));
      if (key !== null) this.#store.rememberKey(key, 0, now);
      return { key, status: "merged", id: null };
    }
    if (type === "task.progress-updated" && subject !== null) {
      if (this.#tasks.hasEnded(subject)) return { key, status: "duplicate", id: null };
      if (!this.#throttle.offer(subject, event, now)) return { key, status: "coalesced", id: null };
    } else if (subject !== null) {
      // The last value is always sent before the end.
      const waiting = this.#throttle.take(subject);
      if (waiting !== null) this.#append(waiting, now, appended);
      if (type !== "task.progress-started") this.#throttle.end(subject);
    }
    const logged = this.#append(event, now, appended);
    return { key, status: "stored", id: formatPosition(logged) };
  }

  #append(event: NewEvent, now: number, appended: LoggedEvent[]): LoggedEvent {
    const logged = this.#log.append(event, now);
    appended.push(logged);
    if (event.key !== null) this.#store.rememberKey(event.key, logged.seq, now);
    if (event.subject !== null && event.type.startsWith("task.")) {
      this.#tasks.note(event, now);
      this.#scheduler.reschedule("tasks", this.#tasks.nextDue(this.#sockets.count > 0));
    }
    if (isArchived(event.type)) this.#scheduler.schedule("archive", now + ARCHIVE_DELAY_MS);
    this.#scheduler.schedule("trim", this.#log.isOverfull ? now : now + WINDOW_MS);
    return logged;
  }

  /** Ticks that wait for their second: the only timer there is, and only while a task reports faster than that. */
  #armTicks(now: number): void {
    const next = this.#throttle.nextRipe();
    if (next === null || this.#flushTimer !== null) return;
    this.#flushTimer = setTimeout(
      () => {
        this.#flushTimer = null;
        this.#flushTicks(Date.now());
      },
      Math.max(next - now, 0),
    );
  }

  #flushTicks(now: number): void {
    const appended: LoggedEvent[] = [];
    const ripe = this.#throttle.ripe(now);
    this.#commit(() => {
      for (const tick of ripe) {
        if (tick.subject !== null && !this.#tasks.hasEnded(tick.subject)) this.#append(tick, now, appended);
      }
    });
    this.#sockets.deliver(appended);
    this.#armTicks(now);
  }

  /** Runs a change in one transaction and arms the alarm in the same turn; a fault drops what memory says. */
  #commit<T>(change: () => T): T {
    try {
      const result = this.ctx.storage.transactionSync(() => {
        this.#ensure();
        return change();
      });
      this.#scheduler.armBeside(this.ctx);
      return result;
    } catch (fault) {
      this.#forget();
      throw fault;
    }
  }

  /** First use: an object nobody published to or listened at has no tables and costs no storage. */
  #ensure(): void {
    if (this.#isErased) throw new Error("the user was erased meanwhile");
    if (this.#isReady) return;
    if (!hasSchema(this.ctx.storage.sql)) {
      migrate(this.ctx.storage, CHANNEL_SCHEMA);
      this.#log.create();
      this.#store.create();
    }
    this.#isReady = true;
  }
  #isReady = false;
  #isErased = false;

  #forget(): void {
    this.#isReady = false;
    this.#log.forget();
    this.#scheduler.forget();
    this.#throttle = new ProgressThrottle();
  }

  /** The user id is the object's name. */
  #user(): string {
    const name = this.ctx.id.name;
    if (name === undefined) throw new Error("a channel must be addressed by name");
    return name;
  }
}
