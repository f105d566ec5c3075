import { randomBytes } from "node:crypto";
import { z } from "zod";
import { type ApiAnswer, type ApiClient, api } from "../api-client.ts";
import { reason } from "../import/report.ts";
import { tokenFor } from "../import/server.ts";
import { CommandError, RefusedError, say } from "./command.ts";

/** In whose name local commands are given. */
const OPERATOR = "operator";
/** How long one file may take, milliseconds. */
const FILE_TIMEOUT_MS = 120_000;
/** A server that restarts is asked again: so often, so far apart. */
const TRIES = 30;
const RETRY_MS = 1_000;

const problemSchema = z.looseObject({ code: z.string(), detail: z.string().optional() });
const backupSchema = z.looseObject({
  id: z.string(),
  state: z.enum(["running", "finished", "damaged"]),
  kind: z.enum(["full", "changes"]).nullable().default(null),
  parent: z.string().nullable().default(null),
  mark: z.string(),
  rows: z.int(),
  bytes: z.int(),
  objects: z.int().default(0),
  d1_rows_read: z.int().default(0),
  unreadable: z.int(),
  verified_at: z.string().nullable(),
});
export type BackupView = z.infer<typeof backupSchema>;
const workSchema = z.looseObject({
  job: z.string(),
  done: z.boolean(),
  rows: z.int(),
  left_out: z.int(),
  missing_files: z.int(),
  erased_again: z.int().default(0),
  ms: z.int(),
});
export type Work = z.infer<typeof workSchema>;
const pageSchema = z.object({ results: z.array(backupSchema), next_cursor: z.string().nullable() });

export type Erasures = "bucket" | "list" | "none";

