/** An entity tag (RFC 9110 section 8.8.3). Commas are allowed between its quotes, so a list is not split at commas. */
const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Whether an If-None-Match header names a representation, so that a GET gets 304. `*` names any. A list is compared
 * weakly, tag by tag, because proxies may have weakened the tags they pass on (RFC 9110 section 13.1.2).
 *
 * @param header the header as it was sent; null or undefined if there is none.
 * @param etag the strong tag of the current representation; empty if it has none, and then only `*` names it.
 */
export function namesTag(header: string | null | undefined, etag: string): boolean {
  if (header === null || header === undefined) return false;
  if (namesAny(header)) return true;
  return etag !== "" && header.matchAll(ENTITY_TAG).some(([, opaque]) => opaque === etag);
}

/** Whether an If-None-Match header is `*`: 304 if there is any representation. */
export function namesAny(header: string | null | undefined): boolean {
  return header?.trim() === "*";
}

/**
 * Whether an If-Range header names exactly this representation. A weak tag never does, and a date only if it is
 * identical (RFC 9110 sections 13.1.5 and 8.8.3.2).
 */
export function namesExactly(header: string, etag: string, lastModified: string): boolean {
  return header.trim() === etag || header.trim() === lastModified;
}
