import { type CourseEntry, fetchCourse, isSecret, isStaff, mayManage } from "../courses/index.ts";
import { standsNow } from "../identity/index.ts";
import type { Database } from "../platform/database/counted.ts";
import type { Actor } from "../platform/http/context.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { ImportRow } from "./tables.ts";

export const IMPORT_RULE = "Authors: a new course or one of their own.";

/** Beyond any instant until which tokens are over. */
const AFTER_SIGN_OUTS_SECONDS = 60;

/** The course that is imported into; null where it is to be made. Others' courses are refused. */
export async function courseToImportInto(
  db: Database,
  actor: Actor,
  slug: string,
): Promise<Result<CourseEntry | null>> {
  const course = await fetchCourse(db, slug);
  if (course === null || mayManage(actor, course)) return ok(course);
  // As everywhere: of others' secret courses only their slugs are known, to whoever wants to use them.
  return isSecret(course) && !isStaff(actor, course)
    ? refuse("course_exists")
    : refuse("forbidden", { detail: IMPORT_RULE });
}

/**
 * The owner of an import as they stand now, past every memory: an import lasts, and they may have been banned, erased or
 * given another role since.
 */
export async function ownerNow(env: Env, { owner, role }: ImportRow, now: number): Promise<Result<Actor>> {
  // Whoever signs out ends sessions, and not what they have begun.
  const issued_at = Math.ceil(now / 1_000) + AFTER_SIGN_OUTS_SECONDS;
  const stands = await standsNow(env, owner, { session: null, role, issued_at });
  if (!stands.ok) return stands;
  if (stands.value === "author" || stands.value === "admin") {
    return ok({ id: owner, role: stands.value, session: null });
  }
  return refuse("forbidden", { detail: "Its owner is neither an author nor an admin any more." });
}
