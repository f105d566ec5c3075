import { namesExactly } from "../platform/http/etag.ts";

/** A part of a file. */
export interface ByteRange {
  offset: number;
  length: number;
}

/**
 * Reads a Range header (RFC 9110 section 14). One range is served; several ranges, another unit or an invalid header
 * mean the whole file, as the RFC allows.
 * @returns the part, null for the whole, or "unsatisfiable" when it begins behind the end.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | null | "unsatisfiable" {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (match === null || (first === "" && last === "")) return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { offset: size - length, length };
  }
  const offset = Number(first);
  const end = last === "" ? Number.POSITIVE_INFINITY : Number(last);
  if (end < offset) return null;
  if (offset >= size) return "unsatisfiable";
  return { offset, length: Math.min(end, size - 1) - offset + 1 };
}

/** Whether a Range header counts: without If-Range, or if If-Range names exactly this file. */
export function rangeApplies(ifRange: string | undefined, etag: string, lastModified: string): boolean {
  return ifRange === undefined || namesExactly(ifRange, etag, lastModified);
}
