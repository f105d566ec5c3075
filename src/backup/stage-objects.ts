import { callEnrollment } from "../enrollment/index.ts";
import { callBroadcastLog, callChannel } from "../events/index.ts";
import type { ObjectDump } from "../platform/cell/object-dump.ts";
import { utf8Bytes } from "../platform/database/batches.ts";
import { directory } from "../platform/database/shards.ts";
import { logFault } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import type { Result } from "../platform/results.ts";
import { pause } from "./pause.ts";
import type { StagePage } from "./stage.ts";
import { usersIn } from "./statements.ts";

/** Limits for one page, which is in memory: objects, objects at a time, and bytes after which it ends. */
const OBJECT_PAGE = 25;
const PARALLEL_OBJECTS = 6;
const PAGE_BYTES = 4_000_000;
/** If so many objects of a page cannot be read, the platform is the cause, and the page is tried again later. */
const MAX_UNREADABLE = 5;

/** The next names of objects after one, in their order. */
export type NamesAfter = (after: string, limit: number) => Promise<string[]>;

/** Enrollment objects. @param names their names: all registered ones, or those that changed. */
export function readEnrollments(env: Env, from: string | null, backup: string, names: NamesAfter): Promise<StagePage> {
  return readObjects(from, names, {
    copy: (id, part) => callEnrollment(env, id, (stub) => stub.backUp({ backup, part })),
    forget: (id) => callEnrollment(env, id, (stub) => stub.forgetBackUp(backup)),
  });
}

/** Channels of users. */
export function readChannels(env: Env, from: string | null, backup: string, names: NamesAfter): Promise<StagePage> {
  return readObjects(from, names, {
    copy: (user, part) => callChannel(env, user, (stub) => stub.backUp({ backup, part })),
    forget: (user) => callChannel(env, user, (stub) => stub.forgetBackUp(backup)),
  });
}

/**
 * The next user ids in any place of D1: users of another identity provider are in no table of users. Each place has an
 * index that begins with the id.
 */
export async function usersAfter(env: Env, after: string, limit: number): Promise<string[]> {
  const db = directory(env);
  const found = await db.batch<{ id: string }>(Object.values(usersIn).map((next) => next(db, after, limit)));
  const ids = new Set(found.flatMap(({ results }) => results.map(({ id }) => id)));
  return [...ids].sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
}

/** How objects of one kind are copied. */
interface Copying {
  copy(name: string, part: number): Promise<Result<ObjectDump | null>>;
  /** Every piece of a large object's copy is in the backup. */
  forget(name: string): Promise<Result<unknown>>;
}

/**
 * The progress of a stage of objects. Of a page of names, small objects are copied at once, and large ones one after
 * the other, piece by piece.
 */
interface ObjectCursor {
  /** The last name of the page, and whether more may come after it. */
  after: string;
  more: boolean;
  /** Large objects with further pieces, and the number of pieces; the next piece of the first. */
  large: [name: string, parts: number][];
  part: number;
  /** A large object whose last piece has been written: its own copy can be removed. */
  done?: string;
}

/** Large objects that one page may have, so that their names fit in a note; the page ends with the last of them. */
const MAX_LARGE = 8;
/** Pieces of a large object in one page, each half a megabyte. */
const PIECES = 4;

