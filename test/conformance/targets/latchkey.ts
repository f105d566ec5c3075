import type { Claim, Feature, Field, OpenOptions, Publication, Received, Target } from "../lib/case.ts";
import { Refused } from "../lib/case.ts";
import type { Frame, SseStream } from "../lib/sse-stream.ts";
import { addressOf, Contract, envelopeSchema, freshKey, type RawEvent } from "./contract.ts";

/** Power over the process behind the address; without it the cases that kill are not offered. */
export interface Control {
  /** @returns the address. */
  start(): Promise<string>;
  stop(): Promise<void>;
  /** Kills and starts again. @returns the address, which may be another. */
  crash(): Promise<string>;
}

const FIRST_FRAME_MS = 8_000;

/** Whoever speaks docs/developers/events.md: Latchkey, and the kit's own stand-in. */
export class ContractTarget implements Target {
  readonly name: string;
  readonly features: ReadonlySet<Feature>;
  readonly contract: Contract;
  readonly inject: Target["inject"];
  readonly #control: Control | null;
  readonly #evictAfter: number | null;

  /** @param options.evictAfter events after which a user's oldest are gone for sure; null when only time removes them. */
  constructor(
    name: string,
    options: {
      url: string;
      secret: string;
      control: Control | null;
      evictAfter: number | null;
      way?: "stream" | "socket";
    },
  ) {
    this.name = name;
    this.contract = new Contract(options.url, options.secret, options.way);
    this.#control = options.control;
    this.#evictAfter = options.evictAfter;
    const features: Feature[] = ["cursor", "broadcast", "history", "contract"];
    if (options.way !== "socket") features.push("sse");
    if (options.control !== null) features.push("crash");
    if (options.evictAfter !== null) features.push("eviction");
    this.features = new Set(features);
    const field = (make: (user: string, text: string) => Partial<RawEvent>) => async (user: string, text: string) => {
      await this.#send([{ ...notification({ to: { user }, text: "harmless" }), ...make(user, text) }]);
    };
    const fields: Record<Field, (user: string, text: string) => Promise<void>> = {
      data: field((_, text) => ({ data: { title: text, body: text } })),
      "event name": field((_, text) => ({ type: `system.notification${text}` })),
      "key or id": field((_, text) => ({ key: `key${text}` })),
      level: field((_, text) => ({ level: `info${text}` })),
      receiver: field((user, text) => ({ to: { user: `${user}${text}` } })),
    };
    this.inject = fields;
  }

  async start(): Promise<void> {
    if (this.#control !== null) this.contract.url = await this.#control.start();
  }

  async stop(): Promise<void> {
    await this.#control?.stop();
  }

  async crash(): Promise<void> {
    if (this.#control === null) throw new Error("the kit did not start this server");
    this.contract.url = await this.#control.crash();
  }

  async open(user: string, { cursor, via = "header", otherCursor }: OpenOptions = {}): Promise<SseStream> {
    const inHeader = via === "header" ? cursor : otherCursor;
    const inQuery = via === "query" ? cursor : otherCursor;
    const token = await this.contract.streamToken(user);
    const stream = await this.contract.openWith(
      token,
      { ...addressOf(user), ...(inHeader === undefined ? {} : { "last-event-id": inHeader }) },
      inQuery === undefined ? "" : `&last_event_id=${encodeURIComponent(inQuery)}`,
    );
    if (stream.status !== 200) throw new Error(`the stream was refused: ${stream.status} ${await stream.body()}`);
    await stream.until(() => stream.frames.length > 0, "a first frame", FIRST_FRAME_MS);
    return stream;
  }

  publish(publications: readonly Publication[]): Promise<void> {
    return this.#send(publications.map(notification));
  }

  received(stream: SseStream): Received[] {
    return stream.frames.flatMap(receivedOf);
  }

  claim({ frames: [first] }: SseStream): Claim {
    if (first?.event === "stream.resumed") return "recovered";
    return first?.event === "stream.reset" ? "reset" : "silent";
  }

  async evict(user: string): Promise<void> {
    const fillers = Array.from({ length: this.#evictAfter ?? 0 }, () => notification({ to: { user }, text: "filler" }));
    await this.#send(fillers);
  }

  async #send(events: readonly RawEvent[]): Promise<void> {
    for (let start = 0; start < events.length; start += 500) {
      const { status, body } = await this.contract.publishRaw(events.slice(start, start + 500));
      const text = JSON.stringify(body).slice(0, 200);
      if (status >= 400 && status < 500) throw new Refused(`${status} ${text}`);
      if (status !== 200) throw new Error(`publishing: ${status} ${text}`);
      if (text.includes('"unavailable"')) throw new Error(`publishing: ${text}`);
    }
  }
}

/** A publication as an event that carries any text. */
export function notification({ to, text }: Publication): RawEvent {
  return {
    key: freshKey(),
    to: to === "everyone" ? { everyone: true } : to,
    type: "system.notification",
    data: { title: "kit", body: text },
  };
}

function receivedOf({ event, data, id = "" }: Frame): Received[] {
  if (event !== "system.notification") return [];
  const { body } = envelopeSchema.parse(JSON.parse(data)).data;
  return typeof body === "string" ? [{ id, text: body }] : [];
}
