import { z } from "@hono/zod-openapi";
import { type CourseAct, type CourseEntry, findCourse, findCourseForWrite, isSecret, may } from "../courses/index.ts";
import { foreignAmong } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { courseSlugSchema } from "../platform/ids.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ACCOUNTS_BY_EMAIL, ACCOUNTS_BY_ID } from "./statements.ts";

export const TAGS = ["people"];
export const READ_RULE = "Staff of the course: its owner, co-authors and graders; admins.";
export const MANAGE_RULE = "The owner of the course and its co-authors; admins.";
export const OWNER_RULE = "The owner of the course; admins.";
export const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
export const courseParam = z.object({ course: courseSlugSchema });
/** Longest address that can be delivered to (RFC 5321 section 4.5.3.1.3). */
export const emailSchema = z.email().max(254).toLowerCase();

const RULES: Record<CourseAct, string> = {
  transfer: OWNER_RULE,
  manage: MANAGE_RULE,
  decide: MANAGE_RULE,
  grade: READ_RULE,
  read: READ_RULE,
};

/** The course if the caller may do this in it. Reads may rest on rights some seconds old, writes never. */
export async function courseFor(c: AppContext, slug: string, act: CourseAct): Promise<Result<CourseEntry>> {
  c.get("facts").course_id = slug;
  const find = act === "read" ? findCourse : findCourseForWrite;
  const course = await find(() => databaseOf(c), slug);
  if (course === null) return refuse("course_not_found");
  if (may(actorOf(c), act, course)) return ok(course);
  // That a secret course exists is known to those who have rights in it.
  if (isSecret(course) && !may(actorOf(c), "read", course)) return refuse("course_not_found");
  return refuse("forbidden", { detail: RULES[act] });
}

export interface Account {
  id: string;
  name: string;
  email: string;
  role: string;
}

/** Accounts by address, as far as the caller finds them for this course. */
export async function accountsByEmail(
  c: AppContext,
  course: CourseEntry,
  emails: readonly string[],
): Promise<Map<string, Account>> {
  const found = await ACCOUNTS_BY_EMAIL.find<Account>(directory(c.env), [...new Set(emails)]);
  const ids = found.map(({ id }) => id);
  const foreign = await foreignAmong(c.env, actorOf(c), course, ids);
  return new Map(found.filter(({ id }) => !foreign.has(id)).map((account) => [account.email, account]));
}

/** Accounts by id; who comes from another identity provider has none. */
export async function accountsById(env: Env, ids: readonly string[]): Promise<Map<string, Account>> {
  const found = await ACCOUNTS_BY_ID.find<Account>(directory(env), [...new Set(ids)]);
  return new Map(found.map((account) => [account.id, account]));
}
