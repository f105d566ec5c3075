import type { Actor } from "../platform/http/context.ts";
import type { CourseEntry } from "./catalog.ts";

/** Who may change a course and read its learners: its author, and admins. */
export function mayManage(actor: Actor, course: CourseEntry): boolean {
  return actor.role === "admin" || (actor.role === "author" && course.owner_id === actor.id);
}

/** Who sees everything open: who may manage the course, and services, which grade it. */
export function isStaff(actor: Actor, course: CourseEntry): boolean {
  return actor.role === "service" || mayManage(actor, course);
}
