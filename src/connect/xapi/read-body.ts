import { zodErrors } from "../../platform/http/field-errors.ts";
import { jsonFaults } from "../../platform/http/json-faults.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { type AttachmentBytes, attachedBytes, belongTogether } from "./attachments.ts";
import { boundaryOf, partsOf } from "./form/multipart.ts";
import { type Statement, statementSchema } from "./form/statement.ts";
import { MAX_BATCH } from "./limits.ts";

/** Statements of one request. */
export interface Sent {
  statements: Statement[];
  /** Whether one came by itself and not in a list. */
  isOne: boolean;
  bytes: ReadonlyMap<string, AttachmentBytes>;
}

const MALFORMED = refuse("malformed_json");
const NOTHING: ReadonlyMap<string, AttachmentBytes> = new Map();

/** Statements as a body has them: JSON, or JSON and attachments as multipart/mixed. */
export function readSent(body: Uint8Array, contentType: string, major: 1 | 2): Result<Sent> {
  if (/^application\/json\s*(;|$)/i.test(contentType)) {
    const read = readStatements(body, major);
    return read.ok ? together({ ...read.value, bytes: NOTHING }) : read;
  }
  if (!/^multipart\/mixed\s*;/i.test(contentType)) {
    const message = "application/json, or multipart/mixed where attachments come along";
    return refuse("invalid_input", { errors: [{ path: "header.content-type", rule: "media_type", message }] });
  }
  const boundary = boundaryOf(contentType);
  if (boundary === null) {
    const message = "multipart/mixed names its boundary";
    return refuse("invalid_input", { errors: [{ path: "header.content-type", rule: "boundary", message }] });
  }
  const parts = partsOf(body, boundary);
  if (!parts.ok) return parts;
  const [first, ...rest] = parts.value;
  if (first === undefined || !/^application\/json\s*(;|$)/i.test(first.headers.get("content-type") ?? "")) {
    const message = "the first part is application/json and has the statements";
    return refuse("invalid_input", { errors: [{ path: "part 1", rule: "media_type", message }] });
  }
  const read = readStatements(first.bytes, major);
  if (!read.ok) return read;
  const bytes = attachedBytes(rest);
  return bytes.ok ? together({ ...read.value, bytes: bytes.value }) : bytes;
}

function together(sent: Sent): Result<Sent> {
  const fits = belongTogether(sent.statements, sent.bytes);
  return fits.ok ? ok(sent) : fits;
}

/** JSON that was sent, as it was sent, or why it is none. */
export function readJson(bytes: Uint8Array): Result<unknown> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    const value: unknown = JSON.parse(text);
    const faults = jsonFaults(text);
    return faults.length === 0 ? ok(value) : refuse("invalid_input", { errors: faults });
  } catch {
    return MALFORMED;
  }
}

function readStatements(bytes: Uint8Array, major: 1 | 2): Result<Omit<Sent, "bytes">> {
  const json = readJson(bytes);
  if (!json.ok) return json;
  const isOne = !Array.isArray(json.value);
  const list: unknown[] = Array.isArray(json.value) ? json.value : [json.value];
  if (list.length > MAX_BATCH) {
    return refuse("invalid_input", {
      errors: [{ path: "", rule: "too_big", message: `at most ${MAX_BATCH} statements` }],
    });
  }
  const schema = statementSchema(major);
  const statements: Statement[] = [];
  for (const [at, value] of list.entries()) {
    const read = schema.safeParse(value);
    if (!read.success) return refuse("invalid_input", { errors: zodErrors(read.error, isOne ? "" : `[${at}]`) });
    statements.push(read.data);
  }
  return ok({ statements, isOne });
}
