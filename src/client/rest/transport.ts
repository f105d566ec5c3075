import { type Clock, fullJitter, sleep } from "../clock.ts";
import { type GetToken, orAborted } from "../token.ts";
import { type LatchkeyProblem, noAnswer, problemOf, type Result, unreadable } from "./result.ts";

export interface TransportOptions {
  baseUrl: string;
  getToken: GetToken;
  fetch?: typeof fetch;
  clock: Clock;
}

export interface Call {
  method: string;
  /** Path with its query, from `/api`. */
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Whether doing it twice has the same effect as doing it once. */
  isRepeatable: boolean;
}

const TRIES = 4;
const BACKOFF_BASE = 300;
const BACKOFF_CAP = 5_000;
/** If a server asks for a longer pause, the caller decides whether to repeat. */
const LONGEST_WAIT = 30_000;

/** Sends requests with the bearer token, and repeats those that may be repeated. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #base: string;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#base = options.baseUrl.replace(/\/+$/, "");
  }

  /** The address of a path, for callers that send the request in another way. */
  address(path: string): string {
    return this.#base + path;
  }

  /** Sends once, without checking the answer and without repeating. */
  async send(call: Omit<Call, "isRepeatable">, token: string | null): Promise<Response> {
    const headers = new Headers(call.headers);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    const init: RequestInit = { method: call.method, headers };
    if (call.body !== undefined) {
      headers.set("content-type", "application/json");
      init.body = JSON.stringify(call.body);
    }
    if (call.signal !== undefined) init.signal = call.signal;
    // Looked up at each call, and called as a plain function: a page may replace it, and browsers refuse it as a method
    // of another object.
    const send = this.#options.fetch ?? globalThis.fetch;
    return await send(this.address(call.path), init);
  }

  /** Calls, repeats if that is harmless, and returns a value or a problem. */
  async call<T>(call: Call): Promise<Result<T>> {
    const { clock } = this.#options;
    const signal = call.signal ?? new AbortController().signal;
    let refresh = false;
    for (let tries = 1; ; tries += 1) {
      const result = await this.#once<T>(call, refresh);
      if (result.ok) return result;
      const { problem } = result;
      if (problem.status === 401 && !refresh) {
        // The token may have expired on the way: one try with a new one. After a 401 nothing was done, so any call may
        // repeat it.
        refresh = true;
        continue;
      }
      if (!call.isRepeatable || !isPassing(problem) || tries >= TRIES) return result;
      const wait = (problem.retry_after ?? 0) * 1000;
      if (wait > LONGEST_WAIT) return result;
      await sleep(clock, wait + fullJitter(clock, BACKOFF_BASE, BACKOFF_CAP, tries), signal);
      if (signal.aborted) return { ok: false, problem: noAnswer(null, signal) };
    }
  }

  async #once<T>(call: Call, refresh: boolean): Promise<Result<T>> {
    try {
      const token = await orAborted(this.#options.getToken(refresh ? { refresh } : undefined), call.signal);
      const response = await this.send(call, token);
      if (!response.ok) return { ok: false, problem: await problemOf(response, this.#options.clock.now()) };
      const { status, headers } = response;
      const text = await response.text();
      const value: unknown = text === "" ? null : parse(text);
      if (value === undefined) return { ok: false, problem: unreadable(status) };
      // SAFETY: the API's own document declares this type for the answer, and the tests of the server compare them.
      return { ok: true, value: value as T, status, headers };
    } catch (fault) {
      return { ok: false, problem: noAnswer(fault, call.signal) };
    }
  }
}

function isPassing(problem: LatchkeyProblem): boolean {
  // Our own first try may still be running when the second with the same key arrives.
  const isUnderWay = problem.code === "concurrent_change" && problem.retry_after !== undefined;
  return problem.code === "network_failure" || problem.status === 503 || isUnderWay;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
