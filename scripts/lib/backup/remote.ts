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
const TRIES = 10;
const RETRY_MS = 1_000;

const problemSchema = z.looseObject({ code: z.string(), detail: z.string().optional() });
export const backupSchema = z.looseObject({
  id: z.string(),
  state: z.enum(["running", "finished", "damaged"]),
  mark: z.string(),
  rows: z.int(),
  bytes: z.int(),
  unreadable: z.int(),
  verified_at: z.string().nullable(),
});
export type BackupView = z.infer<typeof backupSchema>;
export const workSchema = z.looseObject({
  job: z.string(),
  done: z.boolean(),
  rows: z.int(),
  left_out: z.int(),
  missing_files: z.int(),
  ms: z.int(),
});
export type Work = z.infer<typeof workSchema>;
const pageSchema = z.object({ results: z.array(backupSchema), next_cursor: z.string().nullable() });

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

  async begin(): Promise<BackupView> {
    return expect(await this.client.post("/api/v1/system/backups"), backupSchema);
  }

  async read(id: string): Promise<BackupView> {
    return expect(await this.client.get(`/api/v1/system/backups/${id}`), backupSchema);
  }

  /** The newest backup in this state. */
  async newest(state: BackupView["state"]): Promise<BackupView> {
    let found: BackupView | undefined;
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = expect(await this.client.get(`/api/v1/system/backups?limit=1000${query}`), pageSchema);
      found = page.results.findLast((backup) => backup.state === state) ?? found;
      cursor = page.next_cursor;
    }
    if (found === undefined) throw new CommandError(`There is no ${state} backup at ${this.url}.`);
    return found;
  }

  /**
   * Has work done on a backup until it is done. A server that does not answer is asked again: what it had done stays done.
   * @param job goes on with this one.
   */
  async work(id: string, task: "backup" | "check" | "verify" | "restore", job = newJob(task, id)): Promise<Work> {
    if (task === "restore") say(`job ${job}`);
    for (let failures = 0; ; ) {
      const answer = await this.client.post(`/api/v1/system/backups/${id}/work`, { task, job }).catch(reason);
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

  /** Bytes of a file of a backup; null when there is none. */
  async download(id: string, file: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const response = await fetch(this.#fileUrl(id, file), {
      headers: { authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.timeout(FILE_TIMEOUT_MS),
    });
    if (response.status === 404) return null;
    if (!response.ok) throw new CommandError(`GET ${file}: ${response.status} ${await response.text()}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Brings a file. @returns whether it was written; false when there was such a file already. */
  async bring(id: string, file: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const response = await fetch(this.#fileUrl(id, file), {
      method: "PUT",
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/octet-stream" },
      body: bytes,
      signal: AbortSignal.timeout(FILE_TIMEOUT_MS),
    });
    if (!response.ok) throw new CommandError(`PUT ${file}: ${response.status} ${await response.text()}`);
    return z.object({ created: z.boolean() }).parse(await response.json()).created;
  }

  #fileUrl(id: string, file: string): string {
    return `${this.url}/api/v1/system/backups/${id}/files/${file}`;
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
