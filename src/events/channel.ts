import { DurableObject } from "cloudflare:workers";
import { Cell } from "../platform/cell/cell.ts";
import { noteChanged } from "../platform/cell/change-notes.ts";
import type { ExportPage, ExportPosition } from "../platform/cell/export-rows.ts";
import type { DumpRequest, ObjectDump } from "../platform/cell/object-dump.ts";
import type { Loaded } from "../platform/cell/object-load.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { BroadcastLine } from "./broadcast-line.ts";
import { CHANNEL_DUE_NAMES, CHANNEL_SCHEMA, type ChannelDueName, EXPORTED_OF_CHANNEL } from "./channel-schema.ts";
import { ChannelStore } from "./channel-store.ts";
import { ChannelWriter } from "./channel-writer.ts";
import type { HistoryPage, PublishOutcome } from "./contract.ts";
import { Gathering } from "./gathering.ts";
import { EventLog, readPage } from "./log.ts";
import type { ArchiveMessage } from "./messages.ts";
import { Readers } from "./readers.ts";
import { type Arrival, SocketStreams } from "./socket-streams.ts";
import { LogSockets, NOBODY_DEAF } from "./sockets.ts";
import { mayEnd, rightsChangeIn } from "./topics.ts";
import type { LoggedEvent, NewEvent, Position, Preferences } from "./types.ts";
import { JOIN_HEADER, type JoinWish, joinRequestSchema } from "./wire.ts";

/** Streams that a user may have open; one more ends a stream that does not answer, or else the oldest. */
const MAX_STREAMS_PER_USER = 2;

const NO_USER = refuse("user_not_found");
/** The key under which a channel keeps its user's id. */
const WHOSE = "whose";

/**
 * The live events of one user: their order, 24 hours of them, the present readers, and the keys of published events. A
 * facade over the log, the sockets and the other parts in this folder. Nothing in it keeps the object awake while a
 * reader only listens: a stream ends in the Worker (stream.ts), or in a socket that the platform keeps while the object
 * sleeps.
 */
