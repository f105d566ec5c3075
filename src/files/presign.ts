import { AwsV4Signer } from "aws4fetch";
import { z } from "zod";
import { toInstant } from "../platform/instants.ts";
import { UPLOAD_ADDRESS_SECONDS } from "./limits.ts";
import type { FileRow } from "./tables.ts";
import { mintUploadToken } from "./upload-tokens.ts";

/** The request that sends the bytes of a pending file. */
export interface UploadAddress {
  method: "PUT";
  url: string;
  /** To be sent exactly like this. */
  headers: Record<string, string>;
  expires_at: string;
  /**
   * automatic: the PUT makes the file ready. call: the client has to call `/storage/files/{id}/complete` afterwards.
   */
  completion: "automatic" | "call";
}

/** Access to the bucket without the Worker, by R2's S3 interface. */
interface S3Access {
  /** The address without the bucket, e.g. `https://<account>.r2.cloudflarestorage.com`. */
  R2_S3_ENDPOINT: string;
  R2_S3_BUCKET: string;
  R2_ACCESS_KEY_ID: string;
  R2_SECRET_ACCESS_KEY: string;
}

const accessSchema = z.object({
  R2_S3_ENDPOINT: z.url({ protocol: /^https?$/ }),
  R2_S3_BUCKET: z.string().regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/),
  R2_ACCESS_KEY_ID: z.string().min(1).max(200),
  R2_SECRET_ACCESS_KEY: z.string().min(1).max(200),
});

/**
 * The S3 access of this deployment, or null. Its four variables are optional, so the generated Env does not have them.
 * @throws when only some are set or one is invalid: an incomplete configuration must not look like none.
 */
function configuredS3(env: Env): S3Access | null {
  const given = {
    R2_S3_ENDPOINT: Reflect.get(env, "R2_S3_ENDPOINT"),
    R2_S3_BUCKET: Reflect.get(env, "R2_S3_BUCKET"),
    R2_ACCESS_KEY_ID: Reflect.get(env, "R2_ACCESS_KEY_ID"),
    R2_SECRET_ACCESS_KEY: Reflect.get(env, "R2_SECRET_ACCESS_KEY"),
  };
  if (Object.values(given).every((value) => value === undefined || value === "")) return null;
  const access = accessSchema.safeParse(given);
  if (access.success) return access.data;
  throw new Error("R2_S3_ENDPOINT, R2_S3_BUCKET, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY must all be set and valid");
}

/**
 * The address to which the bytes of a pending file are sent, once: R2 if S3 access is configured, else this Worker.
 * Both accept only the announced type, length and hash, only until the address expires, and only while nothing is
 * stored.
 * @param origin the address of this API.
 */
export async function uploadAddress(
  env: Env,
  origin: string,
  file: FileRow & { sha256: string },
  now: number,
): Promise<UploadAddress> {
  const expires_at = toInstant((Math.floor(now / 1_000) + UPLOAD_ADDRESS_SECONDS) * 1_000);
  const access = configuredS3(env);
  if (access !== null)
    return { method: "PUT", ...(await presignPut(access, file, now)), expires_at, completion: "call" };
  const token = await mintUploadToken(env.AUTH_SECRET, { owner: file.owner, file: file.id }, now);
  return {
    method: "PUT",
    url: `${origin}/api/v1/storage/uploads/${token}`,
    headers: { "content-type": file.type, "content-length": String(file.size) },
    expires_at,
    completion: "automatic",
  };
}

/**
 * Signs the PUT of one object with every header of this upload: an unsigned header could be left out or changed. With
 * `if-none-match: *` the address works once.
 */
async function presignPut(
  access: S3Access,
  file: FileRow & { sha256: string },
  now: number,
): Promise<{ url: string; headers: Record<string, string> }> {
  // Each part is encoded separately, because the signer reads a plus sign in a path as a space.
  const key = file.key.split("/").map(encodeURIComponent).join("/");
  const url = new URL(`${access.R2_S3_ENDPOINT.replace(/\/$/, "")}/${access.R2_S3_BUCKET}/${key}`);
  url.searchParams.set("X-Amz-Expires", String(UPLOAD_ADDRESS_SECONDS));
  const headers = {
    "content-type": file.type,
    "content-length": String(file.size),
    "if-none-match": "*",
    "x-amz-checksum-sha256": Uint8Array.fromHex(file.sha256).toBase64(),
  };
  const signer = new AwsV4Signer({
    method: "PUT",
    url: url.href,
    headers,
    accessKeyId: access.R2_ACCESS_KEY_ID,
    secretAccessKey: access.R2_SECRET_ACCESS_KEY,
    service: "s3",
    region: "auto",
    datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    signQuery: true,
    allHeaders: true,
  });
  return { url: (await signer.sign()).url.href, headers };
}
