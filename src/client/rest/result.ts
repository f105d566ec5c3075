import type { Problem } from "../api-types.ts";
import { retryAfter } from "../clock.ts";

/**
 * A refusal of the server (RFC 9457), or of the way to it. Branch on `code`: it is from the server's registry of errors, or
 * `network_failure` (no answer), `aborted` (you ended it) and `unreadable_answer` (what answered is not this API), which
 * never come from the server and have no more than a title and a `status`, 0 without an answer.
 */
export type LatchkeyProblem = Partial<Problem> &
  Pick<Problem, "code" | "title" | "status"> & {
    /** Seconds after which to retry. */
    retry_after?: number;
  };

/** What a call answers: never an exception. */
export type Result<T> =
  | { ok: true; value: T; status: number; headers: Headers }
  | { ok: false; problem: LatchkeyProblem };

/** Reads a problem document, or makes one of an answer that is none. */
export async function problemOf(response: Response, now: number): Promise<LatchkeyProblem> {
  const body: unknown = await response.json().catch(() => null);
  const wait = retryAfterSeconds(response.headers, now);
  const extra = wait === null ? {} : { retry_after: wait };
  if (isProblem(body)) return { ...extra, ...body };
  return { ...unreadable(response.status), ...extra };
}

/** The problem of a success whose body is not what this API says. */
export function unreadable(status: number): LatchkeyProblem {
  return { code: "unreadable_answer", title: "The answer is not from this API", status };
}

/** The problem of a request that got no answer. */
export function noAnswer(fault: unknown, signal: AbortSignal | undefined): LatchkeyProblem {
  if (signal?.aborted === true) return { code: "aborted", title: "The request was cancelled", status: 0 };
  const detail = fault instanceof Error ? fault.message : String(fault);
  return { code: "network_failure", title: "The server could not be reached", status: 0, detail };
}

function isProblem(body: unknown): body is LatchkeyProblem {
  if (typeof body !== "object" || body === null) return false;
  if (!("code" in body) || typeof body.code !== "string") return false;
  return "title" in body && typeof body.title === "string" && "status" in body && typeof body.status === "number";
}

function retryAfterSeconds(headers: Headers, now: number): number | null {
  const wait = retryAfter(headers, now);
  return wait === null ? null : wait / 1000;
}
