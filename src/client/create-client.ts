import { KEYED_WRITES } from "./api-types.ts";
import { type Clock, systemClock } from "./clock.ts";
import { EventsApi } from "./events-api.ts";
import type { Answer, CallOptions, Input, Method, PathsOf } from "./operations.ts";
import { queryOf } from "./query.ts";
import { randomId } from "./random-id.ts";
import type { Result } from "./rest/result.ts";
import { Transport } from "./rest/transport.ts";
import type { GetToken } from "./token.ts";
import { WritesWatch } from "./writes-watch.ts";

type Arguments<I> = Partial<I> extends I ? [input?: I] : [input: I];

type Caller<M extends Method> = <P extends PathsOf<M>>(
  path: P,
  ...input: Arguments<Input<P, M>>
) => Promise<Result<Answer<P, M>>>;

/** The API, one method per HTTP method. The API's own document gives the types of path, parameters, body and answer. */
export interface LatchkeyClient {
  readonly baseUrl: string;
  readonly getToken: GetToken;
  readonly get: Caller<"get">;
  readonly post: Caller<"post">;
  readonly put: Caller<"put">;
  readonly patch: Caller<"patch">;
  readonly delete: Caller<"delete">;
  readonly events: EventsApi;
  /**
   * The `max_stale` for a read in the background, which the edge may then answer. Undefined while only an exact answer
   * is right: after a write of this client, and while the shown data is younger than `max_stale`.
   * @param shownAt when the shown data was loaded, epoch ms.
   */
  readonly backgroundStaleness: (shownAt: number) => number | undefined;
}

export interface ClientOptions {
  /** Origin of the API, without `/api/v1`. */
  baseUrl: string;
  getToken: GetToken;
  fetch?: typeof fetch;
  clock?: Clock;
}

/**
 * Makes a client. Its calls return `{ ok: true, value }` or `{ ok: false, problem }` and never throw. Reads are
 * repeated after a network failure or a 503. Writes are also repeated if their Idempotency-Key makes that harmless.
 */
export function createClient(options: ClientOptions): LatchkeyClient {
  const { baseUrl, getToken } = options;
  const clock = options.clock ?? systemClock();
  const transport = new Transport({ baseUrl, getToken, clock, ...(options.fetch && { fetch: options.fetch }) });
  const writes = new WritesWatch();
  const caller =
    <M extends Method>(method: M): Caller<M> =>
    async (path, ...[input]) => {
      const call = callOf(method, path, input ?? {});
      if (method === "get") return transport.call(call);
      writes.begin();
      try {
        return await transport.call(call);
      } finally {
        writes.end(clock.now());
      }
    };
  return {
    baseUrl,
    getToken,
    get: caller("get"),
    post: caller("post"),
    put: caller("put"),
    patch: caller("patch"),
    delete: caller("delete"),
    events: new EventsApi(transport, getToken),
    backgroundStaleness: (shownAt) => writes.staleness(shownAt, clock.now()),
  };
}

interface LooseInput extends CallOptions {
  path?: object;
  query?: object;
  body?: unknown;
}

function callOf(method: Method, template: string, input: LooseInput) {
  const isRead = method === "get";
  const headers: Record<string, string> = isRead ? {} : { "idempotency-key": input.idempotencyKey ?? randomId() };
  return {
    method: method.toUpperCase(),
    path: fill(template, input.path ?? {}) + queryOf(input.query ?? {}),
    body: input.body,
    headers,
    signal: input.signal,
    // If the server does not check the key, a second call would have a second effect.
    isRepeatable: isRead || KEYED_WRITES.has(`${method.toUpperCase()} ${template}`),
  };
}

function fill(template: string, values: object): string {
  const known = new Map(Object.entries(values));
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(known.get(name))));
}
