import { KEYED_WRITES, type Paths } from "./api-types.ts";
import { type Clock, systemClock } from "./clock.ts";
import { EventsApi } from "./events-api.ts";
import type { Result } from "./rest/result.ts";
import { Transport } from "./rest/transport.ts";
import type { GetToken } from "./token.ts";

type Method = "get" | "post" | "put" | "patch" | "delete";
/** The paths that know a method. */
export type PathsOf<M extends Method> = { [P in keyof Paths]: M extends keyof Paths[P] ? P : never }[keyof Paths];
type Operation<P extends keyof Paths, M extends Method> = M extends keyof Paths[P] ? Paths[P][M] : never;

/** What an operation answers. */
export type Answer<P extends keyof Paths, M extends Method> = Operation<P, M> extends { answer: infer A } ? A : never;

type Parts<O> = (O extends { path: infer P } ? { path: P } : unknown) &
  (O extends { query: infer Q } ? (Partial<Q> extends Q ? { query?: Q } : { query: Q }) : unknown) &
  (O extends { body: infer B } ? { body: B } : O extends { body?: infer B } ? { body?: B } : unknown);

/** Beyond what the operation itself takes. */
export interface CallOptions {
  signal?: AbortSignal;
  /** Of a write: your own key, to repeat the call after a reload. Default: a new one for each call. */
  idempotencyKey?: string;
}

/** What a call of an operation is given. */
export type Input<P extends keyof Paths, M extends Method> = Parts<Operation<P, M>> & CallOptions;
type Arguments<I> = Partial<I> extends I ? [input?: I] : [input: I];

type Caller<M extends Method> = <P extends PathsOf<M>>(
  path: P,
  ...input: Arguments<Input<P, M>>
) => Promise<Result<Answer<P, M>>>;

/** The API, one method per HTTP method; path, parameters, body and answer are typed by the API's own document. */
export interface LatchkeyClient {
  readonly baseUrl: string;
  readonly getToken: GetToken;
  readonly get: Caller<"get">;
  readonly post: Caller<"post">;
  readonly put: Caller<"put">;
  readonly patch: Caller<"patch">;
  readonly delete: Caller<"delete">;
  readonly events: EventsApi;
}

export interface ClientOptions {
  /** Origin of the API, without `/api/v1`. */
  baseUrl: string;
  getToken: GetToken;
  fetch?: typeof fetch;
  clock?: Clock;
}

/**
 * Makes a client. Its calls answer `{ ok: true, value }` or `{ ok: false, problem }` and never throw. Reads are repeated
 * on network failure and 503; writes too, where the Idempotency-Key they carry makes that harmless.
 */
export function createClient(options: ClientOptions): LatchkeyClient {
  const { baseUrl, getToken } = options;
  const clock = options.clock ?? systemClock();
  const transport = new Transport({ baseUrl, getToken, clock, ...(options.fetch && { fetch: options.fetch }) });
  const caller =
    <M extends Method>(method: M): Caller<M> =>
    (path, ...[input]) =>
      transport.call(callOf(method, path, input ?? {}));
  return {
    baseUrl,
    getToken,
    get: caller("get"),
    post: caller("post"),
    put: caller("put"),
    patch: caller("patch"),
    delete: caller("delete"),
    events: new EventsApi(transport, getToken),
  };
}

interface LooseInput extends CallOptions {
  path?: object;
  query?: object;
  body?: unknown;
}

function callOf(method: Method, template: string, input: LooseInput) {
  const isRead = method === "get";
  const headers: Record<string, string> = isRead
    ? {}
    : { "idempotency-key": input.idempotencyKey ?? crypto.randomUUID() };
  return {
    method: method.toUpperCase(),
    path: fill(template, input.path ?? {}) + queryOf(input.query ?? {}),
    body: input.body,
    headers,
    signal: input.signal,
    // Where the server does not look at the key, a second call would be a second deed.
    isRepeatable: isRead || KEYED_WRITES.has(`${method.toUpperCase()} ${template}`),
  };
}

function fill(template: string, values: object): string {
  const known = new Map(Object.entries(values));
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(known.get(name))));
}

function queryOf(values: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  return query.size === 0 ? "" : `?${query}`;
}
