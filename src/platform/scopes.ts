/**
 * What a service's key may be allowed. Each route that keys reach names one of these, see RoutePolicy.
 *
 * read: courses, states and predictions of learners. facts: record what happened elsewhere. verdicts: list and judge
 * submissions. enroll: enroll, withdraw, cohorts, practice mode. overrides: unlock, lock, excuse, extend. insight: give
 * early warning the data it needs. publish: events, their archive and health. records: translation sessions and tasks.
 * files: everybody's files. audit: report entries. operate: what is on call needs. backup: take, read and restore
 * backups. scim: accounts and groups of a directory. xapi: statements and documents of a course's learning record store.
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

/** Scopes whose every route concerns courses, so that a key can be limited to some. The others reach everybody. */
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

/** What a key that was shown allows. */
export interface KeyGrant {
  id: string;
  scopes: readonly Scope[];
  /** Slugs; null: every course. */
  courses: readonly string[] | null;
}

/** Whether a key reaches a course. Who shows no key is limited by role alone. */
export function reachesCourse(key: KeyGrant | null, course: string): boolean {
  return key === null || key.courses === null || key.courses.includes(course);
}

/** Path parameters that say which course a route concerns, because every id begins with its course (ids.ts). */
export const COURSE_PARAMS = ["course", "item", "chapter", "problem", "enrollment", "submission"] as const;

/** The course an id of {@link COURSE_PARAMS} begins with. */
export function courseOfId(id: string): string {
  return /^[^.:]*/.exec(id)?.[0] ?? "";
}
