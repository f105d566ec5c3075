import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { z } from "zod";
import worker from "../../../src/back.ts";
import { importDetail, importView } from "../../../src/imports/schemas.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { type Files, tgzOf } from "../../support/courses/archives.ts";
import { backupOf } from "../../support/courses/moodle-backup.ts";
import { API, call, read, tokenOf } from "../../support/worker/http.ts";
import { sendBytes } from "../files/support.ts";

const viewSchema = z.strictObject(importView.shape);
export type View = z.output<typeof viewSchema>;
const detailSchema = z.strictObject(importDetail.shape);

/** The author of all imports that name nobody else. */
export const AUTHOR = "importing-author";

/**
 * A backup of three pages in two sections. Another `date` opens the second section then, which is the one gate; without
 * one there is none.
 */
export function backup(date?: string): Files {
  const availability =
    date === undefined
      ? undefined
      : { op: "&", c: [{ type: "date", d: ">=", t: Date.parse(date) / 1_000 }], showc: [true] };
  return backupOf(
    "4.5 (Build: 20241007)",
    [
      { id: 1, number: 0, sequence: [1, 2] },
      { id: 2, number: 1, sequence: [3], availability },
    ],
    [
      { id: 1, section: 1, completion: 0 },
      { id: 2, section: 1, completion: 0 },
      { id: 3, section: 2, completion: 0 },
    ],
  );
}

export const archive = (date?: string) => tgzOf(backup(date));

interface Send {
  course: string;
  user?: string;
  role?: Role;
  format?: string;
  name?: string;
  type?: string;
  headers?: Record<string, string>;
  /** What Content-Length says; null: nothing. Default: the truth. */
  length?: number | null;
  bindings?: Partial<Env>;
}

/** Uploads an archive. */
export async function begin(bytes: Uint8Array, { course, user = AUTHOR, role = "author", ...rest }: Send) {
  const { format = "moodle", name = "small.mbz", type = "application/octet-stream", headers, length, bindings } = rest;
  const search = new URLSearchParams({ format, course, name });
  const said = length === undefined ? bytes.byteLength : length;
  return sendBytes(
    "POST",
    `${API}/courses/imports?${search}`,
    bytes,
    {
      authorization: `Bearer ${await tokenOf(user, role)}`,
      "content-type": type,
      ...(said === null ? {} : { "content-length": String(said) }),
      ...headers,
    },
    bindings,
  );
}

export async function begun(bytes: Uint8Array, send: Send): Promise<View> {
  return read(await begin(bytes, send), 202, viewSchema);
}

/** Hands the message to the queue's consumer. @returns what it did with it. */
export async function workOn(id: string, bindings: Partial<Env> = {}) {
  const batch = createMessageBatch("latchkey-imports", [
    { id: `m-${crypto.randomUUID()}`, timestamp: new Date(), attempts: 1, body: { type: "import", id } },
  ]);
  const context = createExecutionContext();
  await worker.queue(batch, { ...env, ...bindings });
  return getQueueResult(batch, context);
}

export async function seen(id: string, user = AUTHOR, role: Role = "author") {
  return read(await call("GET", `/courses/imports/${id}`, { token: await tokenOf(user, role) }), 200, detailSchema);
}

/** Uploads, works, and reads what came of it. */
export async function imported(bytes: Uint8Array, send: Send) {
  const { id } = await begun(bytes, send);
  await workOn(id);
  return seen(id, send.user, send.role);
}

export const versionsSchema = z.object({
  results: z.array(z.looseObject({ version: z.int(), is_active: z.boolean(), note: z.string().nullable() })),
});

export async function versionsOf(course: string, user = AUTHOR) {
  const answer = await call("GET", `/courses/${course}/versions`, { token: await tokenOf(user, "author") });
  return (await read(answer, 200, versionsSchema)).results;
}

/** How many objects the bucket has of an import. */
export async function keptOf(id: string): Promise<string[]> {
  const { objects } = await env.DOCUMENTS.list({ prefix: `imports/${id}/` });
  return objects.map(({ key }) => key.slice(`imports/${id}/`.length));
}
