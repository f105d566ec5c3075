import type { ErrorCode } from "./error-codes.ts";

/** One broken rule of an input, with its place and the name of the rule. */
export interface FieldError {
  /** JSON path of the offending value, e.g. `chapters[2].rule.all[0]`; `""` is the whole body. */
  path: string;
  /** Machine-readable rule, e.g. `cycle`, `too_small`, `unrecognized_keys`. */
  rule: string;
  /** One readable sentence. Never contains a secret or another person's data. */
  message: string;
}

/** An expected refusal: a value, never an exception. Survives RPC because it is plain data. */
export interface Refusal {
  code: ErrorCode;
  detail?: string;
  errors?: FieldError[];
  /** Members added to the problem document unchanged (e.g. `reasons` of a lock). */
  extra?: Record<string, unknown>;
  /** Seconds after which a retry is useful. */
  retry_after?: number;
}

export type Result<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse(code: ErrorCode, rest: Omit<Refusal, "code"> = {}): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { code, ...rest } };
}
