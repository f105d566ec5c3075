import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { ServerSocket } from "./socket-server.ts";

/** How one opening of the stream is answered, instead of as usual. */
export type Opening =
  | { answer: "refuse"; status: number; retryAfter?: number }
  /** 204: whoever gets it should stop. */
  | { answer: "nothing" }
  /** Headers, and never a byte. */
  | { answer: "stall" }
  /** A page of a network that wants a sign-in first. */
  | { answer: "portal" }
  /** First byte, then nothing: no frame, no heartbeat. */
  | { answer: "mute" };

/** How sockets are answered. none: as by a server that has none. swallow: by nothing, as a proxy may. */
export type SocketAnswer = "open" | "none" | "swallow" | "mute" | "cut";

/** A stream or a socket, as the server writes to it. */
interface Outlet {
  send(event: string, data: unknown, id?: string): void;
  end(): void;
  destroy(): void;
}

interface Stored {
  id: string;
  event: Record<string, unknown>;
}

/** A small server that keeps the contract of docs/developers/events.md, and breaks it on request. */
export class EventServer {
  /** Answers of the next openings, in turn; none: as usual. */
  readonly openings: Opening[] = [];
  /** Answers every opening this way until it is null again. */
  always: Opening | null = null;
  sockets: SocketAnswer = "none";
  /** Asks for a receipt with every event that a socket is sent. */
  wantsReceipts = false;
  /** What clients have sent over sockets. */
  readonly texts: string[] = [];
  historyStatus = 200;
  retryMs: number | null = 5;
  /** Requests so far, by path. */
  readonly counts = new Map<string, number>();
  /** Cursor each stream was opened with. */
  readonly openedWith: (string | null)[] = [];
  /** The query of each opening. */
  readonly queries: URLSearchParams[] = [];
  readonly notModified: string[] = [];
  /** Events that no stream receives: lost on the way. */
  readonly lost = new Set<string>();
  /** Types this user muted: stored, and neither sent nor in the history. */
  readonly muted = new Set<string>();
  /** The last stream that was opened mute: for a test to write to. */
  mute: ServerResponse | null = null;
  url = "";
  readonly #server: Server;
  readonly #log: Stored[] = [];
  readonly #streams = new Set<Outlet>();
  readonly #idle = new Set<Duplex>();
  readonly #tokens = new Set<string>();
  #epoch = "e1";
  #sequence = 0;
  #oldest = 0;
  /** Position of the streams: what was lost on the way is behind the head and not behind this. */
  #sent = "e1-0.0";

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on("upgrade", (request, socket) => this.#upgrade(request, socket));
  }

