import { logEvent, logFault } from "../ops/logging.ts";
import {
  FORMAT,
  instantOf,
  MANIFEST,
  type Manifest,
  newBackupId,
  type PartNote,
  pack,
  partName,
  sha256Of,
  signManifest,
} from "./format.ts";
import { pause } from "./pause.ts";
import { d1Tables } from "./rows.ts";
import { schemaOf } from "./schema.ts";
import { STAGES } from "./stages.ts";
import { backupIds, create, createPart, isFinished, keyOf, newestFinished, noteSuccess, partNotes } from "./store.ts";

/** Says that a backup was begun here, and when exactly. */
const BEGUN = "begin.json";
/** Characters of one part before it is compressed; beyond it the part is closed. A page more may come on top. */
const PART_CHARACTERS = 2_000_000;
/** Pages of one part: it is restored in one step, and 500 objects are some seconds. */
const PART_PAGES = 20;
/** Objects of one part that may be missing; their names are kept beside it, where there is not much room. */
const MAX_UNREADABLE = 20;
/**
 * A backup that is not finished after so long is given up: it would say too little about any one moment. Another is begun.
 */
const GIVE_UP_MS = 12 * 3_600_000;

/**
 * Begins a backup, or joins the one that is under way. The instant of its id is its mark: whatever was acknowledged
 * before it will be in it.
 */
export async function beginBackup(env: Env, now: number): Promise<string> {
  const running = await runningBackup(env, now);
  if (running !== null) return running;
  const id = newBackupId(now);
  await create(env, keyOf(id, BEGUN), JSON.stringify({ format: FORMAT, id, mark: now }));
  logEvent("backup_begun", { backup: id });
  return id;
}

/** The backup that is under way; null when there is none. */
export async function runningBackup(env: Env, now: number): Promise<string | null> {
  const newest = (await backupIds(env)).at(-1);
  if (newest === undefined || instantOf(newest) < now - GIVE_UP_MS || (await isFinished(env, newest))) return null;
  // One whose files are just being brought from elsewhere was not begun here.
  return (await env.BACKUPS.head(keyOf(newest, BEGUN))) === null ? null : newest;
}

/**
 * Goes on with a backup until it is finished or `until` (epoch ms) is reached. A part that was written is never written
 * again, so it does not matter how often this is killed, or whether two do it at once.
 */
export async function continueBackup(env: Env, id: string, until: number): Promise<"running" | "done"> {
  if (await isFinished(env, id)) return "done";
  let notes = await partNotes(env, id);
  do {
    const last = notes.at(-1);
    const at = last === undefined ? 0 : STAGES.findIndex(({ name }) => name === last.stage);
    const stage = last?.next === null ? STAGES[at + 1] : STAGES[at];
    if (stage === undefined) {
      await finish(env, id, notes);
      return "done";
    }
    const from = last === undefined || last.next === null ? null : last.next;
    const note = await writePart(env, id, notes.length + 1, stage, from, until);
    // Somebody else has written this number: theirs is the one that counts.
    notes = note === null ? await partNotes(env, id) : [...notes, note];
  } while (Date.now() < until);
  return "running";
}

/** Reads pages of a stage into the next part. @returns its note, or null when there was such a part already. */
async function writePart(
  env: Env,
  id: string,
  number: number,
  stage: (typeof STAGES)[number],
  from: string | null,
  until: number,
): Promise<PartNote | null> {
  const lines: string[] = [];
  const note = { stage: stage.name, rows: 0, max_seq: 0, next: from, unreadable: [] as string[] };
  let columns: string[] | undefined;
  let room = PART_CHARACTERS;
  for (let page = 0; page < PART_PAGES && room > 0; page += 1) {
    const read = await stage.read(env, note.next);
    lines.push(...read.lines);
    room -= read.lines.reduce((sum, line) => sum + line.length, 0);
    note.rows += read.rows;
    note.max_seq = Math.max(note.max_seq, read.max_seq);
    note.next = read.next;
    note.unreadable.push(...(read.unreadable ?? []));
    if (note.unreadable.length > MAX_UNREADABLE) throw new Error("too many objects do not answer; tried again later");
    columns = read.columns ?? columns;
    await pause();
    if (read.next === null || Date.now() >= until) break;
  }
  const name = partName(number, stage.name);
  const header = { latchkey_backup: FORMAT, backup: id, part: name, stage: stage.name } as const;
  const bytes = await pack(columns === undefined ? header : { ...header, columns }, lines);
  const full: PartNote = { name, ...note, bytes: bytes.byteLength, sha256: await sha256Of(bytes) };
  return (await createPart(env, id, full, bytes)) ? full : null;
}

async function finish(env: Env, id: string, notes: readonly PartNote[]): Promise<void> {
  const rows: Record<string, number> = {};
  for (const note of notes) rows[note.stage] = (rows[note.stage] ?? 0) + note.rows;
  const finished_at = Date.now();
  const manifest: Manifest = {
    format: FORMAT,
    id,
    mark: await markOf(env, id),
    finished_at,
    schema: await schemaOf(d1Tables(env.DB)),
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
  };
  if (!(await create(env, keyOf(id, MANIFEST), await signManifest(env.AUTH_SECRET, manifest)))) return;
  if (manifest.unreadable.length === 0) await noteSuccess(env, id, finished_at);
  else logFault("backup_with_gaps", new Error(`${manifest.unreadable.length} objects are missing`), { backup: id });
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  logEvent("backup_finished", { backup: id, rows: total, ms: finished_at - manifest.mark });
}

async function markOf(env: Env, id: string): Promise<number> {
  const begun = await env.BACKUPS.get(keyOf(id, BEGUN));
  // SAFETY: written by beginBackup() above.
  return begun === null ? instantOf(id) : ((await begun.json()) as { mark: number }).mark;
}
