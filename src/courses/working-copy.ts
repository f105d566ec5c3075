import { cutText } from "../platform/database/batches.ts";
import { toInstant } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import {
  addWorkingPart,
  dropAwayWriters,
  dropWorkingParts,
  nextRevision,
  noteWriter,
  otherWriters,
  workingCopyOf,
  workingTextOf,
} from "./statements.ts";

// The working copy of a course: the text that its authors are writing and have not published. It need not be a valid
// document, nor JSON at all: nothing of it is looked at before it is published.

/** Who was not seen for this long has closed the page, or lost the network. Pages tell every 20 seconds. */
const AWAY_MS = 60_000;
/** Most others that are named. */
const MAX_OTHERS = 20;

interface CopyRow {
  revision: number;
  save_id: string;
  base_version: number | null;
  saved_by: string;
  saved_at: number;
  name: string | null;
}

interface WriterRow {
  user_id: string;
  since: number;
  seen_at: number;
  name: string | null;
}

/** Which revision the working copy has, and whose it is. */
export interface CopyStamp {
  /** 0: nobody ever saved one. */
  revision: number;
  base_version: number | null;
  saved_by: string | null;
  /** Null where nobody knows who that is any more. */
  name: string | null;
  saved_at: string | null;
}

const NOTHING: CopyStamp = { revision: 0, base_version: null, saved_by: null, name: null, saved_at: null };

function stampOf(row: CopyRow | null): CopyStamp {
  if (row === null) return NOTHING;
  const { revision, base_version, saved_by, name, saved_at } = row;
  return { revision, base_version, saved_by, name, saved_at: toInstant(saved_at) };
}

/** The working copy with its text; null: nobody saved one, or it was discarded. */
export async function readWorkingCopy(
  db: D1Database,
  course: string,
): Promise<{ stamp: CopyStamp; text: string | null }> {
  const { results } = await workingTextOf(db, course).all<CopyRow & { body: string | null }>();
  const bodies = results.flatMap(({ body }) => body ?? []);
  return { stamp: stampOf(results[0] ?? null), text: bodies.length === 0 ? null : bodies.join("") };
}

/**
 * Saves the next revision of a working copy, or discards its text, in one transaction.
 *
 * @param change.text null discards.
 * @param change.from the revision that the text was made from.
 * @param change.save names the request: a repetition of the one that made the newest revision is answered as it was.
 * @returns `working_copy_changed` with the newest revision where that is another one.
 */
export async function saveWorkingCopy(
  db: D1Database,
  course: string,
  change: { text: string | null; from: number; base: number | null; save: string; user: string; now: number },
): Promise<Result<CopyStamp>> {
  const { text, from, base, save, user, now } = change;
  const parts = text === null ? [] : cutText(text);
  await db.batch([
    nextRevision(db, course, from, save, base, user, now),
    dropWorkingParts(db, course, save),
    ...parts.map((body, part) => addWorkingPart(db, course, save, part, body)),
  ]);
  const row = await workingCopyOf(db, course).first<CopyRow>();
  const stamp = stampOf(row);
  if (row?.save_id === save) return ok(stamp);
  return refuse("working_copy_changed", { extra: { ...stamp } });
}

/** Says that somebody has the working copy open. @returns its revision, and who else has it open. */
export async function noteWriting(db: D1Database, course: string, user: string, now: number) {
  const away = now - AWAY_MS;
  await db.batch([noteWriter(db, course, user, now, away), dropAwayWriters(db, course, away)]);
  const [row, others] = await Promise.all([
    workingCopyOf(db, course).first<CopyRow>(),
    otherWriters(db, course, user, away, MAX_OTHERS).all<WriterRow>(),
  ]);
  return {
    ...stampOf(row),
    others: others.results.map(({ user_id, name, since, seen_at }) => ({
      user_id,
      name,
      since: toInstant(since),
      seen_at: toInstant(seen_at),
    })),
  };
}
