import { Agent, request } from "node:http";
import type { Claim, Feature, OpenOptions, Publication, Received, Target } from "../lib/case.ts";
import { Refused } from "../lib/case.ts";
import type { Child } from "../lib/child.ts";
import { SseStream } from "../lib/sse-stream.ts";
import { NCHAN_BUFFER, startNchan } from "../peers/nchan.ts";

/** nginx with nchan: a channel for each user and one for everybody, both on one stream. */
export class NchanTarget implements Target {
  readonly name = "nchan";
  readonly features: ReadonlySet<Feature> = new Set<Feature>(["sse", "cursor", "broadcast", "eviction", "crash"]);
  readonly inject: Target["inject"] = {
    data: (user, text) => this.#post(user, text),
    "event name": (user, text) => this.#post(user, "harmless", { "x-eventsource-event": `name${text}` }),
  };
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #child: Child | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  async start(): Promise<void> {
    this.#child = await startNchan(this.#port);
  }

  async stop(): Promise<void> {
    await this.#child?.end();
    this.#agent.destroy();
  }

  async crash(): Promise<void> {
    await this.#child?.end("SIGKILL");
    await this.start();
  }

  async open(user: string, { cursor, via = "header", otherCursor }: OpenOptions = {}): Promise<SseStream> {
    const inHeader = via === "header" ? cursor : otherCursor;
    const inQuery = via === "query" ? cursor : otherCursor;
    const query = inQuery === undefined ? "" : `?last_event_id=${encodeURIComponent(inQuery)}`;
    const headers: Record<string, string> = inHeader === undefined ? {} : { "last-event-id": inHeader };
    const stream = await SseStream.open(`http://127.0.0.1:${this.#port}/sub/${user}${query}`, headers);
    if (stream.status !== 200) throw new Error(`the stream was refused: ${stream.status}`);
    return stream;
  }

  async publish(publications: readonly Publication[]): Promise<void> {
    for (const { to, text } of publications) await this.#post(to === "everyone" ? "everyone" : to.user, text);
  }

  received(stream: SseStream): Received[] {
    return stream.frames.map(({ id = "", data }) => ({ id, text: data }));
  }

  claim(): Claim {
    return "silent";
  }

  async evict(user: string): Promise<void> {
    for (let count = 0; count < NCHAN_BUFFER; count += 1) await this.#post(user, "filler");
  }

  #post(channel: string, text: string, headers: Record<string, string> = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      let asked: ReturnType<typeof request>;
      try {
        asked = request({
          port: this.#port,
          host: "127.0.0.1",
          path: `/pub/${channel}`,
          method: "POST",
          agent: this.#agent,
          headers: { "content-type": "text/plain", "content-length": Buffer.byteLength(text), ...headers },
        });
      } catch (fault) {
        // HTTP itself has no way to write such a header.
        reject(new Refused(String(fault)));
        return;
      }
      asked.once("response", (answer) => {
        answer.resume().once("end", () => {
          const status = answer.statusCode ?? 0;
          if (status < 300) resolve();
          else if (status < 500) reject(new Refused(String(status)));
          else reject(new Error(`publishing: ${status}`));
        });
      });
      asked.once("error", reject);
      asked.end(text);
    });
  }
}