  static async start(): Promise<EventServer> {
    const server = new EventServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    const address = server.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    server.url = `http://127.0.0.1:${address.port}`;
    return server;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    for (const socket of this.#idle) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get head(): string {
    return `${this.#epoch}-${this.#sequence}.0`;
  }

  get streams(): number {
    return this.#streams.size;
  }

  count(path: string): number {
    return this.counts.get(path) ?? 0;
  }

  /** Stores an event and sends it to every stream. Answers its id. */
  publish(type: string, data: Record<string, unknown> = {}): string {
    this.#sequence += 1;
    const id = this.head;
    const at = new Date(0).toISOString();
    const event = { id, type, at, level: "info", priority: "normal", data };
    this.#log.push({ id, event });
    if (this.lost.has(type)) return id;
    this.#sent = id;
    if (!this.muted.has(type)) this.frame(type, event, id);
    return id;
  }

  /** Sends a frame as it stands to every stream. */
  frame(event: string, data: unknown, id?: string): void {
    for (const stream of this.#streams) stream.send(event, data, id);
  }

  /** Its own id is how far the streams have come; without one, a client has only the head to go by. */
  heartbeat({ withId = true } = {}): void {
    const id = withId ? this.#sent : undefined;
    this.frame("stream.heartbeat", { head: this.head, at: new Date(0).toISOString() }, id);
  }

  /** Sends the last event once more. */
  duplicate(): void {
    const last = this.#log.at(-1);
    if (last !== undefined) this.frame(String(last.event.type), last.event, last.id);
  }

  /** Ends every stream after a frame that says why. */
  end(event: string, data: unknown): void {
    this.frame(event, data);
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  /** Cuts every connection without a word. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  /** Forgets what is stored: a cursor into it is answered by a reset. */
  expire(): void {
    this.#oldest = this.#sequence;
    this.#log.length = 0;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", this.url);
    this.counts.set(url.pathname, this.count(url.pathname) + 1);
    if (url.pathname === "/api/v1/auth/sse-token") this.#mint(response);
    else if (url.pathname === "/api/v1/events/stream") this.#open(url, request, response);
    else if (url.pathname === "/api/v1/events/history") this.#history(url, request, response);
    else problem(response, 404, "not_found");
  }

  #mint(response: ServerResponse): void {
    const token = `t${this.count("/api/v1/auth/sse-token")}`;
    this.#tokens.add(token);
    json(response, 200, { sse_token: token, expires_in: 60, stream_url: `${this.url}/api/v1/events/stream` });
  }

  #open(url: URL, request: IncomingMessage, response: ServerResponse): void {
    if (!this.#tokens.delete(url.searchParams.get("sse_token") ?? "")) {
      problem(response, 401, "unauthenticated");
      return;
    }
    const cursor = request.headers["last-event-id"]?.toString() ?? url.searchParams.get("last_event_id");
    this.openedWith.push(cursor);
    this.queries.push(url.searchParams);
    const opening = this.openings.shift() ?? this.always;
    if (opening?.answer === "refuse") {
      problem(response, opening.status, "unavailable", opening.retryAfter);
      return;
    }
    if (opening?.answer === "nothing") {
      response.writeHead(204).end();
      return;
    }
    if (opening?.answer === "portal") {
      response.writeHead(200, { "content-type": "text/html" });
      response.end(`event: stream.opened\ndata: {"head":"x"}\n\n`);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    if (opening?.answer === "stall") return;
    response.write(`:ok\n${this.retryMs === null ? "" : `retry: ${this.retryMs}\n`}\n`);
    if (opening?.answer === "mute") {
      this.mute = response;
      return;
    }
    const outlet: Outlet = {
      send: (event, data, id) => send(response, event, data, id),
      end: () => response.end(),
      destroy: () => response.destroy(),
    };
    this.#begin(outlet, cursor);
    response.on("close", () => this.#streams.delete(outlet));
  }

  #upgrade(request: IncomingMessage, socket: Duplex): void {
    const url = new URL(request.url ?? "/", this.url);
    this.counts.set(url.pathname, this.count(url.pathname) + 1);
    this.#idle.add(socket);
    if (this.sockets === "swallow") return;
    const isKnown = this.#tokens.delete(url.searchParams.get("sse_token") ?? "");
    if (this.sockets === "none" || !isKnown) {
      socket.end(`HTTP/1.1 ${isKnown ? 404 : 401} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const cursor = url.searchParams.get("last_event_id");
    this.openedWith.push(cursor);
    this.queries.push(url.searchParams);
    let receipt = 0;
    const end: ServerSocket = new ServerSocket(
      request,
      socket,
      (text) => {
        this.texts.push(text);
        if (text === "head?" && this.sockets !== "mute") end.send(`head ${this.#epoch}-${this.#sequence}`);
      },
      () => this.#streams.delete(outlet),
    );
    const outlet: Outlet = {
      send: (event, data, id) => {
        receipt += 1;
        const ack = this.wantsReceipts ? { ack: receipt } : {};
        end.send(JSON.stringify({ event, data, ...(id === undefined ? {} : { id }), ...ack }));
      },
      end: () => end.end(),
      destroy: () => end.destroy(),
    };
    if (this.sockets === "mute") return;
    this.#begin(outlet, cursor);
    if (this.sockets === "cut") end.destroy();
  }

  #begin(outlet: Outlet, cursor: string | null): void {
    this.#resume(outlet, cursor);
    this.#sent = this.head;
    this.#streams.add(outlet);
  }

  #resume(stream: Outlet, cursor: string | null): void {
    const { head } = this;
    if (cursor === null) {
      stream.send("stream.opened", { head }, head);
      return;
    }
    const after = this.#after(cursor);
    if (after === null) {
      stream.send("stream.reset", { recovered: false, reason: "expired", scope: "user", head }, head);
      return;
    }
    stream.send("stream.resumed", { recovered: true, from: cursor, head, missed: after.length }, cursor);
    for (const { id, event } of after) stream.send(String(event.type), event, id);
  }

  /** What came after a cursor; null when that is not known any more. */
  #after(cursor: string): Stored[] | null {
    const [epoch, rest] = cursor.split("-");
    const sequence = Number(rest?.split(".")[0]);
    if (epoch !== this.#epoch || !(sequence >= this.#oldest)) return null;
    const isAfter = ({ id }: Stored) => Number(id.split("-")[1]?.split(".")[0]) > sequence;
    return this.#log.filter((stored) => isAfter(stored) && !this.muted.has(String(stored.event.type)));
  }

  #history(url: URL, request: IncomingMessage, response: ServerResponse): void {
    if (this.historyStatus === 204) {
      response.writeHead(204).end();
      return;
    }
    if (this.historyStatus !== 200) {
      problem(response, this.historyStatus, "unavailable");
      return;
    }
    const since = url.searchParams.get("since_id");
    const after = since === null ? this.#log : this.#after(since);
    // As coarse as it may be: the same for every cursor, so a client must not carry it from one to another.
    const etag = `"${this.head}"`;
    if (request.headers["if-none-match"] === etag) {
      this.notModified.push(etag);
      response.writeHead(304, { etag }).end();
      return;
    }
    const page = (after ?? []).slice(0, 2);
    const cursor = page.length < (after?.length ?? 0) ? (page.at(-1)?.id ?? this.head) : this.head;
    const body = {
      results: page.map(({ event }) => event),
      cursor,
      next_cursor: cursor === this.head ? null : cursor,
      recovered: after !== null,
      reset_reason: after === null ? "expired" : null,
    };
    response.setHeader("etag", etag);
    json(response, 200, body);
  }
}

function send(stream: ServerResponse, event: string, data: unknown, id?: string): void {
  stream.write(`event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.setHeader("content-type", "application/json");
  response.writeHead(status).end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string, retryAfter?: number): void {
  if (retryAfter !== undefined) response.setHeader("retry-after", String(retryAfter));
  response.setHeader("content-type", "application/problem+json");
  response.writeHead(status).end(JSON.stringify({ type: "", title: code, status, code, request_id: "r" }));
}
