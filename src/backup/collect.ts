import { callEnrollmentObject } from "../enrollment/index.ts";
import { callChannelObject } from "../events/index.ts";
import { erasedAmong } from "../identity/index.ts";
import { type ChangeNote, notesAfter } from "../platform/cell/change-notes.ts";
import { directory, everyShard, FIRST_SHARD, shardOf } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { inParallel } from "../platform/parallel.ts";
import { addChanges, changesAfter } from "./changes.ts";
import type { Begun } from "./format.ts";
import { courseAfter, recentlyActive } from "./statements.ts";

/** Rows of one page. */
const PAGE = 1_000;
/**
 * Notes are read from this long before the backup on which this one is built: an object whose row in D1 is behind notes
 * that at most every ten minutes.
 */
const NOTES_OVERLAP_MS = 900_000;
const PARALLEL_OBJECTS = 6;

/** The progress of the collecting. */
type Place =
  /** Activity of a course's learners. */
  | { of: "activity"; course: string; at: number; id: string }
  | { of: "notes"; after: string | null }
  | { of: "channels"; database: number; after: string };

/**
 * Adds the changes that no trigger notes: learners who did something, found by the index of last activity; objects
 * whose rows in D1 are behind, or that no table shows; and the channels of everybody whose enrollment changed, because
 * they may have been notified.
 * @returns where it continues (null at the end), and the ids of objects that do not say to whom they belong. A repeat
 * does no harm.
 */
export async function collectPage(
  env: Env,
  begun: Begun,
  from: string | null,
): Promise<{ next: string | null; unreadable: string[] }> {
  const start: Place = { of: "activity", course: "", at: 0, id: "" };
  // SAFETY: written below by this very function.
  const place = from === null ? start : (JSON.parse(from) as Place);
  const unreadable: string[] = [];
  const next = await collect(env, begun, place, unreadable);
  return { next: next === null ? null : JSON.stringify(next), unreadable };
}

async function collect(env: Env, begun: Begun, place: Place, unreadable: string[]): Promise<Place | null> {
  const first = { name: FIRST_SHARD, db: directory(env) };
  const epochOf = (name: string) => begun.epochs?.[name] ?? 0;
  if (place.of === "activity") {
    const course = place.course === "" ? await nextCourse(first.db, "") : place.course;
    if (course === null) return { of: "notes", after: null };
    const shard = await shardOf(env, course);
    const { results } = await recentlyActive(shard.db, course, begun.since, place.at, place.id, PAGE).all<{
      id: string;
      at: number;
    }>();
    const ids = results.map(({ id }) => id);
    await addChanges(shard, "enrollments", epochOf(shard.name), ids);
    const last = results.at(-1);
    if (last !== undefined && results.length === PAGE) return { ...place, course, at: last.at, id: last.id };
    const following = await nextCourse(first.db, course);
    return following === null ? { of: "notes", after: null } : { of: "activity", course: following, at: 0, id: "" };
  }
  if (place.of === "notes") {
    const { notes, next } = await notesAfter(env, place.after ?? begun.since - NOTES_OVERLAP_MS);
    const isNew = ({ kind, at }: ChangeNote) => kind === "enrollments" || at >= begun.since;
    const userOf = (kind: ChangeNote["kind"], name: string) =>
      kind === "channels" ? name : parseEnrollmentId(name).user;
    for (const kind of ["enrollments", "channels"] as const) {
      const own = notes.filter((note) => note.kind === kind && isNew(note));
      const names = await namesOf(env, kind, own, unreadable);
      // Notes name nobody who was erased since.
      const erased = await erasedAmong(directory(env), [...new Set(names.map((name) => userOf(kind, name)))]);
      const alive = names.filter((name) => !erased.has(userOf(kind, name)));
      await addChanges(first, kind, epochOf(first.name), alive);
    }
    return next === null ? { of: "channels", database: 0, after: "" } : { of: "notes", after: next };
  }
  const database = everyShard(env)[place.database];
  if (database === undefined) return null;
  const ids = await changesAfter(database, "enrollments", place.after, PAGE);
  const users = [...new Set(ids.map((id) => parseEnrollmentId(id).user))];
  await addChanges(first, "channels", epochOf(first.name), users);
  const last = ids.at(-1);
  if (last !== undefined && ids.length === PAGE) return { ...place, after: last };
  return { of: "channels", database: place.database + 1, after: "" };
}

async function nextCourse(db: D1Database, after: string): Promise<string | null> {
  return courseAfter(db, after).first<string>("slug");
}

/** Names of the noted objects, each once. An object that cannot be asked for its name is added to `unreadable`. */
async function namesOf(
  env: Env,
  kind: ChangeNote["kind"],
  notes: readonly ChangeNote[],
  unreadable: string[],
): Promise<string[]> {
  const names = new Set(notes.flatMap(({ object }) => ("name" in object ? object.name : [])));
  const ids = [...new Set(notes.flatMap(({ object }) => ("id" in object ? object.id : [])))];
  await inParallel(ids, PARALLEL_OBJECTS, async (id) => {
    const asked =
      kind === "channels"
        ? await callChannelObject(env, id, (stub) => stub.whose())
        : await callEnrollmentObject(env, id, (stub) => stub.whose());
    if (!asked.ok) unreadable.push(id);
    // It belongs to nobody any more: it was erased, or emptied.
    else if (asked.value !== null) names.add(asked.value);
  });
  return [...names];
}
