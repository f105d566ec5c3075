import { findCourse, isStaff } from "../courses/index.ts";
import type { TopicRights } from "../events/index.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { enrollmentId } from "../platform/ids.ts";
import { ok } from "../platform/results.ts";
import { askEnrollment } from "./stub.ts";

/**
 * Topics of a course are for its staff and enrolled learners; topics of a cohort for its staff and members. Paused
 * learners get neither.
 */
export const hearsTopic: TopicRights = async (c, topic) => {
  const course = await findCourse(() => databaseOf(c), topic.course);
  if (course === null) return ok(false);
  const actor = actorOf(c);
  if (isStaff(actor, course)) return ok(true);
  const found = await askEnrollment(c.env, enrollmentId(topic.course, actor.id), (stub) => stub.inspect());
  if (!found.ok) return found.refusal.code === "not_enrolled" ? ok(false) : found;
  if (found.value.pause !== null) return ok(false);
  return ok(topic.kind === "course" || found.value.cohorts.includes(topic.cohort));
};