export class UserChannel extends DurableObject<Env> {
  readonly #log: EventLog;
  readonly #store: ChannelStore;
  readonly #readers: Readers;
  readonly #direct: SocketStreams;
  readonly #sockets: LogSockets;
  readonly #cell: Cell<ChannelDueName>;
  readonly #writer: ChannelWriter;
  readonly #gathering: Gathering;
  #flushTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#log = new EventLog(ctx.storage.sql);
    this.#store = new ChannelStore(ctx.storage.sql);
    this.#readers = new Readers(ctx);
    this.#direct = new SocketStreams({
      ctx,
      env: () => this.env,
      readers: this.#readers,
      log: this.#log,
      line: new BroadcastLine(
        () => this.env,
        () => this.#cell.name,
      ),
      user: () => this.#cell.name,
      preferences: () => this.#store.preferences(),
      plan: (at) => this.#cell.commit(() => this.#cell.scheduler.schedule("streams", at)),
    });
    this.#sockets = new LogSockets(ctx, this.#readers, this.#log, this.#direct);
    this.#cell = new Cell(ctx, {
      called: "a channel",
      schema: CHANNEL_SCHEMA,
      dues: CHANNEL_DUE_NAMES,
      begin: () => this.#writer.create(),
      forget: () => this.#writer.forget(),
    });
    const isWatched = () => this.#sockets.count > 0;
    this.#writer = new ChannelWriter(ctx.storage.sql, this.#log, this.#store, this.#cell, isWatched);
    this.#gathering = new Gathering({
      sql: ctx.storage.sql,
      commit: (change) => this.#cell.commit(change),
      env: () => this.env,
      isListening: isWatched,
      publish: (events) => this.publish(events, "enrollment"),
    });
  }

  /**
   * Accepts a stream: uses up its token, ends another stream if there are too many, joins it to the log. 401 for a used
   * token, 429 if the client wanted only a free place and there is none, 503 when the broadcasts cannot be reached;
   * after 429 and 503 the token is still valid.
   */
  override async fetch(request: Request): Promise<Response> {
    const isInUse = this.#cell.exists && !this.#cell.isErased;
    return this.#gathering.arriving(isInUse, () => this.#arrive(request));
  }

  async #arrive(request: Request): Promise<Response> {
    const wish = joinRequestSchema.parse(JSON.parse(request.headers.get(JOIN_HEADER) ?? ""));
    if (wish.direct === undefined) return this.#takeUp(wish, null);
    // Not for an erased user: the shard would be notified of a user whom nobody knows any more.
    if (this.#cell.isErased) return new Response(null, { status: 401 });
    const asked = { cursor: wish.direct.cursor, topics: wish.topics };
    const taken = await this.#direct.arrive(asked, (arrival) => this.#takeUp(wish, arrival));
    return taken.ok ? taken.value : new Response(null, { status: 503 });
  }

  async #takeUp(
    { after, token, client, if_room, direct, topics }: JoinWish,
    arrival: Arrival | null,
  ): Promise<Response> {
    if (token === undefined) return new Response(null, { status: 400 });
    const room = MAX_STREAMS_PER_USER - 1;
    const deafness = this.#sockets.exceeds(room, client) ? await this.#sockets.askAll() : NOBODY_DEAF;
    // From here on without waiting for anything: two streams that come at once must not both take the last place.
    if (this.#cell.isErased) return new Response(null, { status: 401 });
    if (if_room && this.#sockets.exceeds(room, client) && !this.#sockets.hasDeafBeyond(room, deafness)) {
      return new Response(null, { status: 429 });
    }
    // Since the rights were read, the user may have lost some; that could not end a stream which was not open yet.
    if (topics.length > 0 && this.#mayHaveLost(topics, token.asked_at)) return new Response(null, { status: 401 });
    const isNew = this.#cell.commit(() => this.#store.burn(token, Date.now()));
    if (!isNew) return new Response(null, { status: 401 });
    this.#sockets.replace(client);
    this.#sockets.evictBeyond(room, "too_many_streams", deafness);
    const who = { session: token.session, client, topics };
    const response =
      arrival === null || direct === undefined
        ? this.#sockets.join(after, who, this.#store.preferences())
        : this.#direct.open({ ...direct, ...who }, arrival);
    if (arrival !== null) this.#sockets.announceHead();
    this.#cell.commit(() => this.#writer.watchTasks());
    return response;
  }

  #mayHaveLost(topics: readonly string[], since: number): boolean {
    if (!this.#cell.exists) return false;
    const changes = this.#log.since("enrollment.changed", since).flatMap((event) => rightsChangeIn(event) ?? []);
    return topics.some((topic) => changes.some((change) => mayEnd(topic, change)));
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const reader = this.#readers.directOf(socket);
    if (reader === null) this.#sockets.receive(socket, message);
    else if (this.#direct.receive(socket, reader, message)) this.#sockets.answered(socket, 0);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#direct.gone(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#direct.gone(socket);
  }

  /**
   * Broadcasts after `after` in the shard's log, for clients that hold sockets.
   * @returns whether there are any: if not, the shard need not notify the channel of the next one.
   */
  async hear(after: Position, events: LoggedEvent[]): Promise<Result<{ listening: boolean }>> {
    return ok({ listening: this.#direct.hear(after, events) });
  }

  /**
   * Stores events in the given order and pushes them to the readers. One transaction for all: either every event of the
   * call has its outcome, or none was stored and the call can be repeated.
   * @param source whether an enrollment of the user sends this: a backup that finds a change of an enrollment copies
   * its channel as well.
   */
  async publish(
    events: readonly NewEvent[],
    source: "enrollment" | "other" = "other",
  ): Promise<Result<PublishOutcome[]>> {
    // The same answer as for an event that was sent before, so nobody sends it again.
    if (this.#cell.isErased) return ok(events.map(({ key }) => ({ key, status: "duplicate", id: null })));
    const now = Date.now();
    const { outcomes, appended } = this.#cell.commit(() => this.#writer.publish(events, now));
    this.#deliver(appended);
    for (const event of appended) {
      const change = rightsChangeIn(event);
      if (change !== null) this.#sockets.endTopics(change);
    }
    this.#armTicks(now);
    // Also for a repeated call: the first one may have ended before the change was noted.
    if (source === "other" && events.length > 0) await this.#noteForBackup();
    return ok(outcomes);
  }

  /**
   * Publishes events of an enrollment only while somebody reads them.
   * @param enrollment an object of the release before does not send it.
   * @returns whether they were published; if not, nothing was stored, and with `gathers` the channel asks the
   * enrollment for them before anybody reads.
   */
  async tell(
    events: readonly NewEvent[],
    enrollment: string | null = null,
  ): Promise<Result<{ listening: boolean; gathers?: boolean }>> {
    const isHeard =
      enrollment === null ? this.#sockets.count > 0 : await this.#gathering.hears(enrollment, this.#cell.isErased);
    if (!isHeard) return ok({ listening: false, gathers: enrollment !== null });
    await this.publish(events, "enrollment");
    return ok({ listening: true });
  }

  /** The events after a position, oldest first. */
  async history(after: Position | null, limit: number): Promise<Result<HistoryPage & { preferences: Preferences }>> {
    if (this.#cell.isErased) return NO_USER;
    await this.#gathering.gather(this.#cell.exists);
    if (this.#cell.isErased) return NO_USER;
    return this.#cell.commit(() =>
      ok({ ...readPage(this.#log, after, limit), preferences: this.#store.preferences() }),
    );
  }

  async preferences(): Promise<Result<Preferences>> {
    if (this.#cell.isErased) return NO_USER;
    return this.#cell.commit(() => ok(this.#store.preferences()));
  }

  /** Sets the user's preferences; open streams follow at once. */
  async setPreferences(preferences: Preferences): Promise<Result<Preferences>> {
    if (this.#cell.isErased) return NO_USER;
    this.#cell.commit(() => this.#store.savePreferences(preferences));
    this.#sockets.tell({ t: "preferences", preferences });
    await this.#noteForBackup();
    return ok(preferences);
  }

  /**
   * Ends the streams of a session that was ended, or all streams of the user (null).
   * @param kind "closing": the client comes back with a new token, because the user's role has changed.
   * @param except the session whose streams stay when all others end.
   * @returns how many.
   */
  async endSession(
    session: string | null,
    kind: "evicted" | "closing" = "evicted",
    except: string | null = null,
  ): Promise<Result<{ ended: number }>> {
    return ok({ ended: this.#sockets.endSession(session, "session_ended", kind, except) });
  }

  /** A page of everything that the channel has about its user; nothing when it was never used. */
  async exportOf(from: ExportPosition | null): Promise<Result<ExportPage>> {
    return ok(this.#cell.exportOf(EXPORTED_OF_CHANNEL, from));
  }

  /**
   * The user of this channel, for a backup that has only the channel's id; null when it never noted a change, or its
   * user is erased.
   */
  async whose(): Promise<Result<string | null>> {
    return ok(this.ctx.storage.kv.get<string>(WHOSE) ?? null);
  }

  /** A copy of everything, as of one instant, or a part of one; null when the channel was never used. */
  async backUp(asked?: DumpRequest): Promise<Result<ObjectDump | null>> {
    this.#isNoted = false;
    return this.#cell.dump(asked);
  }

  /** The backup has every part of the copy that was made for it. */
  async forgetBackUp(backup: string): Promise<Result<null>> {
    this.#cell.forgetDump(backup);
    return ok(null);
  }

  /**
   * Fills the empty channel with a copy. For readers it is a log that was set back: a cursor after its end gets an
   * answer that says so.
   */
  async restore(dump: ObjectDump, job: string): Promise<Result<Loaded>> {
    return this.#cell.restore(dump, job);
  }

  /** The user is erased: ends their streams, removes everything, and accepts nothing any more. */
  async erase(): Promise<Result<{ erased: boolean }>> {
    this.#sockets.endSession(null, "session_ended");
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    await this.#cell.erase();
    return ok({ erased: true });
  }

  override async alarm(): Promise<void> {
    await this.#cell.runDue({ run: (name, now) => this.#runDue(name, now), fault: "channel_job_failed" });
  }

  async #runDue(name: ChannelDueName, now: number): Promise<void> {
    if (name === "archive") {
      const user_id = this.#cell.name;
      await this.#writer.archive((events) => this.env.EVENT_QUEUE.send({ user_id, events } satisfies ArchiveMessage));
    } else if (name === "streams") {
      const next = this.#direct.review(now);
      this.#cell.commit(() => this.#cell.scheduler.reschedule(name, next));
    } else this.#deliver(this.#cell.commit(() => this.#writer.runDue(name, now)));
  }

  /** Sends it to every reader, after the commit. */
  #deliver(events: readonly LoggedEvent[]): void {
    this.#sockets.deliver(events);
    this.#direct.deliver(events);
  }

  /**
   * Progress events that wait for their second. This is the only timer, and it runs only while a task reports more
   * often than once a second.
   */
  #armTicks(now: number): void {
    const next = this.#writer.nextTick();
    if (next === null || this.#flushTimer !== null) return;
    this.#flushTimer = setTimeout(
      () => {
        this.#flushTimer = null;
        const due = Date.now();
        this.#deliver(this.#cell.commit(() => this.#writer.flushTicks(due)));
        this.#armTicks(due);
      },
      Math.max(next - now, 0),
    );
  }

  /**
   * The next backup copies this channel, because no table shows that it changed. The note is written once, until the
   * channel is copied or sleeps. It does not say whose channel it is, so the channel keeps its user for the backup.
   */
  async #noteForBackup(): Promise<void> {
    if (this.#isNoted || this.#cell.isErased) return;
    this.ctx.storage.kv.put(WHOSE, this.#cell.name);
    this.#isNoted = await noteChanged(this.env, "channels", this.ctx.id);
  }
  #isNoted = false;
}
