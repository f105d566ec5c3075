import type { Problem } from "../api-types.ts";
import { retryAfter } from "../clock.ts";

/**
 * A refusal by the server (RFC 9457), or a failure on the way to it. Branch on `code`: it is from the server's list of
 * errors, or one of `network_failure` (no answer), `aborted` (you ended it) and `unreadable_answer` (the answer is not
 * from this API). These three never come from the server and have only a title and a `status`, which is 0 without an
 * answer.
 */
export type LatchkeyProblem = Partial<Problem> &
  Pick<Problem, "code" | "title" | "status"> & {
    /** Seconds after which to retry. */
    retry_after?: number;
  };

/** The result of a call: never an exception. */
export type Result<T> =
  | { ok: true; value: T; status: number; headers: Headers }
  | { ok: false; problem: LatchkeyProblem };

/** Reads a problem document, or makes one from any other answer. */
export async function problemOf(response: Response, now: number): Promise<LatchkeyProblem> {
  const body: unknown = await response.json().catch(() => null);
  const wait = retryAfterSeconds(response.headers, now);
  const extra = wait === null ? {} : { retry_after: wait };
  if (isProblem(body)) return { ...extra, ...body };
  return { ...unreadable(response.status), ...extra };
}

/** The problem for a success whose body does not fit this API. */
export function unreadable(status: number): LatchkeyProblem {
  return { code: "unreadable_answer", title: "The answer is not from this API", status };
}

/** The problem for a request without an answer. */
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
