import { z } from "@hono/zod-openapi";
import { broken } from "../platform/http/field-errors.ts";
import { idempotencyHeader } from "../platform/http/idempotency.ts";
import { instantSchema, toInstant, toInstantOrNull } from "../platform/instants.ts";
import { MAX_FILE_BYTES } from "./limits.ts";
import { MEDIA_TYPES, mediaTypeSchema } from "./media-types.ts";
import { fileNameSchema } from "./names.ts";
import type { FileRow } from "./tables.ts";

const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "SHA-256 in 64 lower-case hex digits")
  .openapi({ example: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" });

/** The instant at which the file expires by itself. It must be in the future, else the upload would be useless. */
const expirySchema = instantSchema.refine(
  (instant) => Date.parse(instant) > Date.now(),
  broken("in_past", "an instant in the future"),
);

export const fileView = z
  .object({
    id: z.string(),
    user_id: z.string().openapi({ description: "Whose file it is." }),
    name: z.string(),
    content_type: z.string(),
    size: z.int(),
    sha256: z.string().nullable().openapi({ description: "Null while it was not announced and is not computed." }),
    state: z.enum(["pending", "ready"]),
    created_at: z.string(),
    ready_at: z.string().nullable(),
    expires_at: z.string().nullable(),
  })
  .openapi("File");

export const uploadQuery = z.object({ name: fileNameSchema, expires_at: expirySchema.optional() });

export const uploadHeaders = z.object({
  ...idempotencyHeader.shape,
  "content-type": z
    .string()
    .max(200)
    .optional()
    .openapi({ description: `One of: ${MEDIA_TYPES.join(", ")}.` }),
  "content-length": z.string().optional().openapi({ description: "Required." }),
  "x-content-sha256": sha256Schema.optional().openapi({ description: "The SHA-256 that the body must have, in hex." }),
});

export const announceBody = z
  .strictObject({
    name: fileNameSchema,
    content_type: mediaTypeSchema,
    size: z.int().min(0).max(MAX_FILE_BYTES),
    sha256: sha256Schema,
    expires_at: expirySchema.nullable().default(null),
  })
  .openapi("AnnouncedFile");

export const announcedView = z
  .object({
    file: fileView,
    upload: z.object({
      method: z.literal("PUT"),
      url: z.string(),
      headers: z.record(z.string(), z.string()),
      expires_at: z.string(),
      completion: z.enum(["automatic", "call"]).openapi({
        description: "automatic: the PUT makes the file ready. call: call /storage/files/{id}/complete after the PUT.",
      }),
    }),
  })
  .openapi("UploadAddress");

/** A file as answers show it. */
export function viewFile(file: FileRow): z.input<typeof fileView> {
  if (file.state === "deleting") throw new Error("a file on its way out is shown to nobody");
  return {
    id: file.id,
    user_id: file.owner,
    name: file.name,
    content_type: file.type,
    size: file.size,
    sha256: file.sha256,
    state: file.state,
    created_at: toInstant(file.created_at),
    ready_at: toInstantOrNull(file.ready_at),
    expires_at: toInstantOrNull(file.expires_at),
  };
}