/** The backups of one deployment, through its API. */
export class RemoteBackups {
  readonly client: ApiClient;
  readonly url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
    this.client = api(url, token);
  }

  /** @param token of an admin; without one, and only for a server on this machine, one is made with the local secret. */
  static async at(url: string, token: string | undefined): Promise<RemoteBackups> {
    return new RemoteBackups(url, await tokenFor({ url, token }, "admin", OPERATOR));
  }

  /** Begins a backup, or joins the one under way. @param full whether it is to hold everything. */
  async begin(full = false): Promise<BackupView> {
    const ask = () => this.client.post("/api/v1/system/backups", full ? { full } : undefined);
    return expect(await patiently(ask), backupSchema);
  }

  async read(id: string): Promise<BackupView> {
    return expect(await patiently(() => this.client.get(`/api/v1/system/backups/${id}`)), backupSchema);
  }

  /** The newest backup in this state. */
  async newest(state: BackupView["state"]): Promise<BackupView> {
    let found: BackupView | undefined;
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const path: string = `/api/v1/system/backups?limit=1000${query}`;
      const page = expect(await patiently(() => this.client.get(path)), pageSchema);
      found = page.results.findLast((backup) => backup.state === state) ?? found;
      cursor = page.next_cursor;
    }
    if (found === undefined) throw new CommandError(`There is no ${state} backup at ${this.url}.`);
    return found;
  }

  /**
   * Has work done on a backup until it is done. A server that does not answer is asked again: what it had done stays done.
   * @param job goes on with this one.
   * @param erasures of a restore: how it is known who was erased since the backup.
   */
  async work(
    id: string,
    task: "backup" | "check" | "verify" | "restore",
    job = newJob(task, id),
    erasures?: Erasures,
  ): Promise<Work> {
    if (task === "restore") say(`job ${job}`);
    for (let failures = 0; ; ) {
      const answer = await this.client.post(`/api/v1/system/backups/${id}/work`, { task, job, erasures }).catch(reason);
      if (typeof answer === "string" || answer.status >= 500) {
        failures += 1;
        say(`${task}: ${typeof answer === "string" ? answer : sentenceOf(answer)}; asking again`);
        if (failures === TRIES) throw new CommandError(`${this.url} does not answer; go on later with job ${job}.`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        continue;
      }
      failures = 0;
      const work = expect(answer, workSchema);
      if (work.done) return work;
      say(`${task}: ${work.rows} rows, ${Math.round(work.ms / 1_000)} s`);
    }
  }

  /** The signed list of erasures, as text. */
  async erasures(): Promise<string> {
    const response = await patiently(() => this.#fetch(`${this.url}/api/v1/system/erasures`));
    if (!response.ok) throw new CommandError(`GET erasures: ${response.status} ${await response.text()}`);
    return response.text();
  }

  /** Brings a list of erasures. @returns up to when it knows them. */
  async bringErasures(list: unknown): Promise<{ at: string; subjects: number }> {
    const answer = await patiently(() => this.client.put("/api/v1/system/erasures", list));
    return expect(answer, z.object({ at: z.string(), subjects: z.int() }));
  }

  /** Bytes of a file of a backup; null when there is none. */
  async download(id: string, file: string): Promise<Uint8Array<ArrayBuffer> | null> {
    // With its body: a server that ends while it answers is asked again.
    return patiently(async () => {
      const response = await this.#fetch(this.#fileUrl(id, file));
      if (response.status === 404) return null;
      if (response.status >= 500) throw new Error(`answered with ${response.status}`);
      if (!response.ok) throw new CommandError(`GET ${file}: ${response.status} ${await response.text()}`);
      return new Uint8Array(await response.arrayBuffer());
    });
  }

  /** Brings a file. @returns whether it was written; false when there was such a file already. */
  async bring(id: string, file: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const response = await patiently(() => this.#fetch(this.#fileUrl(id, file), bytes));
    if (!response.ok) throw new CommandError(`PUT ${file}: ${response.status} ${await response.text()}`);
    return z.object({ created: z.boolean() }).parse(await response.json()).created;
  }

  /** @param bytes left out: reads; else brings these. */
  #fetch(url: string, bytes?: Uint8Array<ArrayBuffer>): Promise<Response> {
    const authorization = `Bearer ${this.#token}`;
    const signal = AbortSignal.timeout(FILE_TIMEOUT_MS);
    if (bytes === undefined) return fetch(url, { headers: { authorization }, signal });
    const headers = { authorization, "content-type": "application/octet-stream" };
    return fetch(url, { method: "PUT", headers, body: bytes, signal });
  }

  #fileUrl(id: string, file: string): string {
    return `${this.url}/api/v1/system/backups/${id}/files/${file}`;
  }
}

/**
 * Asks a server that may be starting again: what can be asked twice. @throws CommandError when it does not answer for long,
 * and what the question itself throws.
 */
async function patiently<T extends { status: number } | Uint8Array | null>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await ask();
      const isThere = answer === null || !("status" in answer) || answer.status < 500;
      if (isThere || attempt === TRIES) return answer;
    } catch (fault) {
      if (fault instanceof CommandError) throw fault;
      if (attempt === TRIES) throw new CommandError(`The server does not answer: ${reason(fault)}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function sentenceOf({ status, body }: ApiAnswer): string {
  const problem = problemSchema.safeParse(body);
  return problem.success ? `${problem.data.code} (${problem.data.detail ?? status})` : `answered with ${status}`;
}

/** Named here, so that a call whose answer was lost goes on with the same job. */
function newJob(task: string, id: string): string {
  return `${task}-${id}-${randomBytes(4).toString("hex")}`;
}

/** The body of an answer. @throws RefusedError with the code of its problem document. */
export function expect<T>(answer: ApiAnswer, schema: z.ZodType<T>): T {
  if (answer.status < 300) return schema.parse(answer.body);
  const problem = problemSchema.safeParse(answer.body);
  if (problem.success) throw new RefusedError(problem.data.code, problem.data.detail);
  throw new CommandError(`${answer.request}: ${answer.status}`);
}
