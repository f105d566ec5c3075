import { z } from "@hono/zod-openapi";
import { broken } from "../platform/http/field-errors.ts";
import { isPlainName } from "../platform/text.ts";

/** Longest file name, bytes of UTF-8: the limit of common file systems. */
const MAX_NAME_BYTES = 255;
/** Path separators. No file name has them, besides the characters that no name may have. */
const SEPARATOR = /[/\\]/;

/** The name of a file for people. It is never part of a key: see {@link fileKey}. */
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

/** The prefix of the keys of all files. Nothing else is stored below it, and the sweep removes nothing outside. */
export const KEY_PREFIX = "u/";

/**
 * The key of a file's bytes: below the prefix of its owner, with a random part behind it. User ids have no slash and
 * are neither "." nor ".." (see shared/ids.ts), so the prefix of one owner is never inside that of another.
 */
export function fileKey(owner: string, id: string): string {
  return `${KEY_PREFIX}${owner}/${id}`;
}

/** A new random file id, in the only form that routes accept. */
export function newFileId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

export const fileIdSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/, "32 hex digits")
  .openapi({ example: "0190d2f0c0de4a00b1e500000000cafe" });
