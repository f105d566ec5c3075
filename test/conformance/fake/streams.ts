import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Journal, Position, Stored } from "./journal.ts";
import { breaks } from "./mutations.ts";

export const HEARTBEAT_MS = 3_000;
const MAX_STREAMS = 2;
/** Bytes that may wait for a reader: the largest call has room. */
const BUDGET = 8_500_000;
const TICK_MS = 1_000;
const RETRY_MS = 1_500;

interface Stream {
  user: string;
  role: string;
  response: ServerResponse;
  position: Position;
  muted: () => string[];
}

interface Publication {
  key?: string | undefined;
  type: string;
  data: Record<string, unknown>;
  level: string;
  priority: string;
  roles: string[] | null;
}

/** The id of a frame: whose log, and how far in both. */
export function formatId(journal: Journal, user: string, { user: own, broadcast }: Position): string {
  return `${`${journal.epoch}.${user}`.replaceAll(/[^0-9a-z]/g, "")}-${own}.${broadcast}`;
}

/** Open streams, and what is on its way to them. */
export class Streams {
  readonly #journal: Journal;
  readonly #open = new Set<Stream>();
  readonly #ticks = new Map<string, { at: number; waiting: (() => void) | null; timer: NodeJS.Timeout | null }>();
  readonly #ended = new Set<string>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Answers with a stream that starts at a cursor. */
  async open(
    user: string,
    role: string,
    cursor: string,
    response: ServerResponse,
    muted: () => string[],
  ): Promise<void> {
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
    });
    response.write(breaks("late-ok") ? `retry: ${RETRY_MS}\n\n` : `:ok\nretry: ${RETRY_MS}\n\n`);
    // Whoever has most to read still answers least; the oldest of those who have nothing.
    const mates = [...this.#open]
      .filter((stream) => stream.user === user)
      .sort((a, b) => b.response.writableLength - a.response.writableLength);
    if (mates.length >= MAX_STREAMS)
      this.#end(mates.at(breaks("evict-newest") ? -1 : 0), "stream.evicted", { reason: "too_many_streams" });
    const journal = this.#journal;
    const start = cursor === "" ? { position: journal.top(user), gap: null } : journal.resolve(user, cursor);
    const stream = { user, role, response, position: start.position, muted };
    const missed = journal.after(user, start.position);
    const head = formatId(journal, user, journal.top(user));
    if (cursor === "") this.#say(stream, "stream.opened", { head });
    else if (start.gap !== null) {
      this.#say(stream, "stream.reset", { recovered: false, reason: start.gap, scope: "both", head });
    } else this.#say(stream, "stream.resumed", { recovered: true, from: cursor, head, missed: missed.length });
    if (breaks("inclusive") && cursor !== "") {
      const { position } = start;
      const [again] = journal.after(user, { ...position, user: Math.max(position.user - 1, 0) });
      if (again !== undefined) this.#send(stream, again.event, position);
    }
    for (const { event, position } of missed.slice(0, breaks("short-replay") ? 1_000 : missed.length)) {
      this.#send(stream, event, position);
    }
    if (breaks("seam")) await sleep(5);
    this.#open.add(stream);
    response.on("close", () => this.#open.delete(stream));
  }

  /** Stores and sends one event. Progress goes by way of {@link TICK_MS}. */
  publish(user: string | null, publication: Publication): { status: string; id: string | null } {
    const { type, data } = publication;
    if (!type.startsWith("task.")) return this.#store(user, publication);
    const task = `${user} ${data.task_id}`;
    if (type !== "task.progress-updated") {
      const tick = this.#ticks.get(task);
      if (tick?.timer) clearTimeout(tick.timer);
      if (!breaks("tick-loss")) tick?.waiting?.();
      this.#ticks.delete(task);
      if (type !== "task.progress-started") this.#ended.add(task);
      return this.#store(user, publication);
    }
    if (this.#ended.has(task)) return { status: "duplicate", id: null };
    const tick = this.#ticks.get(task);
    if (tick === undefined || breaks("every-tick")) {
      this.#ticks.set(task, { at: Date.now(), waiting: null, timer: null });
      return this.#store(user, publication);
    }
    tick.waiting = () => this.#store(user, publication);
    tick.timer ??= setTimeout(() => {
      tick.waiting?.();
      this.#ticks.delete(task);
    }, TICK_MS);
    return { status: "coalesced", id: null };
  }

  /** Says to all that they are alive, which is also how the dead are found. */
  beat(): void {
    if (breaks("no-beat")) return;
    for (const stream of this.#open) {
      const head = formatId(this.#journal, stream.user, this.#journal.top(stream.user));
      this.#say(stream, "stream.heartbeat", { head, at: new Date().toISOString() });
    }
  }

  #store(user: string | null, { key, type, data, level, priority, roles }: Publication) {
    const envelope = { type, at: new Date().toISOString(), level, priority, data };
    const stored = { user, key: key ?? null, type, priority, roles, envelope };
    const { seq, isNew } = this.#journal.append(stored);
    if (isNew) this.#spread(stored, seq);
    return { status: isNew ? "stored" : "duplicate", id: String(seq) };
  }

  #spread(event: Stored, seq: number): void {
    for (const stream of this.#open) {
      if (event.user !== null && event.user !== stream.user && !breaks("leak")) continue;
      if (event.user === null) stream.position.broadcast = seq;
      else if (event.user === stream.user) stream.position.user = seq;
      this.#send(stream, event, stream.position);
      if (stream.response.writableLength <= BUDGET || breaks("unbounded")) continue;
      const behind = { ...stream.position, user: stream.position.user + (breaks("lossy-lag") ? 3 : 0) };
      this.#end(stream, "stream.lagged", { resume_from: formatId(this.#journal, stream.user, behind) });
    }
  }

  #send(stream: Stream, { type, priority, roles, envelope, key }: Stored, position: Position): void {
    stream.position = { ...position };
    if (roles !== null && !roles.includes(stream.role) && !breaks("role-blind")) return;
    if (priority !== "high" && stream.muted().includes(type)) return;
    const id = breaks("raw-key") && key !== null ? key : formatId(this.#journal, stream.user, position);
    const json = JSON.stringify({ ...envelope, id: formatId(this.#journal, stream.user, position) });
    const data = breaks("raw-data") ? json.replaceAll("\\n", "\n") : json;
    stream.response.write(`event: ${type}\nid: ${id}\ndata: ${data}\n\n`);
  }

  #say(stream: Stream, event: string, data: object): void {
    const id = formatId(this.#journal, stream.user, stream.position);
    stream.response.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #end(stream: Stream | undefined, event: string, data: object): void {
    if (stream === undefined) return;
    this.#open.delete(stream);
    this.#say(stream, event, data);
    stream.response.end();
  }
}
