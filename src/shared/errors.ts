import type { Refusal } from "./results.ts";

/**
 * The one registry of errors: what a client can branch on. A code is never renamed or reused; its status and title
 * are part of the API. Problem documents follow RFC 9457.
 */
export const ERRORS = {
  malformed_json: { status: 400, title: "The body is not valid JSON" },
  invalid_input: { status: 400, title: "The request breaks a rule of its schema" },
  invalid_cursor: { status: 400, title: "The cursor is not one this server issued for this list" },
  unauthenticated: { status: 401, title: "A valid bearer token is required" },
  invalid_credentials: { status: 401, title: "The e-mail address or the password is wrong" },
  forbidden: { status: 403, title: "Your role does not allow this" },
  upload_url_invalid: { status: 403, title: "The upload address takes no upload" },
  locked: { status: 403, title: "The item is locked" },
  not_found: { status: 404, title: "There is nothing here" },
  course_not_found: { status: 404, title: "There is no such course" },
  item_not_found: { status: 404, title: "There is no such item in this course" },
  not_enrolled: { status: 404, title: "There is no such enrollment" },
  submission_not_found: { status: 404, title: "There is no such submission" },
  user_not_found: { status: 404, title: "There is no such user" },
  version_not_found: { status: 404, title: "The course has no such version" },
  course_exists: { status: 409, title: "A course with this slug exists already" },
  course_unpublished: { status: 409, title: "The course has no published version yet" },
  user_exists: { status: 409, title: "A user with this e-mail address exists already" },
  already_judged: { status: 409, title: "The submission has been judged already" },
  sequence_ahead: { status: 409, title: "This enrollment has never reached the asked min_seq" },
  concurrent_change: { status: 409, title: "Somebody else changed this at the same moment" },
  backup_incomplete: { status: 409, title: "The backup was never finished" },
  restore_target_not_empty: { status: 409, title: "A restore needs an empty target, and this one holds something" },
  upload_incomplete: { status: 409, title: "The bytes of this file have not arrived" },
  quota_exceeded: { status: 409, title: "There is no room left for this file" },
  length_required: { status: 411, title: "The request must say how long its body is" },
  body_too_large: { status: 413, title: "The body is larger than this address accepts" },
  unsupported_media_type: { status: 415, title: "The body must be application/json" },
  file_type_not_allowed: { status: 415, title: "Files of this type are not accepted" },
  range_not_satisfiable: { status: 416, title: "The file has no such range" },
  content_mismatch: { status: 422, title: "The bytes are not what was announced" },
  invalid_course: { status: 422, title: "The course document cannot be published" },
  idempotency_key_reused: { status: 422, title: "This Idempotency-Key was used with another request" },
  backup_manifest_tampered: { status: 422, title: "The manifest of the backup is not what was signed" },
  backup_part_missing: { status: 422, title: "A part of the backup is missing" },
  backup_part_truncated: { status: 422, title: "A part of the backup ends too early" },
  backup_part_damaged: { status: 422, title: "A part of the backup is not what was written" },
  backup_part_swapped: { status: 422, title: "A part of the backup stands in the place of another" },
  backup_schema_mismatch: { status: 422, title: "The backup has a schema that this release does not have" },
  restore_differs: { status: 422, title: "What was restored differs from the backup" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Something went wrong on our side" },
  not_enabled: { status: 501, title: "This installation does not have this switched on" },
  unavailable: { status: 503, title: "The answer is not available right now" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;
export type ProblemStatus = (typeof ERRORS)[ErrorCode]["status"];

/** Base of the `type` member; each code has a heading of that name in docs/errors.md. */
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

/** Renders a refusal as the RFC 9457 document that is sent to the client. */
export function problemDocument(refusal: Refusal, requestId: string): ProblemDocument {
  const entry = ERRORS[refusal.code];
  return {
    type: `${TYPE_BASE}${refusal.code}`,
    title: entry.title,
    status: entry.status,
    code: refusal.code,
    ...(refusal.detail === undefined ? {} : { detail: refusal.detail }),
    ...(refusal.errors === undefined ? {} : { errors: refusal.errors }),
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
