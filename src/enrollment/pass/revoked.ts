import { type SQL, sql } from "drizzle-orm";
import type { CourseDatabases } from "../../platform/database/course-databases.ts";
import { subjectHash } from "./order.ts";

// Passes that were revoked before their end. Nothing is stored for this: D1 already has what locked something within
// the life of a pass, as announcements, withdrawals and activations.

/** Longest life of a pass, seconds. */
export const PASS_SECONDS = 300;
/** How far back to look: the life of a pass, plus the possible difference of clocks. */
const WINDOW_MS = (PASS_SECONDS + 60) * 1_000;
/**
 * The limit of listed locks and withdrawals. Beyond it, all passes of the course are revoked, so that the list has a
 * limit.
 */
const MAX_REVOKED = 2_000;
/**
 * For this long after a publish with relock, an isolate may still issue passes of the version before; see
 * POINTER_MAX_AGE_MS.
 */
const POINTER_LAG_MS = 6_000;
/** An isolate uses its list up to this age, milliseconds. */
export const REVOKED_AGE_MS = 5_000;
/** The limit of courses whose list an isolate keeps. */
const MAX_COURSES = 500;

/** The revoked passes of one course. */
export interface Revoked {
  /** When this was read, epoch ms. */
  asked: number;
  /** Every pass issued before this instant is revoked, epoch ms; null: none for this reason. */
  issued_before: number | null;
  /** By the hash of the learner (hex): passes with a lower snapshot version are revoked. */
  before_version: ReadonlyMap<string, number>;
}

/** Recent locks: by learner, the first version that a valid pass may have. */
function revokedLearners(course: string, since: number): SQL {
  return sql`SELECT enrollment_id AS id, version FROM unlock_events INDEXED BY unlock_events_locked
    WHERE announced_at > ${since} AND enrollment_id >= ${`${course}:`} AND enrollment_id < ${`${course};`}
      AND locked <> '[]'
    UNION ALL SELECT id, version + 1 AS version FROM enrollments INDEXED BY enrollments_withdrawn
    WHERE status = 'withdrawn' AND withdrawn_at > ${since} AND course_slug = ${course} LIMIT ${MAX_REVOKED + 1}`;
}

/** Reads the revoked passes; two statements. */
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

/** The revoked passes, at most {@link REVOKED_AGE_MS} old. @throws if D1 does not answer. */
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

/** Whether a pass is revoked. @param issuedAt epoch ms. */
export function isRevoked(revoked: Revoked, pass: { subject: string; issuedAt: number; version: number }): boolean {
  if (revoked.issued_before !== null && pass.issuedAt < revoked.issued_before) return true;
  return pass.version < (revoked.before_version.get(pass.subject) ?? 0);
}
