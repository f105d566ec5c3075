import { create, IF_ABSENT, listed, pad } from "../platform/backup-bucket.ts";
import { CHANGE_NOTES } from "../platform/cell/change-notes.ts";
import { logFault } from "../platform/log.ts";
import { type Result, refuse } from "../platform/results.ts";
import { acceptedSecrets, withAnySecret } from "../platform/secrets.ts";
import {
  MANIFEST,
  type Manifest,
  noteSchema,
  openManifest,
  openPart,
  type PartEntry,
  type PartNote,
  sha256Of,
} from "./format.ts";

// The place of backups in the bucket BACKUPS. Nothing in it is ever overwritten: a second writer of a key is refused.

const BACKUPS = "backups/";
const SUCCEEDED = "succeeded/";
const VERIFIED = "verified/";
const JOBS = "jobs/";
/** Notes older than this before the newest whole backup are in it, and no later backup needs them. */
const NOTES_SPENT_MS = 3_600_000;
/** Keys removed by one call. */
const PAGE_KEYS = 1_000;

export function keyOf(backup: string, file: string): string {
  return `${BACKUPS}${backup}/${file}`;
}

/** Writes a part with its note; the bucket itself compares the bytes with their hash. @returns as {@link create}. */
export async function createPart(env: Env, backup: string, note: PartNote, bytes: Uint8Array<ArrayBuffer>) {
  const options = { onlyIf: IF_ABSENT, customMetadata: { note: JSON.stringify(note) }, sha256: note.sha256 };
  return (await env.BACKUPS.put(keyOf(backup, note.name), bytes, options)) !== null;
}

/** Ids of all backups, finished or not, oldest first. */
export async function backupIds(env: Env): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await env.BACKUPS.list({
      prefix: BACKUPS,
      delimiter: "/",
      ...(cursor === undefined ? {} : { cursor }),
    });
    ids.push(...page.delimitedPrefixes.map((prefix) => prefix.slice(BACKUPS.length, -1)));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return ids.sort();
}

/** The parts of the running backup that this isolate has read. */
let underWay: { backup: string; notes: readonly PartNote[] } = { backup: "", notes: [] };

/**
 * Notes of the parts of a running backup, in order. A part is never overwritten, so an isolate that has read some reads
 * only the newer ones: for three million learners there are twenty thousand parts, and as many messages.
 */
export async function partNotesSoFar(env: Env, backup: string): Promise<PartNote[]> {
  const known = underWay.backup === backup ? underWay.notes : [];
  const notes = [...known, ...(await partNotes(env, backup, known.at(-1)?.name))];
  underWay = { backup, notes };
  return notes;
}

/** Notes of the existing parts, in order. @param after only of those after this one. */
export async function partNotes(env: Env, backup: string, after?: string): Promise<PartNote[]> {
  const notes: PartNote[] = [];
  const from = after === undefined ? undefined : keyOf(backup, after);
  for await (const { key, customMetadata } of listed(env, `${BACKUPS}${backup}/0`, ["customMetadata"], from)) {
    // A part that was brought from elsewhere has no note, but its backup has a manifest.
    if (customMetadata?.note === undefined) continue;
    const note = noteSchema.parse(JSON.parse(customMetadata.note));
    if (key.endsWith(note.name)) notes.push(note);
  }
  return notes;
}

/** When the newest part was written, epoch ms; null while there is none. */
export async function lastWritten(env: Env, backup: string): Promise<number | null> {
  let last: number | null = null;
  for await (const { uploaded } of listed(env, `${BACKUPS}${backup}/`)) last = Math.max(last ?? 0, uploaded.getTime());
  return last;
}

/** A backup's manifest, once it is finished; refused when it differs from what was signed. */
export async function manifestOf(env: Env, backup: string): Promise<Result<Manifest>> {
  const stored = await env.BACKUPS.get(keyOf(backup, MANIFEST));
  if (stored === null) {
    const any = await env.BACKUPS.list({ prefix: `${BACKUPS}${backup}/`, limit: 1 });
    return refuse(any.objects.length > 0 ? "backup_incomplete" : "not_found");
  }
  const text = await stored.text();
  const opened = await withAnySecret(
    acceptedSecrets(env),
    (secret) => openManifest(secret, text),
    ({ ok: isOpen }) => isOpen,
  );
  if (opened.ok && opened.value.id !== backup) {
    return refuse("backup_manifest_tampered", { detail: `It is the manifest of ${opened.value.id}.` });
  }
  return opened;
}

export async function isFinished(env: Env, backup: string): Promise<boolean> {
  return (await env.BACKUPS.head(keyOf(backup, MANIFEST))) !== null;
}

/** The newest finished backup and the SHA-256 of its manifest as stored. */
export async function newestFinished(env: Env): Promise<{ id: string; sha256: string } | null> {
  for (const id of (await backupIds(env)).reverse()) {
    const stored = await env.BACKUPS.get(keyOf(id, MANIFEST));
    if (stored !== null) return { id, sha256: await sha256Of(new Uint8Array(await stored.arrayBuffer())) };
  }
  return null;
}

/**
 * Whether the backup before this one is still the one that this one followed. One that was removed, or is in another
 * bucket, cannot be compared.
 */
