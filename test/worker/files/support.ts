import { createExecutionContext, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { z } from "zod";
import worker from "../../../src/back.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { API, call, read, request, tokenOf } from "../../support/worker/http.ts";

export const fileSchema = z.strictObject({
  id: z.string(),
  user_id: z.string(),
  name: z.string(),
  content_type: z.string(),
  size: z.int(),
  sha256: z.string().nullable(),
  state: z.enum(["pending", "ready"]),
  created_at: z.string(),
  ready_at: z.string().nullable(),
  expires_at: z.string().nullable(),
});
export type FileView = z.infer<typeof fileSchema>;

const addressSchema = z.object({
  file: fileSchema,
  upload: z.object({
    method: z.literal("PUT"),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    expires_at: z.string(),
    completion: z.enum(["automatic", "call"]),
  }),
});
export type Address = z.infer<typeof addressSchema>;

export const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Bytes that are like no others, so that a part in the wrong place shows. */
export function patternOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) % 251);
}

export async function hashOf(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

export interface Send {
  user?: string;
  role?: Role;
  name?: string;
  type?: string;
  /** What Content-Length says; null: nothing. Default: the truth. */
  length?: number | null;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  bindings?: Partial<Env>;
}

/** Runs a request with bytes as its body through the Worker, whatever its headers claim. */
export async function sendBytes(
  method: string,
  url: string,
  body: Uint8Array | ReadableStream<Uint8Array> | null,
  headers: Record<string, string>,
  bindings: Partial<Env> = {},
): Promise<Response> {
  const all = new Headers({ "cf-connecting-ip": crypto.randomUUID(), ...headers });
  return worker.fetch(
    new Request(url, { method, headers: all, body }),
    { ...env, ...bindings },
    createExecutionContext(),
  );
}

/** Uploads in one request. */
export async function upload(
  body: Uint8Array | ReadableStream<Uint8Array> | null,
  { user = "ada", role, name = "notes.txt", type = "text/plain", length, query, headers, bindings }: Send = {},
): Promise<Response> {
  const size = length === undefined ? (body instanceof Uint8Array ? body.byteLength : 0) : length;
  const search = new URLSearchParams({ name, ...query });
  return sendBytes(
    "POST",
    `${API}/storage/files/upload?${search}`,
    body,
    {
      authorization: `Bearer ${await tokenOf(user, role)}`,
      ...(type === "" ? {} : { "content-type": type }),
      ...(size === null ? {} : { "content-length": String(size) }),
      ...headers,
    },
    bindings,
  );
}

/** Uploads; throws when it is refused. */
export async function uploaded(body: Uint8Array, options: Send = {}): Promise<FileView> {
  return read(await upload(body, options), 201, fileSchema);
}

/** Asks for an upload address for these bytes; throws when it is refused. */
export async function addressFor(bytes: Uint8Array, user = "ada", rest: object = {}): Promise<Address> {
  const body = { name: "notes.txt", content_type: "text/plain", size: bytes.byteLength, sha256: await hashOf(bytes) };
  const answer = await call("POST", "/storage/files/upload-url", {
    token: await tokenOf(user),
    body: { ...body, ...rest },
  });
  return read(answer, 201, addressSchema);
}

/** Sends bytes to an upload address as it says, unless the test asks for something else. */
export function put(
  { upload: { url, headers } }: Address,
  body: Uint8Array | ReadableStream<Uint8Array> | null,
  changed: Record<string, string> = {},
  bindings: Partial<Env> = {},
): Promise<Response> {
  return sendBytes("PUT", url, body, { ...headers, ...changed }, bindings);
}

export async function download(id: string, user = "ada", headers: Record<string, string> = {}, role?: Role) {
  return call("GET", `/storage/files/${id}/download`, { token: await tokenOf(user, role), headers });
}

export async function remove(id: string, user = "ada", bindings: Partial<Env> = {}): Promise<Response> {
  const sent = request("DELETE", `/storage/files/${id}`, { token: await tokenOf(user) });
  return worker.fetch(sent, { ...env, ...bindings }, createExecutionContext());
}

/** Every row and every key in the bucket: what must agree. */
export async function everything() {
  const { results } = await env.DB.prepare("SELECT id, key, state FROM files ORDER BY key").all<{
    id: string;
    key: string;
    state: string;
  }>();
  const { objects } = await env.FILES.list();
  return { rows: results, keys: objects.map(({ key }) => key) };
}

/** Runs the nightly cron as if it were `hours` later, then minutes until no sweep is open. */
export async function sweep(hours = 0, bindings: Partial<Env> = {}): Promise<void> {
  const scheduledTime = new Date(Date.now() + hours * 3_600_000);
  const all = { ...env, ...bindings };
  await worker.scheduled(createScheduledController({ cron: "0 2 * * *", scheduledTime }), all);
  for (let minute = 0; (await openSweep()) !== null; minute += 1) {
    if (minute > 100) throw new Error("the sweep does not end");
    await worker.scheduled(createScheduledController({ cron: "* * * * *", scheduledTime }), all);
  }
}

export function openSweep() {
  return env.DB.prepare("SELECT position FROM file_sweeps").first<{ position: string }>();
}

/** [I10] No row without bytes and no bytes without row. */
export async function expectNoOrphans(): Promise<void> {
  const { rows, keys } = await everything();
  expect(rows.filter(({ state }) => state !== "ready")).toEqual([]);
  expect(rows.map(({ key }) => key)).toEqual(keys);
}

/** A bucket with some of its methods replaced. */
export function bucketWith(
  replaced: Partial<Record<keyof R2Bucket, (...values: never[]) => Promise<unknown>>>,
): R2Bucket {
  return new Proxy(env.FILES, {
    get(target, property) {
      const value: unknown = Reflect.get(replaced, property) ?? Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A database that fails every statement whose text matches, as one that stops answering at that moment would. */
export function databaseFailingAt(pattern: RegExp): D1Database {
  return new Proxy(env.DB, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property !== "prepare") return typeof value === "function" ? value.bind(target) : value;
      return (text: string) => {
        if (pattern.test(text)) throw new Error("D1_ERROR: the database does not answer");
        return target.prepare(text);
      };
    },
  });
}

/** Variables of wrangler.toml with other values. */
export function variables(values: Record<string, string>): Partial<Env> {
  const bindings: Partial<Env> = {};
  for (const [name, value] of Object.entries(values)) Reflect.set(bindings, name, value);
  return bindings;
}
