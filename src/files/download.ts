import { attachment } from "../platform/http/attachment.ts";
import { problemResponse } from "../platform/http/errors.ts";
import { namesTag } from "../platform/http/etag.ts";
import { refuse } from "../platform/results.ts";
import { parseRange, rangeApplies } from "./ranges.ts";
import type { FileRow } from "./tables.ts";

/** The headers of a download besides the file. */
export interface DownloadRequest {
  range: string | undefined;
  ifRange: string | undefined;
  ifNoneMatch: string | undefined;
  requestId: string;
}

/**
 * The bytes of a ready file, whole or in part. A browser saves them and never shows them, because a file may come from
 * an attacker.
 * @returns the answer, or null when the bytes are gone.
 */
export async function download(bucket: R2Bucket, file: FileRow, request: DownloadRequest): Promise<Response | null> {
  // The bytes under a key never change, so their hash is a strong validator.
  const etag = `"${file.sha256}"`;
  const lastModified = new Date(file.ready_at ?? file.created_at).toUTCString();
  const headers = new Headers({
    etag,
    "last-modified": lastModified,
    "accept-ranges": "bytes",
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
  });
  if (namesTag(request.ifNoneMatch, etag)) return new Response(null, { status: 304, headers });
  const applies = rangeApplies(request.ifRange, etag, lastModified);
  const range = applies ? parseRange(request.range, file.size) : null;
  if (range === "unsatisfiable") {
    const detail = `The file has ${file.size} bytes.`;
    const refused = problemResponse(refuse("range_not_satisfiable", { detail }).refusal, request.requestId);
    refused.headers.set("content-range", `bytes */${file.size}`);
    return refused;
  }
  const object = await bucket.get(file.key, range === null ? {} : { range });
  if (object === null) return null;
  headers.set("content-type", file.type);
  headers.set("content-disposition", attachment(file.name));
  headers.set("content-length", String(range?.length ?? file.size));
  if (range === null) return new Response(object.body, { headers });
  headers.set("content-range", `bytes ${range.offset}-${range.offset + range.length - 1}/${file.size}`);
  return new Response(object.body, { status: 206, headers });
}
