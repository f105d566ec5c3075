import { QueryClient } from "@tanstack/react-query";
import { configure } from "@testing-library/react";
import type { ReactNode } from "react";
import { createClient } from "../../../src/client/create-client.ts";
import { EventStream } from "../../../src/client/event-stream.ts";
import { LatchkeyProvider } from "../../../src/client/react/index.ts";
import { type KeyValueStorage, memoryStorage } from "../../../src/client/stream/cursor-store.ts";
import { noSurroundings } from "../../../src/client/stream/surroundings.ts";
import { QUICK } from "./stream-bench.ts";

// Patience, not a bound: a machine may be busy with something else.
configure({ asyncUtilTimeout: 10_000 });

/** A stream that answers from memory: what the hooks see of a server. */
export class FakeApi {
  /** Paths asked, without the event service's. */
  readonly asked: string[] = [];
  /** Their queries, in the same order. */
  readonly queries: URLSearchParams[] = [];
  /** Query parameters that this server does not know. */
  readonly unknown = new Set<string>();
  /** Rows of the lists, by path. */
  readonly rows = new Map<string, unknown[]>();
  #stream: ReadableStreamDefaultController<Uint8Array> | null = null;
  #sequence = 0;
  isRefusing = false;
  /** Answers read but held back so far; what they hold is what was true when they were asked for. */
  held = 0;
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.pathname.endsWith("/sse-token")) return Response.json({ sse_token: "t", expires_in: 60, stream_url: "" });
    if (url.pathname.endsWith("/stream"))
      return this.isRefusing ? new Response(null, { status: 500 }) : this.#openStream(init);
    if (init?.method === "POST") return Response.json({});
    this.asked.push(url.pathname);
    this.queries.push(url.searchParams);
    const unknown = [...this.unknown].filter((name) => url.searchParams.has(name));
    if (unknown.length > 0) {
      const errors = unknown.map((name) => ({ path: `query.${name}`, rule: "unrecognized_keys", message: "unknown" }));
      return Response.json({ code: "invalid_input", title: "Not valid", status: 400, errors }, { status: 400 });
    }
    const rows = this.rows.get(url.pathname);
    this.held += 1;
    await this.#gate;
    if (rows !== undefined) return Response.json({ results: rows, next_cursor: null });
    return Response.json({ code: "not_found", title: "There is nothing here", status: 404 }, { status: 404 });
  };

  /** Holds back the answers of the API from here on. */
  hold(): void {
    this.held = 0;
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  /** Sends an event down the open stream. */
  publish(type: string, data: Record<string, unknown>): string {
    this.#sequence += 1;
    const id = `e1-${this.#sequence}.0`;
    const at = new Date(0).toISOString();
    this.frame(type, { id, type, at, level: "info", priority: "normal", data }, id);
    return id;
  }

  frame(event: string, data: unknown, id = ""): void {
    const text = `event: ${event}\n${id === "" ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
    this.#stream?.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  #openStream(init: RequestInit | undefined): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#stream = controller;
        init?.signal?.addEventListener("abort", () => {
          if (this.#stream === controller) this.#stream = null;
          try {
            controller.error(new Error("aborted"));
          } catch {
            // Closed already.
          }
        });
      },
    });
    this.frame("stream.opened", { head: `e1-${this.#sequence}.0` });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }
}

/** Everything a hook needs, against a pretended API. */
export function reactBench(options: { storage?: KeyValueStorage } = {}) {
  const api = new FakeApi();
  const baseUrl = "http://latchkey.test";
  const getToken = () => "bearer";
  const storage = options.storage ?? memoryStorage();
  const client = createClient({ baseUrl, getToken, fetch: api.fetch });
  const stream = new EventStream({
    baseUrl,
    getToken,
    fetch: api.fetch,
    user: "ada",
    mode: "sse",
    storage: memoryStorage(),
    timing: { ...QUICK, heartbeatLate: 10_000 },
    surroundings: noSurroundings(),
  });
  const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <LatchkeyProvider client={client} stream={stream} queryClient={queryClient} storage={storage} keep={3}>
      {children}
    </LatchkeyProvider>
  );
  return { api, client, stream, queryClient, storage, wrapper };
}
