import { env } from "cloudflare:workers";
import { onTestFinished } from "vitest";
import { z } from "zod";
import type { BroadcastLog } from "../../../src/events/broadcast-log.ts";
import { broadcastLogStub } from "../../../src/events/broadcast-log-stub.ts";
import type { UserChannel } from "../../../src/events/channel.ts";
import { channelStub } from "../../../src/events/stubs.ts";
import { type Call, call, read, tokenOf } from "./http.ts";
import { service } from "./learners.ts";

export interface Frame {
  event: string;
  id: string;
  /** The parsed JSON of `data`. */
  data: Record<string, unknown>;
}

/** Frames about the stream that come by themselves and say nothing about the test's events. */
const BEAT = "stream.heartbeat";
const PATIENCE_MS = 5_000;

/** One reader of one stream, as a client sees it. */
export class StreamReader {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Pieces may end in the middle of a letter. */
  readonly #decoder = new TextDecoder();
  #text = "";
  #hasEnded = false;

  constructor(response: Response) {
    if (response.body === null) throw new Error("a stream without a body");
    this.response = response;
    this.#reader = response.body.getReader();
    onTestFinished(() => this.leave());
  }

  /** The next frame; heartbeats are left out unless asked for. Null when the stream has ended. */
  async next({ beats = false }: { beats?: boolean } = {}): Promise<Frame | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end < 0) {
        if (this.#hasEnded) return null;
        await this.#fill();
        continue;
      }
      const frame = parse(this.#text.slice(0, end));
      this.#text = this.#text.slice(end + 2);
      if (frame !== null && (beats || frame.event !== BEAT)) return frame;
    }
  }

  /** The next frame, which must be of this kind. */
  async expect(event: string): Promise<Frame> {
    const frame = await this.next({ beats: event === BEAT });
    if (frame?.event !== event) throw new Error(`expected ${event}, got ${JSON.stringify(frame)}`);
    return frame;
  }

  /** Events up to the first for which `isLast` holds. */
  async until(isLast: (frame: Frame) => boolean): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame === null) throw new Error(`the stream ended after ${JSON.stringify(frames)}`);
      frames.push(frame);
      if (isLast(frame)) return frames;
    }
  }

  /** Bytes as they came, up to the first frame about the stream. */
  async rawStart(): Promise<string> {
    while (!this.#text.includes("event: stream.")) await this.#fill();
    return this.#text;
  }

  leave(): Promise<void> {
    return this.#reader.cancel().catch(() => undefined);
  }

  async #fill(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    // Cleared: a burst is read in thousands of pieces, and an object may have so many timers and no more.
    const { value, done } = await Promise.race([this.#reader.read(), timeout]).finally(() => clearTimeout(timer));
    if (done) this.#hasEnded = true;
    else this.#text += this.#decoder.decode(value, { stream: true });
  }
}

function parse(block: string): Frame | null {
  const field = (name: string) =>
    block
      .split("\n")
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const event = field("event");
  if (event === undefined) return null;
  const data = z.record(z.string(), z.unknown()).parse(JSON.parse(field("data") ?? "{}"));
  return { event, id: field("id") ?? "", data };
}

/** A fresh token for a user's stream. */
export async function streamToken(
  user: string,
  role: Parameters<typeof tokenOf>[1] = "learner",
  topics: readonly string[] = [],
): Promise<string> {
  const answer = await askToken(user, topics, role);
  return (await read(answer, 200, z.object({ sse_token: z.string() }))).sse_token;
}

/** The answer to asking for a token of a stream that brings topics. */
export async function askToken(
  user: string,
  topics: readonly string[],
  role: Parameters<typeof tokenOf>[1] = "learner",
): Promise<Response> {
  const body = topics.length === 0 ? {} : { body: { topics } };
  return call("POST", "/auth/sse-token", { token: await tokenOf(user, role), ...body });
}

/** The answer to opening a stream. */
export function openWith(token: string, cursor?: string, options: Call = {}): Promise<Response> {
  const query = cursor === undefined ? "" : `&last_event_id=${encodeURIComponent(cursor)}`;
  return call("GET", `/events/stream?sse_token=${token}${query}`, options);
}

/** Opens a stream and returns its reader; the test's end closes it. */
export async function open(user: string, cursor?: string, role?: Parameters<typeof tokenOf>[1]): Promise<StreamReader> {
  const answer = await openWith(await streamToken(user, role), cursor);
  if (answer.status !== 200) throw new Error(`the stream was refused: ${answer.status} ${await answer.text()}`);
  return new StreamReader(answer);
}

const outcomesSchema = z.object({
  results: z.array(
    z.object({
      key: z.string().nullable(),
      user: z.string().optional(),
      topic: z.string().optional(),
      status: z.string(),
      id: z.string().nullable(),
    }),
  ),
});

/** Publishes as a service. */
export async function publish(events: readonly object[]) {
  const answer = await call("POST", "/events/publish", { token: await service(), body: { events } });
  return (await read(answer, 200, outcomesSchema)).results;
}

/** A notification for one user. */
export function note(user: string, title: string, rest: object = {}): object {
  return {
    key: encodeURIComponent(`${user}:${title}`).slice(0, 200),
    to: { user },
    type: "system.notification",
    data: { title },
    ...rest,
  };
}

/** The titles that frames carry in their envelopes. */
export function titlesOf(frames: readonly Frame[]): unknown[] {
  return frames.map(({ data }) => z.object({ data: z.looseObject({ title: z.unknown() }) }).parse(data).data.title);
}

const historySchema = z.object({
  results: z.array(z.looseObject({ id: z.string(), type: z.string(), data: z.record(z.string(), z.unknown()) })),
  cursor: z.string(),
  next_cursor: z.string().nullable(),
  recovered: z.boolean(),
  reset_reason: z.string().nullable(),
});

export async function history(user: string, query = "", role?: Parameters<typeof tokenOf>[1]) {
  return read(await call("GET", `/events/history${query}`, { token: await tokenOf(user, role) }), 200, historySchema);
}

/** Everything a user was sent, page by page: others of the shared deployment may have sent much to everybody meanwhile. */
export async function wholeHistory(user: string) {
  const events: z.infer<typeof historySchema>["results"] = [];
  for (let since = ""; ; ) {
    const page = await history(user, `?limit=1000${since}`);
    events.push(...page.results);
    if (page.next_cursor === null) return events;
    since = `&since_id=${encodeURIComponent(page.next_cursor)}`;
  }
}

export function channelOf(user: string): DurableObjectStub<UserChannel> {
  return channelStub(env, user);
}

export function broadcastLog(): DurableObjectStub<BroadcastLog> {
  return broadcastLogStub(env);
}
