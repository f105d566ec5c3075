import { setTimeout as sleep } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import { z } from "zod";
import type { ApiClient } from "./api.ts";

/** Wait before a listener tries again, ms, plus as much at random. */
const RETRY_MS = 100;

const tokenSchema = z.object({ stream_url: z.string() });
const envelopeSchema = z.looseObject({ type: z.string(), data: z.looseObject({ title: z.string().optional() }) });

/** One user's listener: opens a stream, keeps its cursor, and comes back whenever the stream ends, however it ends. */
export class Listener {
  /** Titles of the notifications received, in order, as they came: a repetition would show. */
  readonly titles: string[] = [];
  readonly resumes: { recovered: boolean; missed: number }[] = [];
  connections = 0;
  cursor: string | null = null;
  readonly #url: string;
  readonly #client: ApiClient;
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;

  constructor(url: string, client: ApiClient) {
    this.#url = url;
    this.#client = client;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      await this.#listen().catch(() => undefined); // refused or cut: tried again below
      await sleep(RETRY_MS * (1 + Math.random()));
    }
  }

  async #listen(): Promise<void> {
    const minted = await this.#client.post("/api/v1/auth/sse-token", {});
    const { stream_url } = tokenSchema.parse(minted.body);
    const headers = this.cursor === null ? {} : { "last-event-id": this.cursor };
    const response = await fetch(this.#url + stream_url, { headers, signal: this.#stopped.signal });
    if (response.status !== 200 || response.body === null) throw new Error(`refused: ${response.status}`);
    this.connections += 1;
    const parser = createParser({
      onEvent: ({ event, id, data }) => {
        this.#take(event ?? "", JSON.parse(data));
        if (id !== undefined && id !== "") this.cursor = id;
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body) parser.feed(decoder.decode(chunk, { stream: true }));
  }

  #take(event: string, data: unknown): void {
    if (event === "stream.resumed" || event === "stream.reset") {
      const { recovered, missed } = z
        .looseObject({ recovered: z.boolean(), missed: z.number().default(0) })
        .parse(data);
      this.resumes.push({ recovered, missed });
    } else if (event === "system.notification") {
      this.titles.push(envelopeSchema.parse(data).data.title ?? "");
    }
  }
}