export async function previousHolds(env: Env, { previous }: Manifest): Promise<boolean> {
  const stored = previous === null ? null : await env.BACKUPS.get(keyOf(previous.id, MANIFEST));
  return stored === null || (await sha256Of(new Uint8Array(await stored.arrayBuffer()))) === previous?.sha256;
}

/** Bytes of a part; null when it is missing. */
export async function partBytes(env: Env, backup: string, name: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const stored = await env.BACKUPS.get(keyOf(backup, name));
  return stored === null ? null : new Uint8Array(await stored.arrayBuffer());
}

/** Notes that a backup is whole: nothing of it was unreadable. */
export async function noteSuccess(env: Env, backup: string, at: number): Promise<void> {
  await create(env, `${SUCCEEDED}${pad(at)}-${backup}`, "");
}

/** Notes that a backup was restored and compared. */
export async function noteVerified(env: Env, backup: string, at: number, report: object): Promise<void> {
  await create(env, `${VERIFIED}${pad(at)}-${backup}.json`, JSON.stringify(report));
}

/** Instants (epoch ms) of the newest whole backup and of the newest verification, with the backup each is about. */
export async function newestNotes(env: Env): Promise<{ succeeded: Noted | null; verified: Noted | null }> {
  const newest = async (prefix: string) => {
    let last: Noted | null = null;
    for await (const { key } of listed(env, prefix)) {
      const [, at, backup] = /^(\d+)-([^.]+)/.exec(key.slice(prefix.length)) ?? [];
      if (at !== undefined && backup !== undefined) last = { at: Number(at), backup };
    }
    return last;
  };
  return { succeeded: await newest(SUCCEEDED), verified: await newest(VERIFIED) };
}
export interface Noted {
  at: number;
  backup: string;
}

/** The verified backups, and when each was last verified (epoch ms). */
export async function verifications(env: Env): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { key } of listed(env, VERIFIED)) {
    const [, at, backup] = /^(\d+)-([^.]+)/.exec(key.slice(VERIFIED.length)) ?? [];
    if (at !== undefined && backup !== undefined) found.set(backup, Number(at));
  }
  return found;
}

/** The newest state that this isolate has read; it looks for newer ones after it. */
let lastState = { job: "", key: "" };

/** The newest state of a job; null when it has none yet. */
export async function jobState(env: Env, job: string): Promise<{ number: number; text: string } | null> {
  let last = lastState.job === job && (await env.BACKUPS.head(lastState.key)) !== null ? lastState.key : null;
  for await (const { key } of listed(env, `${JOBS}${job}/`, [], last ?? undefined)) last = key;
  if (last !== null) lastState = { job, key: last };
  const stored = last === null ? null : await env.BACKUPS.get(last);
  if (last === null || stored === null) return null;
  return { number: Number(last.slice(`${JOBS}${job}/`.length)), text: await stored.text() };
}

/** Adds a state to a job. @returns whether no other worker had added that number. */
export function addJobState(env: Env, job: string, number: number, text: string): Promise<boolean> {
  return create(env, `${JOBS}${job}/${String(number).padStart(8, "0")}`, text);
}

/**
 * Removes backups from before an instant, except the newest whole one, the newest verified one, and those on which a
 * kept one is built; and old job states, and notes of changes that are in the newest whole backup.
 * @param removable which of these no kept backup needs.
 */
export async function prune(
  env: Env,
  before: number,
  instantOf: (id: string) => number,
  removable: (old: readonly string[]) => Promise<string[]>,
): Promise<number> {
  const { succeeded, verified } = await newestNotes(env);
  const kept = [succeeded?.backup, verified?.backup];
  const old = await removable((await backupIds(env)).filter((id) => instantOf(id) < before && !kept.includes(id)));
  for (const id of old) await removeBelow(env, `${BACKUPS}${id}/`, () => true);
  for (const prefix of [SUCCEEDED, VERIFIED]) {
    await removeBelow(env, prefix, ({ key }) => old.some((id) => key.includes(id)));
  }
  await removeBelow(env, JOBS, ({ uploaded }) => uploaded.getTime() < before);
  const spent = succeeded === null ? before : instantOf(succeeded.backup) - NOTES_SPENT_MS;
  try {
    await removeBelow(env, CHANGE_NOTES, ({ uploaded }) => uploaded.getTime() < spent);
  } catch (fault) {
    // The bucket is locked: they are removed later.
    logFault("change_notes_kept", fault);
  }
  return old.length;
}

async function removeBelow(env: Env, prefix: string, isOld: (object: R2Object) => boolean): Promise<void> {
  const keys: string[] = [];
  for await (const object of listed(env, prefix)) if (isOld(object)) keys.push(object.key);
  for (let from = 0; from < keys.length; from += PAGE_KEYS)
    await env.BACKUPS.delete(keys.slice(from, from + PAGE_KEYS));
}

/** Reads and opens one part of a finished backup, or names its fault. */
export async function readPart(env: Env, manifest: Manifest, entry: PartEntry) {
  const bytes = await partBytes(env, manifest.id, entry.name);
  if (bytes === null) return refuse("backup_part_missing", { detail: entry.name });
  return openPart(manifest.id, entry, manifest.parts, bytes);
}
