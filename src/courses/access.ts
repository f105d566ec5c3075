import type { Actor } from "../platform/http/context.ts";

/**
 * The rights of a user in one course, whatever their role elsewhere. A course has one owner, at first its first author.
 */
export const MEMBER_ROLES = ["co_author", "grader"] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];
export type CourseRole = "owner" | MemberRole;

/** Who has rights in a course. */
export interface CourseRights {
  owner_id: string;
  /** The members besides the owner; a course has so few that they are read with its pointer. */
  members: ReadonlyMap<string, MemberRole>;
}

/**
 * What a user can do in a course besides learning in it.
 *
 * - `transfer`: give the course to another owner.
 * - `manage`: its document, its versions, its people.
 * - `decide`: about learners: cohorts, overrides, extensions.
 * - `grade`: judge submissions.
 * - `read`: everything open, every learner, the class.
 */
export type CourseAct = "transfer" | "manage" | "decide" | "grade" | "read";

const ACTS: Record<CourseRole | "service", readonly CourseAct[]> = {
  owner: ["transfer", "manage", "decide", "grade", "read"],
  co_author: ["manage", "decide", "grade", "read"],
  grader: ["grade", "read"],
  // The scopes of a key limit it further.
  service: ["decide", "grade", "read"],
};

/** The rights of a user in a course; null: none besides those of a learner. */
export function roleIn(actor: Pick<Actor, "id" | "role">, course: CourseRights): CourseRole | null {
  if (actor.role === "service") return null;
  // A user who is no author any more owns their courses only by name, until they are an author again or another owner
  // is named.
  if (actor.role !== "learner" && course.owner_id === actor.id) return "owner";
  return course.members.get(actor.id) ?? null;
}

/** The one place that decides whether a user may do something in a course. */
export function may(actor: Actor, act: CourseAct, course: CourseRights): boolean {
  if (actor.role === "admin") return true;
  const role = actor.role === "service" ? "service" : roleIn(actor, course);
  return role !== null && ACTS[role].includes(act);
}

/** Who may change a course and its people: its owner, co-authors, and admins. */
export function mayManage(actor: Actor, course: CourseRights): boolean {
  return may(actor, "manage", course);
}

/** Who may judge submissions of a course: its staff, graders among them. */
export function mayGrade(actor: Actor, course: CourseRights): boolean {
  return may(actor, "grade", course);
}

/**
 * Whether a refusal must not say that the course exists: it is not published, or it belongs to an organisation. Only its
 * staff learn what they lack; everybody else is told that there is no such course.
 */
export function isSecret(course: { pointer: unknown; organization: string | null }): boolean {
  return course.pointer === null || course.organization !== null;
}

/** Users who see everything open and read learners: all members of the course, and services. */
export function isStaff(actor: Actor, course: CourseRights): boolean {
  return may(actor, "read", course);
}
