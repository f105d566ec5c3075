import { findCourse } from "../../courses/index.ts";
import { countedDatabase } from "../../platform/database/counted.ts";
import { directory } from "../../platform/database/shards.ts";
import type { Platform } from "./tables.ts";
import { mayOpen } from "./target.ts";

/**
 * Whether a deployment and a course are still the platform's: what goes out and what comes in by itself is asked this each
 * time. An operator may have taken either from its settings, or an admin may have put the course into an organisation.
 */
export async function reaches(
  env: Env,
  { settings: { courses, deployments } }: Platform,
  { deployment, course_slug }: { deployment: string; course_slug: string },
): Promise<boolean> {
  if (!deployments.includes(deployment)) return false;
  if (courses !== null) return courses.includes(course_slug);
  const course = await findCourse(() => countedDatabase(directory(env), { count: 0 }), course_slug);
  return course !== null && mayOpen(courses, course);
}
