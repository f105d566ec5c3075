import { randomId } from "../../client/index.ts";
import { session } from "../session/store.ts";
import { ApiProblem, OfflineError, type ProblemDocument } from "./problem.ts";

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  /** A body that is JSON already, see `jsonBody`. */
  json?: Blob;
  query?: Record<string, string | number | boolean | undefined>;
  /** False: sent without a token, for signing in. */
  signedIn?: boolean;
  signal?: AbortSignal;
}

/** Refusals with the status 401 that do not concern the token: another credential in the request is wrong. */
const REFUSED = new Set(["invalid_credentials", "invalid_code", "passkey_refused"]);

/**
 * One request to the API. A write has an Idempotency-Key, so that it can be repeated if its answer was lost. A token
 * that is not accepted any more is renewed once.
 * @throws ApiProblem for a refusal, OfflineError without an answer, SessionOverError.
 */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const { method = "GET", signedIn = true } = options;
  const headers = new Headers({ accept: "application/json" });
  if (options.body !== undefined || options.json !== undefined) headers.set("content-type", "application/json");
  if (method !== "GET" && signedIn) headers.set("idempotency-key", randomId());
  const send = async () => {
    const body = options.body === undefined ? options.json : JSON.stringify(options.body);
    if (signedIn) headers.set("authorization", `Bearer ${await session.token()}`);
    return fetch(address(path, options.query), {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  };
  let response = await once(send);
  if (response.status === 401 && signedIn && !REFUSED.has((await problemOf(response.clone())).code)) {
    await session.renew();
    response = await once(send);
  }
  if (response.status === 204) {
    // SAFETY: the caller of an address with an empty answer asks for `void`.
    return undefined as T;
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    // A browser may know a zone that the server does not: then dates are in UTC, and say so.
    if (options.query?.tz !== undefined && problem.errors?.some(({ path }) => path === "query.tz") === true) {
      return request<T>(path, { ...options, query: { ...options.query, tz: undefined } });
    }
    throw new ApiProblem(problem);
  }
  // SAFETY: the API validates its answers' schemas in its own tests, and it is deployed together with these pages.
  return (await response.json()) as T;
}

/** After a lost answer the request is repeated once: reads change nothing, and writes have a key. */
async function once(send: () => Promise<Response>): Promise<Response> {
  try {
    return await send();
  } catch (fault) {
    if (!(fault instanceof TypeError)) throw fault;
  }
  try {
    return await send();
  } catch (fault) {
    if (!(fault instanceof TypeError)) throw fault;
    throw new OfflineError(fault.message);
  }
}

function address(path: string, query: RequestOptions["query"] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const text = parameters.toString();
  return `/api/v1${path}${text === "" ? "" : `?${text}`}`;
}

async function problemOf(response: Response): Promise<ProblemDocument> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && "code" in body && "title" in body) {
      // SAFETY: every refusal of the API is a problem document with these members.
      return body as ProblemDocument;
    }
  } catch {
    // Not from the API: something on the way answered.
  }
  return { status: response.status, code: "unknown", title: `${response.status} ${response.statusText}` };
}
