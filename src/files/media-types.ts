import { z } from "@hono/zod-openapi";

/**
 * What a file may be. Nothing a browser runs or renders as a page of ours: no HTML, no SVG, no XML, no script. Whatever
 * is not listed can be stored as application/octet-stream.
 */
export const MEDIA_TYPES = [
  "application/gzip",
  "application/json",
  "application/octet-stream",
  "application/pdf",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "application/x-ndjson",
  "application/zip",
  "audio/mpeg",
  "audio/ogg",
  "audio/wav",
  "image/avif",
  "image/gif",
  "image/jpeg",
  "image/png",
  "image/webp",
  "text/csv",
  "text/markdown",
  "text/plain",
  "video/mp4",
  "video/webm",
] as const;

export const mediaTypeSchema = z.enum(MEDIA_TYPES);
export type MediaType = z.infer<typeof mediaTypeSchema>;

/** The listed type a Content-Type header names, or null. Parameters are dropped: text is UTF-8 or nobody's business. */
export function mediaTypeOf(header: string | undefined): MediaType | null {
  const essence = header?.split(";", 1)[0]?.trim().toLowerCase();
  return MEDIA_TYPES.find((type) => type === essence) ?? null;
}
