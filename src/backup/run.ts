import { create } from "../platform/backup-bucket.ts";
import { utf8Bytes } from "../platform/database/batches.ts";
import { isAnyClosing } from "../platform/database/moves.ts";
import { directory } from "../platform/database/shards.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { parentFor } from "./chain.ts";
import { beginEpoch, forgetChanges } from "./changes.ts";
import { countingReads } from "./counting-reads.ts";
import {
  type Begun,
  begunSchema,
  FORMAT,
  instantOf,
  MANIFEST,
  type Manifest,
  newBackupId,
  openPart,
  type PartNote,
  pack,
  partName,
  sha256Of,
  signManifest,
} from "./format.ts";
import { isSpent, metered } from "./metered.ts";
import { pause } from "./pause.ts";
import { d1Tables } from "./rows.ts";
import { schemaOf } from "./schema.ts";
import type { Stage } from "./stage.ts";
import { AUDIT_CHAIN, type ChangedKeys, changedStage, changedStages, STAGES } from "./stages.ts";
import {
  backupIds,
  createPart,
  isFinished,
  keyOf,
  newestFinished,
  noteSuccess,
  partBytes,
  partNotesSoFar,
} from "./store.ts";
import type { ChangeKind } from "./tables.ts";

/** The note that a backup began here, and when exactly. */
const BEGUN = "begin.json";
/** Bytes of one part before it is compressed; a part is closed when it has more. One more page may be added to it. */
const PART_BYTES = 4_000_000;
/** Pages of one part: a part is restored in one step, and 500 objects take some seconds. */
const PART_PAGES = 20;
/** Objects of one part that may be missing; their names are in the note of the part, which has little room. */
const MAX_UNREADABLE = 20;
/**
 * A backup that takes longer is given up, because it would not be exact enough about any moment. Another one begins.
 */
const GIVE_UP_MS = 12 * 3_600_000;

/** The wait before it is checked again whether a course has arrived in its new database. */
const MOVE_PAUSE_MS = 250;

/**
 * Within this time after a write, its enrollment has written its row in D1, or has noted that the row is behind. A
 * backup of changes finds it by one of the two, so its mark is this much before its beginning. Clocks may differ by as
 * much.
 */
const SETTLED_MS = 90_000;

/**
 * Begins a backup, or joins the one that is running. Everything that was acknowledged before its mark will be in it, or
 * in the backups on which it is built.
 * @param wants "everything": a full copy; "changes": the changes, if there is a backup to build on.
 */
export async function beginBackup(env: Env, now: number, wants: "changes" | "everything" = "changes"): Promise<string> {
  const running = await runningBackup(env, now);
  if (running !== null) return running;
  const id = newBackupId(now);
  const parent = wants === "everything" ? null : await parentFor(env, now);
  const begun: Begun = {
    mark: parent === null ? now : now - SETTLED_MS,
    parent: parent?.link ?? null,
    since: parent === null ? 0 : instantOf(parent.link.id) - SETTLED_MS,
    epochs: await epochsFor(env, id, parent !== null),
    audit_seq: parent?.manifest.audit_seq ?? 0,
  };
  await create(env, keyOf(id, BEGUN), JSON.stringify({ format: FORMAT, id, ...begun }));
  logEvent("backup_begun", { backup: id, parent: parent?.link.id ?? null });
  return id;
}

/** From here on changes are noted. A database that refuses writes is copied completely, and no link is built on it. */
async function epochsFor(env: Env, id: string, areNeeded: boolean): Promise<Begun["epochs"]> {
  try {
    return await beginEpoch(env, id);
  } catch (fault) {
    if (areNeeded) throw fault;
    logFault("backup_epoch_failed", fault, { backup: id });
    return null;
  }
}

/** The backup that is running; null when there is none. */
export async function runningBackup(env: Env, now: number): Promise<string | null> {
  const newest = (await backupIds(env)).at(-1);
  if (newest === undefined || instantOf(newest) < now - GIVE_UP_MS || (await isFinished(env, newest))) return null;
  // A backup whose files are being brought from elsewhere did not begin here.
  return (await env.BACKUPS.head(keyOf(newest, BEGUN))) === null ? null : newest;
}

/**
 * Continues a backup until it is finished, `until` (epoch ms) is reached, or it has made as many calls as one step may.
 * One that was given up, because a newer one began, is never finished. A written part is never written again, so it
 * does not matter how often this is killed, or whether two do it at once.
 */
export async function continueBackup(
  bindings: Env,
  id: string,
  until: number,
): Promise<"running" | "done" | "given_up"> {
  const env = metered(bindings);
  if (await isFinished(env, id)) return "done";
  if (await isGivenUp(env, id)) return "given_up";
  // A course is changing its database now, for a second or so. During a backup, no other course begins to.
  if (await isAnyClosing(env)) {
    await new Promise((resolve) => setTimeout(resolve, MOVE_PAUSE_MS));
    return "running";
  }
  let notes = await partNotesSoFar(env, id);
  const begun = await begunOf(env, id);
  const keys = keysOf(env, id, () => notes);
  const stages = begun.parent === null ? STAGES : changedStages(begun, keys);
  do {
    const last = notes.at(-1);
    const at = last === undefined ? 0 : stages.findIndex(({ name }) => name === last.stage);
    const stage = last?.next === null ? stages[at + 1] : stages[at];
    if (stage === undefined) {
      await finish(env, id, begun, notes);
      return "done";
    }
    const from = last === undefined || last.next === null ? null : last.next;
    const note = await writePart(env, id, notes.length + 1, stage, from, until);
    // Another worker has written this number: its part counts.
    notes = note === null ? await partNotesSoFar(env, id) : [...notes, note];
  } while (Date.now() < until && !isSpent(env));
  return "running";
}

