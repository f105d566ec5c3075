import { listDurableObjectIds, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { z } from "zod";
import { FORMAT, MANIFEST, type Manifest, pack, sha256Of, signManifest } from "../../../src/backup/format.ts";
import { beginBackup, continueBackup } from "../../../src/backup/run.ts";
import { keyOf, manifestOf, readPart } from "../../../src/backup/store.ts";
import { everyShard } from "../../../src/platform/database/shards.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { makeTables } from "../../support/worker/shards.ts";

/** Longer than any backup of a test takes. */
const PATIENCE_MS = 60_000;

export const admin = () => tokenOf("backup-admin", "admin");

/** Takes a backup of everything there is, and opens it. */
export async function takeBackup(wants: "changes" | "everything" = "everything"): Promise<Manifest> {
  const id = await beginBackup(env, Date.now(), wants);
  while ((await continueBackup(env, id, Date.now() + PATIENCE_MS)) === "running");
  return manifest(id);
}

export async function manifest(id: string): Promise<Manifest> {
  const opened = await manifestOf(env, id);
  if (!opened.ok) throw new Error(opened.refusal.code);
  return opened.value;
}

/** Lines of a stage, over all its parts. */
export async function linesOf(backup: Manifest, stage: string): Promise<string[]> {
  const lines: string[] = [];
  for (const entry of backup.parts.filter((part) => part.stage === stage)) {
    const part = await readPart(env, backup, entry);
    if (!part.ok) throw new Error(part.refusal.code);
    lines.push(...part.value.lines);
  }
  return lines;
}

/** A whole small backup made by hand: what a test damages. */
export async function smallBackup(id: string, over: Partial<Manifest> = {}): Promise<Manifest> {
  const parts: Manifest["parts"] = [];
  for (const [number, stage] of [
    [1, "d1.users"],
    [2, "d1.courses"],
  ] as const) {
    const name = `0000${number}-${stage}.ndjson.gz`;
    // Noise, so that it stays long enough to be cut.
    const lines = Array.from({ length: 20 }, (_, row) => JSON.stringify([`${stage}-${row}`, crypto.randomUUID()]));
    const bytes = await pack(
      { latchkey_backup: FORMAT, backup: id, part: name, stage, columns: ["id", "name"] },
      lines,
    );
    parts.push({ name, stage, rows: 20, bytes: bytes.byteLength, sha256: await sha256Of(bytes), max_seq: 0 });
    await env.BACKUPS.put(keyOf(id, name), bytes);
  }
  const made: Manifest = {
    format: FORMAT,
    id,
    mark: 1,
    finished_at: 2,
    schema: { migrations: [], sha256: "" },
    rows: {},
    parts,
    unreadable: [],
    previous: null,
    parent: null,
    epochs: null,
    audit_seq: 0,
    d1_rows_read: 0,
    ...over,
  };
  await env.BACKUPS.put(keyOf(id, MANIFEST), await signManifest(env.AUTH_SECRET, made));
  return made;
}

export const workSchema = z.looseObject({
  job: z.string(),
  done: z.boolean(),
  rows: z.number(),
  left_out: z.number(),
});

/** Asks for work until it is done. */
export async function workThrough(
  backup: string,
  task: "check" | "verify" | "restore",
  erasures?: "bucket" | "list" | "none",
) {
  let job: string | undefined;
  for (;;) {
    const body = job === undefined ? { task, ...(erasures === undefined ? {} : { erasures }) } : { task, job };
    const answer = await call("POST", `/system/backups/${backup}/work`, { token: await admin(), body });
    const state = await read(answer, 200, workSchema);
    if (state.done) return state;
    job = state.job;
  }
}

/** Makes this deployment one in which there is nothing. */
export async function emptyDeployment(): Promise<void> {
  // A reset empties the objects that are in memory: those that sleep are woken for it.
  await wake(env.ENROLLMENTS);
  await wake(env.CHANNELS);
  await wake(env.JOURNALS);
  await wake(env.BROADCAST_LOG);
  await wake(env.AUDIT_CHAINS);
  await wake(env.GATES);
  await wake(env.VAULTS);
  // Databases, buckets and namespaces are objects of the local runtime too: one that sleeps would keep what it has.
  for (const { db } of everyShard(env)) await db.prepare("SELECT 1").run();
  for (const bucket of [env.BACKUPS, env.DOCUMENTS, env.FILES, env.RECORDS]) await bucket.list({ limit: 1 });
  for (const namespace of [env.RECORD_CACHE, env.SWITCHES]) await namespace.list({ limit: 1 });
  await reset();
  await makeTables();
}

async function wake<T extends Rpc.DurableObjectBranded>(namespace: DurableObjectNamespace<T>): Promise<void> {
  for (const id of await listDurableObjectIds(namespace)) {
    await runInDurableObject(namespace.get(id), () => undefined);
  }
}
