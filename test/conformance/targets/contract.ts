import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { api } from "../../../scripts/lib/api-client.ts";
import { mintAccessToken } from "../../../src/identity/tokens.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { SseStream } from "../lib/sse-stream.ts";

/** Longer than the kit runs, seconds. */
const TOKEN_SECONDS = 3_600;
/** The most events that one publish takes. */
export const MAX_BATCH = 500;

const tokenSchema = z.object({ sse_token: z.string(), expires_in: z.int(), stream_url: z.string() });
const resultSchema = z.looseObject({ key: z.string().nullish(), user: z.string().nullish(), status: z.string() });
const resultsSchema = z.object({ results: z.array(resultSchema.extend({ id: z.string().nullish() })) });
export const envelopeSchema = z.looseObject({
  id: z.string(),
  type: z.string(),
  at: z.string(),
  level: z.string(),
  priority: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type Envelope = z.infer<typeof envelopeSchema>;
const historySchema = z.object({
  results: z.array(envelopeSchema),
  cursor: z.string(),
  next_cursor: z.string().nullable(),
  recovered: z.boolean(),
  reset_reason: z.string().nullish(),
});
export type History = z.infer<typeof historySchema>;
export type PublishResult = z.infer<typeof resultsSchema>["results"][number];

/** One event of a publish, as docs/developers/events.md has it. Values of any kind, because some cases send wrong ones. */
export interface RawEvent {
  key?: unknown;
  to: unknown;
  type: unknown;
  data: unknown;
  level?: unknown;
  priority?: unknown;
}

export interface RawAnswer {
  status: number;
  body: unknown;
  headers: Headers;
}

/** The addresses of docs/developers/events.md, asked the way a stranger would. */
export class Contract {
  url: string;
  /** How streams are opened: as Server-Sent Events, or over a WebSocket. */
  readonly way: "stream" | "socket";
  readonly #secret: string;
  readonly #bearers = new Map<string, Promise<string>>();

  constructor(url: string, secret: string, way: "stream" | "socket" = "stream") {
    this.url = url;
    this.way = way;
    this.#secret = secret;
  }

  /** Headers of a caller; each user comes from an address of its own, so that limits per address stay out of the way. */
  async headers(user: string, role: Role = "learner"): Promise<Record<string, string>> {
    const key = `${user} ${role}`;
    const known = this.#bearers.get(key);
    const claims = { sub: user, role, session: null, lifetimeSeconds: TOKEN_SECONDS };
    const bearer = known ?? mintAccessToken(this.#secret, claims);
    this.#bearers.set(key, bearer);
    return { authorization: `Bearer ${await bearer}`, ...addressOf(user) };
  }

  async get(path: string, user: string, role?: Role, headers: Record<string, string> = {}): Promise<RawAnswer> {
    return api(this.url).get(path, { headers: { ...(await this.headers(user, role)), ...headers } });
  }

  async post(path: string, body: unknown, user: string, role?: Role): Promise<RawAnswer> {
    return api(this.url).post(path, body, { headers: await this.headers(user, role) });
  }

  async put(path: string, body: unknown, user: string): Promise<RawAnswer> {
    return api(this.url).put(path, body, { headers: await this.headers(user) });
  }

  /** A token for one stream. @throws when there is none. */
  async streamToken(user: string, role?: Role): Promise<string> {
    const { status, body } = await this.post("/api/v1/auth/sse-token", undefined, user, role);
    const token = tokenSchema.safeParse(body);
    if (!token.success) throw new Error(`no stream token: ${status} ${JSON.stringify(body)}`);
    return token.data.sse_token;
  }

  /** Opens a stream with a token, whatever the answer. @param query is added as it is. */
  openWith(token: string | null, headers: Record<string, string> = {}, query = ""): Promise<SseStream> {
    const first = token === null ? "" : `sse_token=${encodeURIComponent(token)}`;
    return SseStream.open(`${this.url}/api/v1/events/${this.way}?${first}${query}`, headers);
  }

  /** Publishes as a service. */
  publishRaw(events: readonly RawEvent[], role: Role = "service"): Promise<RawAnswer> {
    return this.post("/api/v1/events/publish", { events }, `kit-${role}`, role);
  }

  /** Publishes and expects every event to be taken. @throws otherwise. */
  async publish(events: readonly RawEvent[]): Promise<PublishResult[]> {
    const results: PublishResult[] = [];
    for (let start = 0; start < events.length; start += MAX_BATCH) {
      const answer = await this.publishRaw(events.slice(start, start + MAX_BATCH));
      const parsed = resultsSchema.safeParse(answer.body);
      if (answer.status !== 200 || !parsed.success) {
        throw new Error(`publishing: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
      }
      results.push(...parsed.data.results);
    }
    return results;
  }

  /** A page of the history. @throws when it is not one. */
  async history(user: string, query: { since?: string; limit?: number } = {}): Promise<History> {
    const parameters = new URLSearchParams();
    if (query.since !== undefined) parameters.set("since_id", query.since);
    if (query.limit !== undefined) parameters.set("limit", String(query.limit));
    const { status, body } = await this.get(`/api/v1/events/history?${parameters}`, user);
    const page = historySchema.safeParse(body);
    if (status !== 200 || !page.success) throw new Error(`history: ${status} ${JSON.stringify(body).slice(0, 300)}`);
    return page.data;
  }
}

/** A key that was never used. */
export function freshKey(): string {
  return randomUUID();
}

/** The address a user comes from. */
export function addressOf(user: string): Record<string, string> {
  const [a = 0, b = 0, c = 0] = createHash("sha256").update(user).digest();
  return { "cf-connecting-ip": `10.${a}.${b}.${c}` };
}