/** Whether a newer backup began here, which has taken over the notes for this one. */
async function isGivenUp(env: Env, id: string): Promise<boolean> {
  for (const other of (await backupIds(env)).filter((newer) => newer > id)) {
    if ((await env.BACKUPS.head(keyOf(other, BEGUN))) !== null) return true;
  }
  return false;
}

/** Reads pages of a stage into the next part. @returns its note, or null when there was such a part already. */
async function writePart(
  env: Env,
  id: string,
  number: number,
  stage: Stage,
  from: string | null,
  until: number,
): Promise<PartNote | null> {
  const lines: string[] = [];
  const counting = countingReads(env);
  const note = { stage: stage.name, rows: 0, max_seq: 0, next: from, unreadable: [] as string[] };
  let columns: string[] | undefined;
  let room = PART_BYTES;
  for (let page = 0; page < PART_PAGES && room > 0; page += 1) {
    const read = await stage.read(counting.env, note.next, id);
    lines.push(...read.lines);
    room -= read.lines.reduce((sum, line) => sum + utf8Bytes(line), 0);
    note.rows += read.rows;
    note.max_seq = Math.max(note.max_seq, read.max_seq);
    note.next = read.next;
    note.unreadable.push(...(read.unreadable ?? []));
    if (note.unreadable.length > MAX_UNREADABLE)
      throw new Error("too many objects do not answer; the backup tries again later");
    columns = read.columns ?? columns;
    await pause();
    if (read.next === null || Date.now() >= until || isSpent(env)) break;
  }
  const name = partName(number, stage.name);
  const header = { latchkey_backup: FORMAT, backup: id, part: name, stage: stage.name } as const;
  const bytes = await pack(columns === undefined ? header : { ...header, columns }, lines);
  const full: PartNote = {
    name,
    ...note,
    bytes: bytes.byteLength,
    sha256: await sha256Of(bytes),
    d1_rows_read: counting.read(),
  };
  return (await createPart(env, id, full, bytes)) ? full : null;
}

async function finish(env: Env, id: string, begun: Begun, notes: readonly PartNote[]): Promise<void> {
  const rows: Record<string, number> = {};
  for (const note of notes) rows[note.stage] = (rows[note.stage] ?? 0) + note.rows;
  const finished_at = Date.now();
  const chain = notes.filter(({ stage }) => stage === AUDIT_CHAIN).map(({ max_seq }) => max_seq);
  const manifest: Manifest = {
    format: FORMAT,
    id,
    mark: begun.mark,
    finished_at,
    schema: await schemaOf(d1Tables(directory(env))),
    rows,
    parts: notes.map(({ name, stage, rows: count, bytes, sha256, max_seq }) => ({
      name,
      stage,
      rows: count,
      bytes,
      sha256,
      max_seq,
    })),
    unreadable: notes.flatMap(({ unreadable }) => unreadable),
    previous: await newestFinished(env),
    parent: begun.parent,
    epochs: begun.epochs,
    audit_seq: Math.max(begun.audit_seq, ...chain),
    d1_rows_read: notes.reduce((sum, { d1_rows_read }) => sum + d1_rows_read, 0),
  };
  if (!(await create(env, keyOf(id, MANIFEST), await signManifest(env.AUTH_SECRET, manifest)))) return;
  if (manifest.unreadable.length === 0) {
    await noteSuccess(env, id, finished_at);
    // The noted changes are in this backup now. A backup with gaps is followed by a full copy.
    if (begun.epochs !== null) await forgetChanges(env, begun.epochs);
  } else logFault("backup_with_gaps", new Error(`${manifest.unreadable.length} objects are missing`), { backup: id });
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  logEvent("backup_finished", { backup: id, rows: total, ms: finished_at - instantOf(id) });
}

/** The values that were decided when a backup began. */
export async function begunOf(env: Env, id: string): Promise<Begun> {
  const begun = await env.BACKUPS.get(keyOf(id, BEGUN));
  return begunSchema.parse(begun === null ? { mark: instantOf(id) } : await begun.json());
}

/** Reads the changed keys from the parts in which this backup has written them. The last part read stays in memory. */
function keysOf(env: Env, id: string, notes: () => readonly PartNote[]): ChangedKeys {
  const lasts = new Map<string, string>();
  let held: { name: string; keys: string[] } | null = null;
  const open = async (note: PartNote) => {
    if (held?.name === note.name) return held.keys;
    const bytes = await partBytes(env, id, note.name);
    const opened = bytes === null ? null : await openPart(id, note, [], bytes);
    if (opened?.ok !== true) throw new Error(`${note.name} cannot be read any more`);
    const keys = opened.value.lines.map((line) => String(JSON.parse(line)));
    held = { name: note.name, keys };
    lasts.set(note.name, keys.at(-1) ?? "");
    return keys;
  };
  return async (kind: ChangeKind, after: string, limit: number) => {
    const found: string[] = [];
    for (const note of notes()) {
      if (note.stage !== changedStage(kind) || note.rows === 0) continue;
      const last = lasts.get(note.name);
      if (last !== undefined && last <= after) continue;
      for (const key of await open(note)) if (key > after && found.length < limit) found.push(key);
      if (found.length === limit) break;
    }
    return found;
  };
}
