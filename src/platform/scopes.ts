/**
 * What a service's key may do. Each route that keys may call names one of these, see RoutePolicy.
 *
 * read: courses, states and predictions of learners. facts: record what happened elsewhere. verdicts: list and judge
 * submissions. enroll: enroll, withdraw, cohorts, practice mode. overrides: unlock, lock, excuse, extend. insight: give
 * early warning the data it needs. publish: events, their archive and health. records: translation sessions and tasks.
 * files: everybody's files. audit: report entries. operate: what people on call need. backup: take, read and restore
 * backups. scim: accounts and groups of a directory. xapi: statements and documents of a course's learning record
 * store.
 */
export const SCOPES = [
  "read",
  "facts",
  "verdicts",
  "enroll",
  "overrides",
  "insight",
  "publish",
  "records",
  "files",
  "audit",
  "operate",
  "backup",
  "scim",
  "xapi",
] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Scopes whose routes all concern courses, so that a key can be limited to some courses. The others reach all courses.
 */
const COURSE_SCOPES = [
  "read",
  "facts",
  "verdicts",
  "enroll",
  "overrides",
  "insight",
  "xapi",
] as const satisfies Scope[];

export function isOfCourses(scope: Scope): boolean {
  return COURSE_SCOPES.some((known) => known === scope);
}

/** The rights of a request's key. */
export interface KeyGrant {
  id: string;
  scopes: readonly Scope[];
  /** Slugs; null: every course. */
  courses: readonly string[] | null;
}

/** Whether a key reaches a course. Without a key, only the role limits the caller. */
export function reachesCourse(key: KeyGrant | null, course: string): boolean {
  return key === null || key.courses === null || key.courses.includes(course);
}

/** Path parameters that say which course a route concerns: every such id begins with its course (ids.ts). */
export const COURSE_PARAMS = ["course", "item", "chapter", "problem", "enrollment", "submission"] as const;

/** The course with which an id of {@link COURSE_PARAMS} begins. */
export function courseOfId(id: string): string {
  return /^[^.:]*/.exec(id)?.[0] ?? "";
}
