import { logFault } from "../log.ts";

// Notes about objects whose changes show in no table. They are kept beside the backups, and the next backup copies
// these objects too. No note is ever overwritten, and notes are removed together with the backups of their time. So a
// note has no user's id in it: it names the object by the platform's own id, a keyed hash of the name. Only the object
// itself can say whose it is, and an erased object does not.

const NOTES = "changed/";
/** The form of notes. Earlier versions wrote the name itself. */
const NOTE = /^changed\/(\d+)-objects\/(enrollments|channels)\/([0-9a-f]{64})$/;
const NAMED_NOTE = /^changed\/(\d+)-(enrollments|channels)\/(.+)$/;
const IF_ABSENT = { etagDoesNotMatch: "*" };
/** Notes in one list: each object is asked for its name. */
const PAGE = 200;

export type NotedKind = "enrollments" | "channels";
export interface ChangeNote {
  kind: NotedKind;
  /** The platform's id of the object; in a note of an earlier version, the name. */
  object: { id: string } | { name: string };
  /** Epoch ms. */
  at: number;
}

/**
 * Notes that an object changed.
 * @param id the object's own id.
 * @returns whether it was noted. A failure is logged, and the caller notes it again.
 */
export async function noteChanged(env: Env, kind: NotedKind, id: DurableObjectId): Promise<boolean> {
  try {
    await env.BACKUPS.put(`${keyAt(Date.now())}-objects/${kind}/${id}`, "", { onlyIf: IF_ABSENT });
    return true;
  } catch (fault) {
    logFault("change_not_noted", fault, { kind, object: String(id) });
    return false;
  }
}

/**
 * A page of the notes since an instant.
 * @param from last key of the page before, or the instant (epoch ms) for the first page.
 * @returns `next`: the key to continue from; null at the end.
 */
export async function notesAfter(
  env: Env,
  from: string | number,
): Promise<{ notes: ChangeNote[]; next: string | null }> {
  const startAfter = typeof from === "number" ? keyAt(from) : from;
  const page = await env.BACKUPS.list({ prefix: NOTES, startAfter, limit: PAGE });
  const notes = page.objects.flatMap(({ key }) => noteOf(key) ?? []);
  return { notes, next: page.truncated ? (page.objects.at(-1)?.key ?? null) : null };
}

function noteOf(key: string): ChangeNote | null {
  const [, at, kind, id] = NOTE.exec(key) ?? [];
  if (isKind(kind) && id !== undefined) return { kind, object: { id }, at: Number(at) };
  const [, then, named, name] = NAMED_NOTE.exec(key) ?? [];
  return isKind(named) && name !== undefined ? { kind: named, object: { name }, at: Number(then) } : null;
}

function isKind(kind: string | undefined): kind is NotedKind {
  return kind === "enrollments" || kind === "channels";
}

/** Prefix of all notes, for the job that removes old ones. */
export const CHANGE_NOTES = NOTES;

function keyAt(at: number): string {
  return `${NOTES}${String(Math.max(0, at)).padStart(15, "0")}`;
}
