import { addAuditEntryStatement, nudgeAudit, type OwnEntry } from "../audit/index.ts";
import { type CourseEntry, fetchCourse, MAX_MEMBERS, type MemberRole } from "../courses/index.ts";
import { erasedAmong, foreignAmong } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { accountsById } from "./common.ts";
import { dropOwnersMembership, giveCourse, keepFormerOwner, removeMember, setMember } from "./statements.ts";

export type MemberOutcome = "added" | "changed" | "removed" | "unchanged";

/** An entry of the audit log about a course itself. */
export function entryOfCourse(c: AppContext, action: OwnEntry["action"], course: string): D1PreparedStatement {
  const target = { type: "course", id: course };
  const entry = { action, actor: actorOf(c), target, course, request_id: c.get("requestId") };
  return addAuditEntryStatement(directory(c.env), entry, Date.now());
}

/** An entry of the audit log about what somebody is in a course. */
export function entryAbout(
  c: AppContext,
  action: OwnEntry["action"],
  course: string,
  user: string,
  kind?: string,
): D1PreparedStatement {
  const target = { type: "user", id: user };
  const details = kind === undefined ? {} : { details: { kind } };
  const entry = { action, actor: actorOf(c), target, course, request_id: c.get("requestId"), ...details };
  return addAuditEntryStatement(directory(c.env), entry, Date.now());
}

/** Makes somebody a member, changes what they are, or removes them (null). The same again changes nothing. */
export async function changeMember(
  c: AppContext,
  course: CourseEntry,
  user: string,
  role: MemberRole | null,
): Promise<Result<MemberOutcome>> {
  const { slug } = course;
  if (user === course.owner_id) {
    const detail = "The owner has every right in the course. Give it to another owner first.";
    return refuse("forbidden", { detail });
  }
  const before = course.members.get(user) ?? null;
  if (before === role) return ok("unchanged");
  const db = directory(c.env);
  if (role === null) {
    await db.batch([removeMember(db, slug, user), entryAbout(c, "course.member_removed", slug, user, before ?? "")]);
  } else {
    if ((await erasedAmong(db, [user])).has(user)) return refuse("user_not_found");
    const foreign = before === null ? await foreignAmong(c.env, actorOf(c), course, [user]) : null;
    if (foreign?.has(user) === true) return refuse("user_not_found");
    if (before === null && course.members.size >= MAX_MEMBERS) {
      return refuse("people_limit", { detail: `A course has at most ${MAX_MEMBERS} members.` });
    }
    await db.batch([
      setMember(db, slug, user, role, Date.now(), MAX_MEMBERS),
      entryAbout(c, "course.member_set", slug, user, role),
    ]);
  }
  await remember(c, slug);
  return ok(role === null ? "removed" : before === null ? "added" : "changed");
}

/** Gives a course to one of its co-authors, who has to be an author; who owned it stays as a co-author. */
export async function transfer(c: AppContext, course: CourseEntry, user: string): Promise<Result<null>> {
  const { slug, owner_id } = course;
  if (user === owner_id) return ok(null);
  if (course.members.get(user) !== "co_author")
    return faulty("not_a_co_author", "Only a co-author can be given a course.");
  const account = (await accountsById(c.env, [user])).get(user);
  if (account !== undefined && account.role !== "author" && account.role !== "admin") {
    return faulty("not_an_author", "Whoever owns a course is an author or an admin.");
  }
  const db = directory(c.env);
  const now = Date.now();
  // The courses of somebody who was erased are given away by an admin: nobody is left to stay.
  const stays = owner_id.startsWith("erased-") ? [] : [keepFormerOwner(db, slug, owner_id, user, now)];
  const [given] = await db.batch([
    giveCourse(db, slug, owner_id, user, now),
    dropOwnersMembership(db, slug, user),
    ...stays,
    entryAbout(c, "course.owner_changed", slug, user),
  ]);
  await remember(c, slug);
  return (given?.meta.changes ?? 0) === 0 ? refuse("concurrent_change") : ok(null);
}

/** This isolate knows at once; the others ask before they let somebody write. */
async function remember(c: AppContext, slug: string): Promise<void> {
  nudgeAudit(c);
  await fetchCourse(databaseOf(c), slug);
}

function faulty(rule: string, message: string): Result<never> {
  return refuse("invalid_input", { errors: [{ path: "user_id", rule, message }] });
}
