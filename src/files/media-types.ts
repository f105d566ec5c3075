import { z } from "@hono/zod-openapi";

/**
 * The allowed types of files. A browser runs none of them and shows none as a page of this site: no HTML, no SVG, no
 * XML, no script. A file of another type can be stored as application/octet-stream.
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

/** The allowed type in a Content-Type header, or null. Parameters are dropped: texts are UTF-8. */
export function mediaTypeOf(header: string | undefined): MediaType | null {
  const essence = header?.split(";", 1)[0]?.trim().toLowerCase();
  return MEDIA_TYPES.find((type) => type === essence) ?? null;
}
