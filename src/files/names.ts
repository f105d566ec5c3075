import { z } from "@hono/zod-openapi";
import { broken } from "../platform/http/field-errors.ts";
import { isPlainName } from "../platform/text.ts";

/** Longest file name, bytes of UTF-8: what common file systems take. */
const MAX_NAME_BYTES = 255;
/** Path separators: beside what no name may hold, no name of a file holds them. */
const SEPARATOR = /[/\\]/;

/** A file's name as people see it. It is never part of a key: see {@link fileKey}. */
export const fileNameSchema = z
  .string()
  .transform((name) => name.normalize("NFC"))
  .refine(
    (name) => name.trim() !== "" && name !== "." && name !== "..",
    broken("says_nothing", "a name with at least one visible character"),
  )
  .refine(
    (name) => isPlainName(name) && !SEPARATOR.test(name),
    broken("forbidden_character", "without slashes, backslashes, control characters and direction marks"),
  )
  .refine(
    (name) => new TextEncoder().encode(name).byteLength <= MAX_NAME_BYTES,
    broken("too_big", `at most ${MAX_NAME_BYTES} bytes in UTF-8`),
  )
  .openapi({
    type: "string",
    example: "summary of week 3.pdf",
    description: "Stored, checked and shown in Unicode's composed form (NFC).",
  });

/** Where the keys of all files begin; nothing else is kept below it, and nothing else is ever swept. */
export const KEY_PREFIX = "u/";

/**
 * The key of a file's bytes: below the prefix of its owner, with a part of our own making behind it. User ids have no
 * slash and are neither "." nor ".." (see shared/ids.ts), so no owner's prefix can hold another's.
 */
export function fileKey(owner: string, id: string): string {
  return `${KEY_PREFIX}${owner}/${id}`;
}

/** A fresh file id: random, and of the only form that a route takes. */
export function newFileId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

export const fileIdSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/, "32 hex digits")
  .openapi({ example: "0190d2f0c0de4a00b1e500000000cafe" });
