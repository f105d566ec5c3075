import { setTimeout as sleep } from "node:timers/promises";
import type { ApiAnswer, ApiClient, ApiOptions } from "../api-client.ts";
import { ImportError, reason } from "./report.ts";

/** How long a server may be down, or busy, before an import gives up, milliseconds. */
const PATIENCE_MS = 150_000;
/** Wait after the first failure; doubles with each further one up to the longest. Milliseconds. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

export interface InsistOptions extends ApiOptions {
  /** Statuses the caller deals with itself, though they may ask to come back. */
  final?: readonly number[];
}

/**
 * Sends a write again until it is answered: when the connection breaks, the server fails (5xx) or it asks to come back
 * (429, or any answer with Retry-After). For writes that are harmless to repeat.
 */
export class Insistence {
  /** Tries that brought no answer, of all requests together. */
  retries = 0;
  readonly #client: ApiClient;
  readonly #url: string;
  readonly #hint: string;

  /** @param hint sentence added when the server stays down. */
  constructor(client: ApiClient, url: string, hint: string) {
    this.#client = client;
    this.#url = url;
    this.#hint = hint;
  }

  /** @throws ImportError when there is no answer within {@link PATIENCE_MS}. */
  post(path: string, body: unknown, options: InsistOptions = {}): Promise<ApiAnswer> {
    const { final = [], ...rest } = options;
    return this.#insist(() => this.#client.post(path, body, rest), final);
  }

  /** The same for a write that puts something in its place. */
  put(path: string, body: unknown): Promise<ApiAnswer> {
    return this.#insist(() => this.#client.put(path, body), []);
  }

  async #insist(send: () => Promise<ApiAnswer>, final: readonly number[]): Promise<ApiAnswer> {
    const deadline = Date.now() + PATIENCE_MS;
    for (let failures = 1; ; failures += 1) {
      let trouble: string;
      let atLeast = 0;
      try {
        const answer = await send();
        if (final.includes(answer.status) || !isPassing(answer)) return answer;
        trouble = `it answers ${answer.status}`;
        atLeast = retryAfterMs(answer);
      } catch (fault) {
        trouble = reason(fault);
      }
      const wait = Math.max(atLeast, backoff(failures));
      if (Date.now() + wait > deadline) {
        throw new ImportError(`${this.#url} does not answer: ${trouble}.${this.#hint}`);
      }
      this.retries += 1;
      await sleep(wait);
    }
  }
}

/** Wait after so many failures in a row, milliseconds; jittered, so that waiting requests do not return as one. */
export function backoff(failures: number): number {
  const longest = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
  return longest * (0.5 + Math.random() / 2);
}

function isPassing({ status, headers }: ApiAnswer): boolean {
  return status >= 500 || status === 429 || headers.has("retry-after");
}

/** Of Retry-After as the API writes it, in seconds; an HTTP date or nonsense counts as "soon". */
function retryAfterMs({ headers }: ApiAnswer): number {
  const seconds = Number(headers.get("retry-after") ?? 0);
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
