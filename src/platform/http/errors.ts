import { ERRORS, type ErrorCode } from "../error-codes.ts";
import type { Refusal } from "../results.ts";

export type ProblemStatus = (typeof ERRORS)[ErrorCode]["status"];

/** Base of the `type` member; each code has a heading with its name in docs/developers/errors.md. */
const TYPE_BASE = "https://latchkey.dev/errors#";

export interface ProblemDocument {
  type: string;
  title: string;
  status: ProblemStatus;
  code: ErrorCode;
  detail?: string;
  errors?: Refusal["errors"];
  request_id: string;
  [extra: string]: unknown;
}

/** Field and rule for refusals with status 400 whose code says everything. */
const FIELDS: { readonly [code in ErrorCode]?: Refusal["errors"] } = {
  malformed_json: [{ path: "", rule: "json", message: "the body is not JSON" }],
  invalid_cursor: [{ path: "query.cursor", rule: "cursor", message: "not a next_cursor of this list" }],
};

/** Renders a refusal as the RFC 9457 document that is sent to the client. */
export function problemDocument(refusal: Refusal, requestId: string): ProblemDocument {
  const entry = ERRORS[refusal.code];
  const errors = refusal.errors ?? FIELDS[refusal.code];
  return {
    type: `${TYPE_BASE}${refusal.code}`,
    title: entry.title,
    status: entry.status,
    code: refusal.code,
    ...(refusal.detail === undefined ? {} : { detail: refusal.detail }),
    ...(errors === undefined ? {} : { errors }),
    ...(refusal.extra ?? {}),
    request_id: requestId,
  };
}

/** The complete HTTP answer to a refusal. */
export function problemResponse(refusal: Refusal, requestId: string): Response {
  const document = problemDocument(refusal, requestId);
  const headers = new Headers({
    "content-type": "application/problem+json; charset=utf-8",
    "cache-control": "no-store",
  });
  if (refusal.retry_after !== undefined) headers.set("retry-after", String(refusal.retry_after));
  if (document.status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(document), { status: document.status, headers });
}
