import { z } from "@hono/zod-openapi";
import { broken } from "../../../platform/http/field-errors.ts";
import { MAX_IRI } from "../limits.ts";

// The special data types of xAPI: 1.0.3 part 2 (Data), sections 2.4 and 4; 2.0 (IEEE 9274.1.1), section 4.2.7.

/** A scheme and something after it, without what RFC 3987 never has. */
const IRI = /^[a-z][a-z0-9+.-]*:[^\s<>"{}|\\^`]+$/iu;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** RFC 5646, without checking that subtags are registered. */
const LANGUAGE =
  /^(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?|x(?:-[a-z\d]{1,8})+|i-[a-z]+)$/i;
/** ISO 8601 section 4.4.3.2, and weeks. A fraction is of the last part only. */
const DURATION =
  /^P(?:\d+(?:[.,]\d+)?W|(?=.)(?:\d+(?:[.,]\d+)?Y)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?D)?(?:T(?=\d)(?:\d+(?:[.,]\d+)?H)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?S)?)?)$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?$/i;
/** In one line: it is a header of what is given back (RFC 9110, section 8.3.1). */
const MEDIA_TYPE = /^[\w!#$%&'*^.+|`~-]+\/[\w!#$%&'*^.+|`~-]+(?:[ \t]*;[\t\x20-\x7e]*)?$/;

export const iri = z.string().max(MAX_IRI).regex(IRI, "an IRI with its scheme");
export const uuid = z.string().regex(UUID, "a UUID (RFC 4122)");
export const text = z.string().max(MAX_IRI);
export const mediaType = z.string().max(255).regex(MEDIA_TYPE, "an Internet media type");
export const languageTag = z.string().max(100).regex(LANGUAGE, "a language tag (RFC 5646)");
export const duration = z.string().max(100).regex(DURATION, "an ISO 8601 duration");
export const extensions = z.record(iri, z.unknown());
export const languageMap = z.record(languageTag, z.string().max(20_000));
export const sha2 = z
  .string()
  .regex(/^(?:[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i, "a SHA-2 digest in hex digits");

/** An instant as ISO 8601 has it. One without a zone counts as UTC; "-00:00" says that nobody knows, and is refused. */
export const timestamp = z
  .string()
  .refine((value) => instantOf(value) !== null, broken("timestamp", "an ISO 8601 instant, not with the zone -00:00"));

/** Epoch milliseconds of a timestamp; null when it is none. */
export function instantOf(value: string): number | null {
  if (!INSTANT.test(value) || /-00(?::?00)?$/.test(value.slice(10))) return null;
  const zoned = value.slice(10);
  let iso = value.replace(" ", "T").replace(",", ".").toUpperCase();
  if (/[+-]\d{2}$/.test(zoned)) iso += ":00";
  else iso = iso.replace(/([+-]\d{2})(\d{2})$/, "$1:$2");
  if (!/(?:Z|[+-]\d{2}:\d{2})$/.test(iso)) iso += "Z";
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return null;
  // Date.parse takes February 30 for a day of March.
  const day = Number(value.slice(8, 10));
  const most = new Date(Date.UTC(Number(value.slice(0, 4)), Number(value.slice(5, 7)), 0)).getUTCDate();
  return day <= most ? ms : null;
}
