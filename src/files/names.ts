import { z } from "@hono/zod-openapi";

/** Longest file name, bytes of UTF-8: what common file systems take. */
const MAX_NAME_BYTES = 255;
/**
 * Characters that no name may hold: path separators, control characters and line breaks, lone surrogates, and the marks
 * that turn the writing direction (they make `gpj.exe` look like `exe.jpg`).
 */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** A file's name as people see it. It is never part of a key: see {@link fileKey}. */
export const fileNameSchema = z
  .string()
  .transform((name) => name.normalize("NFC"))
  .refine((name) => name.trim() !== "" && name !== "." && name !== "..", "a name that says something")
  .refine((name) => !FORBIDDEN.test(name), "without slashes, backslashes, control characters and direction marks")
  .refine(
    (name) => new TextEncoder().encode(name).byteLength <= MAX_NAME_BYTES,
    `at most ${MAX_NAME_BYTES} bytes in UTF-8`,
  )
  .openapi({ type: "string", example: "summary of week 3.pdf" });

/** Where the keys of all files begin; nothing else is kept below it, and nothing else is ever swept. */
export const KEY_PREFIX = "u/";

/**
 * The key of a file's bytes: below the prefix of its owner, with a part of our own making behind it. User ids have no
 * slash and no dot (see shared/ids.ts), so no owner's prefix can hold another's.
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

/**
 * `Content-Disposition` that makes a browser save the file, never show it: an ASCII name for old clients and the real
 * one as RFC 8187 writes it.
 */
export function attachment(name: string): string {
  const ascii = name
    .normalize("NFKD")
    .replace(/[^\x20-\x7e]/gu, "_")
    .replace(/["\\%;]/g, "_");
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