/** Copies objects: one line for each that has data, or for each piece of a large one. */
async function readObjects(from: string | null, namesAfter: NamesAfter, copying: Copying): Promise<StagePage> {
  const cursor = cursorOf(from);
  if (typeof cursor !== "string") return readPieces(cursor, copying);
  const names = await namesAfter(cursor, OBJECT_PAGE);
  const dumps: (ObjectDump | null)[] = [];
  const lines: string[] = [];
  const unreadable: string[] = [];
  let end = 0;
  for (let room = PAGE_BYTES; end < names.length && room > 0; end += PARALLEL_OBJECTS) {
    const start = end;
    await inParallel(names.slice(start, start + PARALLEL_OBJECTS), PARALLEL_OBJECTS, async (name, index) => {
      const copied = await copyOf(copying, name, 0);
      if (copied === undefined) unreadable.push(name);
      else if (copied !== null) {
        const line = lineOf(name, copied);
        dumps[start + index] = copied;
        lines[start + index] = line;
        room -= utf8Bytes(line);
      }
    });
    await pause();
  }
  end = Math.min(end, names.length);
  if (unreadable.length > MAX_UNREADABLE)
    throw new Error(`${unreadable.length} of ${names.length} objects do not answer`);
  const large: ObjectCursor["large"] = [];
  for (let index = 0; index < end; index += 1) {
    const { of = 1 } = dumps[index]?.part ?? {};
    if (of > 1) large.push([names[index] ?? "", of]);
    if (large.length === MAX_LARGE) end = index + 1;
  }
  const present = lines.slice(0, end).filter((line) => line !== undefined);
  const after = names[end - 1] ?? "";
  const more = names.length === OBJECT_PAGE || end < names.length;
  const next: ObjectCursor = { after, more, large, part: 1 };
  return {
    lines: present,
    rows: present.length,
    next: large.length > 0 ? JSON.stringify(next) : more ? after : null,
    max_seq: dumps.slice(0, end).reduce<number>((most, dump) => Math.max(most, seqOf(dump)), 0),
    unreadable: unreadable.filter((name) => names.indexOf(name) < end),
  };
}

/** The next pieces of a large object. If the pieces are not there any more, the object is reported as missing. */
async function readPieces(cursor: ObjectCursor, copying: Copying): Promise<StagePage> {
  const { after, more, done } = cursor;
  const end: StagePage = { lines: [], rows: 0, next: more ? after : null, max_seq: 0 };
  // A failure costs only room: the copy for the next backup replaces this one.
  if (done !== undefined) await copying.forget(done).catch(() => undefined);
  const [first, ...others] = cursor.large;
  if (first === undefined) return end;
  const [name, parts] = first;
  const lines: string[] = [];
  let seq = 0;
  let { part } = cursor;
  for (; part < parts && lines.length < PIECES; part += 1) {
    const copied = await copyOf(copying, name, part);
    if (copied == null) {
      const next: ObjectCursor = { after, more, large: others, part: 1 };
      return { ...end, lines, rows: lines.length, next: JSON.stringify(next), unreadable: [name] };
    }
    lines.push(lineOf(name, copied));
    seq = Math.max(seq, seqOf(copied));
  }
  const next: ObjectCursor =
    part < parts ? { after, more, large: cursor.large, part } : { after, more, large: others, part: 1, done: name };
  return { lines, rows: lines.length, next: JSON.stringify(next), max_seq: seq };
}

function cursorOf(from: string | null): string | ObjectCursor {
  // Names begin with a letter or a digit. SAFETY: written above by this very room.
  return from?.startsWith("{") ? (JSON.parse(from) as ObjectCursor) : (from ?? "");
}

/** An object's copy, or a piece of it; null when it has no data, undefined when it cannot be read. */
async function copyOf(copying: Copying, name: string, part: number): Promise<ObjectDump | null | undefined> {
  const copied = await copying.copy(name, part).catch((fault: unknown) => {
    logFault("object_not_copied", fault, { object: name });
    return null;
  });
  return copied?.ok === true ? copied.value : undefined;
}

function lineOf(name: string, dump: ObjectDump): string {
  return JSON.stringify({ name, at: Date.now(), dump });
}

/** Progress of an enrollment, or the head of a log. */
function seqOf(dump: ObjectDump | null | undefined): number {
  const { columns = [], rows = [] } = dump?.tables.enrollment ?? dump?.tables.log ?? {};
  const at = Math.max(columns.indexOf("progress_seq"), columns.indexOf("seq"));
  return rows.reduce((most, row) => Math.max(most, Number(row[at] ?? 0)), 0);
}

/** The one log of events for everybody. */
export async function readBroadcastLog(env: Env, from: string | null, backup: string): Promise<StagePage> {
  return readObjects(from, async (after) => (after === "" ? ["everybody"] : []), {
    copy: (_name, part) => callBroadcastLog(env, (stub) => stub.backUp({ backup, part })),
    forget: () => callBroadcastLog(env, (stub) => stub.forgetBackUp(backup)),
  });
}
