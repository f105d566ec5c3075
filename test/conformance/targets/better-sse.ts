import { setTimeout as sleep } from "node:timers/promises";
import type { Claim, Feature, Publication, Received, Target } from "../lib/case.ts";
import type { Child } from "../lib/child.ts";
import { SseStream } from "../lib/sse-stream.ts";
import { startBetterSse } from "../peers/better-sse.ts";

/** A session is registered a moment after its headers were sent, and nothing on the wire says when. */
const REGISTER_MS = 40;

/** An application of the library better-sse, without what the library leaves to the application. */
export class BetterSseTarget implements Target {
  readonly name = "better-sse";
  readonly features: ReadonlySet<Feature> = new Set<Feature>(["sse", "broadcast"]);
  readonly inject: Target["inject"] = {
    data: (user, text) => this.#post([{ user, text }]),
    "event name": (user, text) => this.#post([{ user, text: "harmless", event: `name${text}` }]),
    "key or id": (user, text) => this.#post([{ user, text: "harmless", event: "name", id: `id${text}` }]),
  };
  readonly #url: string;
  readonly #port: number;
  #child: Child | null = null;

  constructor(port: number) {
    this.#port = port;
    this.#url = `http://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    this.#child = await startBetterSse(this.#port);
  }

  async stop(): Promise<void> {
    await this.#child?.end();
  }

  async open(user: string): Promise<SseStream> {
    const stream = await SseStream.open(`${this.#url}/?user=${user}`);
    if (stream.status !== 200) throw new Error(`the stream was refused: ${stream.status}`);
    await sleep(REGISTER_MS);
    return stream;
  }

  publish(publications: readonly Publication[]): Promise<void> {
    return this.#post(publications.map(({ to, text }) => (to === "everyone" ? { text } : { user: to.user, text })));
  }

  /** The library writes JSON by default; a text is a JSON string then. */
  received(stream: SseStream): Received[] {
    return stream.frames.map(({ id = "", data }) => ({ id, text: String(JSON.parse(data)) }));
  }

  claim(): Claim {
    return "silent";
  }

  async #post(publications: readonly object[]): Promise<void> {
    const answer = await fetch(this.#url, { method: "POST", body: JSON.stringify(publications) });
    if (!answer.ok) throw new Error(`publishing: ${answer.status}`);
  }
}
