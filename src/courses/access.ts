import type { Actor } from "../platform/http/context.ts";

/** What somebody is in one course, whatever their role elsewhere. A course has one owner, its first author. */
export const MEMBER_ROLES = ["co_author", "grader"] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];
export type CourseRole = "owner" | MemberRole;

/** Who has rights in a course. */
export interface CourseRights {
  owner_id: string;
  /** Who beside the owner; a course has at most so many that they are read with its pointer. */
  members: ReadonlyMap<string, MemberRole>;
}

/**
 * What can be done in a course beyond learning in it.
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
  // What a key allows beyond this is said by its scopes.
  service: ["decide", "grade", "read"],
};

/** What somebody is in a course; null: nothing beyond what they may be as a learner. */
export function roleIn(actor: Pick<Actor, "id" | "role">, course: CourseRights): CourseRole | null {
  if (actor.role === "service") return null;
  // Who is no author any more owns their courses by name only, until they are one again or another owner is named.
  if (actor.role !== "learner" && course.owner_id === actor.id) return "owner";
  return course.members.get(actor.id) ?? null;
}

/** The one place that answers: may this user do this in this course? */
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

/** Who sees everything open and reads learners: everybody who is something in the course, and services. */
export function isStaff(actor: Actor, course: CourseRights): boolean {
  return may(actor, "read", course);
}
