import type { Clock } from "../clock.ts";
import type { EventsApi } from "../events-api.ts";
import { Attention } from "./attention.ts";
import { CursorStore, type KeyValueStorage } from "./cursor-store.ts";
import { type Audience, Delivery } from "./delivery.ts";
import { Engine } from "./engine.ts";
import type { Handlers } from "./handlers.ts";
import { RECONNECT_TRIES, type SocketConstructor, type Timing } from "./options.ts";
import type { StreamStatus } from "./status.ts";
import type { Surroundings } from "./surroundings.ts";
import { type TabMessage, Tabs } from "./tabs.ts";

export interface SessionContext {
  events: EventsApi;
  clock: Clock;
  timing: Timing;
  mode: "auto" | "sse" | "polling";
  /** Null: this host has no sockets, or should not use them. */
  webSocket: SocketConstructor | null;
  storage: KeyValueStorage;
  channelName: string;
  /** The name of this page or device for its streams. */
  client: string;
  surroundings: Surroundings;
  pauseAfter: number | null;
  dedupeSize: number;
  handlers: Handlers;
  onStatus(status: StreamStatus): void;
}

/**
 * One started stream of one user, in one tab: a follower until it gets the lock, then the leader. Without locks every
 * instance leads; if one is evicted, it listens to another, if there is one.
 */
export class Session {
  readonly #context: SessionContext;
  readonly #store: CursorStore;
  readonly #delivery: Delivery;
  readonly #tabs: Tabs;
  readonly #attention: Attention;
  readonly #end = new AbortController();
  #engine: Engine | null = null;
  #status: StreamStatus;
  /** Whether messages of another leader count here: always for a follower, and for a leader that was evicted. */
  #listens = true;
  /** As a leader: how much was passed on so far. As a follower: from which leader, and up to where. */
  #passedOn = 0;
  #heard: { from: string; n: number } | null = null;
  /** Messages of other tabs are handled one after the other, like those of the stream itself. */
  #queue: Promise<void> = Promise.resolve();

  constructor(context: SessionContext, user: string) {
    this.#context = context;
    const { surroundings, clock } = context;
    const name = `${context.channelName}:${user}`;
    this.#status = { state: "connecting", attempt: 0, of: RECONNECT_TRIES, leader: false, reason: null };
    this.#store = new CursorStore(context.storage, user);
    this.#delivery = new Delivery(context.handlers, context.dedupeSize);
    this.#tabs = new Tabs(surroundings, name, clock.random, (message) => this.#onMessage(message));
    this.#attention = new Attention({
      surroundings,
      clock,
      pauseAfter: context.pauseAfter,
      isOtherVisible: () => this.#tabs.isAnyVisible,
      onChange: () => this.#engine?.wake(),
      onVisibility: (visible) => {
        this.#tabs.post({ kind: "visible", from: this.#tabs.id, visible });
        if (visible) this.#engine?.lookAgain();
      },
    });
    this.#tabs.post({ kind: "hello", from: this.#tabs.id, visible: surroundings.isVisible() });
    const { lock } = surroundings;
    if (lock === null) this.#lead();
    else lock(name, this.#end.signal, () => this.#lead());
  }

  get cursor(): string | null {
    return this.#delivery.cursor;
  }

  retry(): void {
    if (this.#engine !== null) this.#engine.retry();
    else this.#tabs.post({ kind: "retry", from: this.#tabs.id });
  }

  close(): void {
    this.#end.abort();
    this.#attention.close();
    this.#tabs.close();
  }

  #lead(): void {
    if (this.#end.signal.aborted) return;
    // A former follower knows best how far it got; a new tab continues where the last one stopped.
    const stored = this.#store.read();
    if (this.#delivery.cursor === null && stored !== null) this.#delivery.moveTo(stored, null);
    const { events, clock, timing, mode, webSocket, client, handlers } = this.#context;
    const engine = new Engine({
      events,
      clock,
      timing,
      mode,
      webSocket,
      client,
      delivery: this.#delivery,
      store: this.#store,
      audience: this.#audience(),
      obstacle: () => this.#attention.obstacle,
      onState: (state, attempt, reason) => {
        this.#listens = state === "evicted";
        this.#show({ state, attempt, of: RECONNECT_TRIES, leader: true, reason });
      },
      onError: (fault) => handlers.error(fault),
    });
    this.#engine = engine;
    this.#listens = false;
    // Events from the last leader are handled first; the stream continues after them.
    this.#queue.then(() => engine.run(this.#end.signal)).catch((fault) => handlers.error(fault));
  }

  #audience(): Audience {
    const from = this.#tabs.id;
    return {
      event: (event, cursor) =>
        this.#tabs.post({ kind: "event", from, n: ++this.#passedOn, before: this.cursor, cursor, event }),
      reset: (notice, cursor) =>
        this.#tabs.post({ kind: "reset", from, n: ++this.#passedOn, before: this.cursor, cursor, notice }),
    };
  }

  #show(status: StreamStatus): void {
    // A handler may still be working when we close; its result is not needed any more.
    if (this.#end.signal.aborted) return;
    this.#status = status;
    this.#context.onStatus(status);
    if (status.leader) this.#announce();
  }

  #announce(): void {
    const { cursor } = this.#delivery;
    this.#tabs.post({ kind: "status", from: this.#tabs.id, n: this.#passedOn, cursor, status: this.#status });
  }

  #onMessage(message: TabMessage): void {
    if (this.#end.signal.aborted) return;
    if (message.kind === "hello" || message.kind === "visible" || message.kind === "bye") {
      this.#attention.review();
      if (message.kind === "hello" && this.#engine !== null) this.#announce();
    } else if (message.kind === "retry") this.#engine?.retry();
    else if (this.#listens) this.#follow(message);
  }

  #follow(message: Extract<TabMessage, { n: number }>): void {
    const { handlers } = this.#context;
    this.#queue = this.#queue.then(() => this.#hear(message)).catch((fault) => handlers.error(fault));
  }

  async #hear(message: Extract<TabMessage, { n: number }>): Promise<void> {
    const isMissing = this.#isMissing(message);
    this.#heard = { from: message.from, n: message.n };
    if (isMissing) await this.#delivery.reset({ reason: "tab", scope: "both" }, null, null, null);
    if (message.kind === "event") await this.#delivery.event(message.event, message.cursor, null, null);
    else if (message.kind === "reset") await this.#delivery.reset(message.notice, message.cursor, null, null);
    else {
      if (message.cursor !== null) this.#delivery.moveTo(message.cursor, null);
      this.#show({ ...message.status, leader: false });
    }
  }

  /** Whether a passed-on event never arrived here: a tab that the browser has frozen receives nothing. */
  #isMissing(message: Extract<TabMessage, { n: number }>): boolean {
    const isNews = message.kind !== "status";
    if (this.#heard?.from === message.from) return message.n !== this.#heard.n + (isNews ? 1 : 0);
    // A new leader: it must be where we are, or behind.
    const start = message.kind === "status" ? message.cursor : message.before;
    const { cursor } = this.#delivery;
    return cursor !== null && start !== null && start !== cursor && !this.#delivery.hasPassed(start);
  }
}
