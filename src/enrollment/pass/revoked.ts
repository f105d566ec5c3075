import { type SQL, sql } from "drizzle-orm";
import type { CourseDatabases } from "../../platform/database/course-databases.ts";
import { subjectHash } from "./order.ts";

// Passes that were revoked before they end. Nothing is stored for it: what locked something within the life of a pass stands in
// D1 already, as the announcements, the withdrawals and the activations.

/** Longest life of a pass, seconds. */
export const PASS_SECONDS = 300;
/** How far back is looked: the life of a pass, and what clocks may differ by. */
const WINDOW_MS = (PASS_SECONDS + 60) * 1_000;
/** Locks and withdrawals listed; beyond it all passes of the course are void, so that the list has a bound. */
const MAX_REVOKED = 2_000;
/** For so long after a relocking publish an isolate may still issue passes of before; see POINTER_MAX_AGE_MS. */
const POINTER_LAG_MS = 6_000;
/** Age up to which an isolate believes its list, milliseconds. */
export const REVOKED_AGE_MS = 5_000;
/** Courses whose list an isolate keeps. */
const MAX_COURSES = 500;

/** What is void in one course. */
export interface Revoked {
  /** When this was read, epoch ms. */
  asked: number;
  /** Every pass issued before is void, epoch ms; null: none for that. */
  issued_before: number | null;
  /** By the hash of the learner (hex): passes of a lower snapshot version are void. */
  before_version: ReadonlyMap<string, number>;
}

/** What locked something lately: by learner, the first version that a pass may have. */
function revokedLearners(course: string, since: number): SQL {
  return sql`SELECT enrollment_id AS id, version FROM unlock_events INDEXED BY unlock_events_locked
    WHERE announced_at > ${since} AND enrollment_id >= ${`${course}:`} AND enrollment_id < ${`${course};`}
      AND locked <> '[]'
    UNION ALL SELECT id, version + 1 AS version FROM enrollments INDEXED BY enrollments_withdrawn
    WHERE status = 'withdrawn' AND withdrawn_at > ${since} AND course_slug = ${course} LIMIT ${MAX_REVOKED + 1}`;
}

/** Reads what is void now; two statements. */
export async function readRevoked(databases: CourseDatabases, course: string, now: number): Promise<Revoked> {
  const shard = await databases.ofCourse(course);
  const found = await shard.all<{ id: string; version: number }>(revokedLearners(course, now - WINDOW_MS));
  const relocked = await databases.directory.get<{ at: number } | undefined>(
    sql`SELECT a.activated_at AS at FROM courses AS c JOIN course_activations AS a
      ON a.course_slug = c.slug AND a.activation = c.last_relock WHERE c.slug = ${course}`,
  );
  if (found.length > MAX_REVOKED) return { asked: now, issued_before: now, before_version: new Map() };
  const before = new Map<string, number>();
  for (const { id, version } of found) {
    const subject = (await subjectHash(id)).toHex();
    before.set(subject, Math.max(version, before.get(subject) ?? 0));
  }
  const after = (relocked?.at ?? 0) + POINTER_LAG_MS;
  return { asked: now, issued_before: after > now - WINDOW_MS ? after : null, before_version: before };
}

const remembered = new Map<string, Revoked>();

/** What is void, at most {@link REVOKED_AGE_MS} old. @throws when D1 does not answer. */
export async function revokedIn(databases: () => CourseDatabases, course: string, now: number): Promise<Revoked> {
  const known = remembered.get(course);
  if (known !== undefined && now >= known.asked && now - known.asked < REVOKED_AGE_MS) return known;
  const read = await readRevoked(databases(), course, now);
  remembered.delete(course);
  remembered.set(course, read);
  for (const oldest of remembered.keys()) {
    if (remembered.size <= MAX_COURSES) break;
    remembered.delete(oldest);
  }
  return read;
}

/** Whether a pass is void. @param issuedAt epoch ms. */
export function isRevoked(revoked: Revoked, pass: { subject: string; issuedAt: number; version: number }): boolean {
  if (revoked.issued_before !== null && pass.issuedAt < revoked.issued_before) return true;
  return pass.version < (revoked.before_version.get(pass.subject) ?? 0);
}
