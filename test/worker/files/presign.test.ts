import { expect, it } from "vitest";
import { uploadAddress } from "../../../src/files/presign.ts";

const SECRET = "secret-of-the-test";

const strict = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));

async function hmac(secret: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(text)));
}

/** The signature that an S3 server computes for a presigned PUT: from the path as it decodes it. */
async function signatureOf(url: URL, headers: Record<string, string>): Promise<string> {
  const path = decodeURIComponent(url.pathname).split("/").map(strict).join("/");
  const query = [...url.searchParams]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${strict(name)}=${strict(value)}`)
    .sort()
    .join("&");
  const signed = url.searchParams.get("X-Amz-SignedHeaders") ?? "";
  const all: Record<string, string> = { ...headers, host: url.host };
  const lines = signed.split(";").map((name) => `${name}:${all[name]}\n`);
  const request = ["PUT", path, query, lines.join(""), signed, "UNSIGNED-PAYLOAD"].join("\n");
  const at = url.searchParams.get("X-Amz-Date") ?? "";
  const scope = `${at.slice(0, 8)}/auto/s3/aws4_request`;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes(request))).toHex();
  let key = await hmac(bytes(`AWS4${SECRET}`), at.slice(0, 8));
  for (const part of ["auto", "s3", "aws4_request"]) key = await hmac(key, part);
  return (await hmac(key, `AWS4-HMAC-SHA256\n${at}\n${scope}\n${hash}`)).toHex();
}

it.each(["ada", "jane.doe", "jane+test@school.edu", "1001:7"])(
  "[fault 33] the upload address for a file of %s is signed for the key under which its bytes are stored",
  async (owner) => {
    const env = {
      R2_S3_ENDPOINT: "https://account.r2.cloudflarestorage.com",
      R2_S3_BUCKET: "files",
      R2_ACCESS_KEY_ID: "key",
      R2_SECRET_ACCESS_KEY: SECRET,
    };
    const id = "0".repeat(32);
    const key = `u/${owner}/${id}`;
    const file = { id, owner, key, name: "a.txt", type: "text/plain", size: 3, sha256: "0".repeat(64) };
    // SAFETY: nothing else of the environment and of the row is read where S3 access is configured.
    const address = await uploadAddress(env as unknown as Env, "https://x.test", file as never, Date.now());
    const url = new URL(address.url);
    expect(decodeURIComponent(url.pathname)).toBe(`/files/${key}`);
    expect(url.searchParams.get("X-Amz-Signature")).toBe(await signatureOf(url, address.headers));
  },
);
