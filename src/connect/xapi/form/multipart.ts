import { ok, type Result, refuse } from "../../../platform/results.ts";
import { MAX_PARTS } from "../limits.ts";

// multipart/mixed (RFC 2046, section 5.1), as bytes: attachments are of any type.

export interface Part {
  headers: ReadonlyMap<string, string>;
  bytes: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const bad = (rule: string, message: string) => refuse("invalid_input", { errors: [{ path: "", rule, message }] });

/** The boundary that a header names; null where it names none, or one that RFC 2046 does not have. */
export function boundaryOf(contentType: string): string | null {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain ?? null;
}

/** The parts of a body, in their order. */
export function partsOf(body: Uint8Array, boundary: string): Result<Part[]> {
  const line = encoder.encode(`--${boundary}`);
  const parts: Part[] = [];
  let at = startOf(body, line, 0);
  if (at < 0) return bad("boundary", "the body does not contain the boundary that its header names");
  for (;;) {
    const after = at + line.length;
    if (body[after] === 0x2d && body[after + 1] === 0x2d) return ok(parts);
    const end = startOf(body, line, after);
    if (end < 0) return bad("boundary", "the last part is not closed");
    if (parts.length >= MAX_PARTS) return bad("too_many", `at most ${MAX_PARTS} parts`);
    const part = partIn(body.subarray(after, end));
    if (part === null) return bad("part", `part ${parts.length + 1} has no end of its headers`);
    parts.push(part);
    at = end;
  }
}

/** Where a line begins that starts with the boundary. */
function startOf(body: Uint8Array, line: Uint8Array, from: number): number {
  const first = line[0] ?? 0;
  for (let at = body.indexOf(first, from); at >= 0; at = body.indexOf(first, at + 1)) {
    if (at > 0 && body[at - 1] !== 0x0a) continue;
    if (line.every((byte, offset) => body[at + offset] === byte)) return at;
  }
  return -1;
}

/** What stands between two boundaries: the end of a line, headers, an empty line, the bytes, the end of a line. */
function partIn(bytes: Uint8Array): Part | null {
  const start = bytes.indexOf(0x0a) + 1;
  let head = start;
  for (;;) {
    const end = bytes.indexOf(0x0a, head);
    if (end < 0) return null;
    const isEmpty = end === head || (end === head + 1 && bytes[head] === 0x0d);
    if (isEmpty) {
      const headers = headersIn(decoder.decode(bytes.subarray(start, head)));
      const tail = bytes.length - (bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0);
      return { headers, bytes: bytes.subarray(end + 1, Math.max(end + 1, tail)) };
    }
    head = end + 1;
  }
}

function headersIn(text: string): Map<string, string> {
  const unfolded = text.replace(/\r?\n[ \t]+/g, " ");
  return new Map(
    unfolded.split(/\r?\n/).flatMap((line): [string, string][] => {
      const colon = line.indexOf(":");
      return colon < 1 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
    }),
  );
}

/** A body of parts, and its content type. */
export function multipartOf(parts: readonly Part[]): { body: Uint8Array; contentType: string } {
  const boundary = crypto.randomUUID();
  const pieces = parts.flatMap(({ headers, bytes }) => {
    const head = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return [encoder.encode(`--${boundary}\r\n${head}\r\n`), bytes, encoder.encode("\r\n")];
  });
  pieces.push(encoder.encode(`--${boundary}--\r\n`));
  const body = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.length;
  }
  return { body, contentType: `multipart/mixed; boundary=${boundary}` };
}
