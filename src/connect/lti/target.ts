import { COURSE_SLUG, ITEM_ID } from "../../platform/ids.ts";

/** What a launch opens: a course, or one item of it. */
export interface Target {
  course: string;
  /** Id of the item; null: the course. */
  item: string | null;
}

/** Addresses that links carry, below the origin of the pages. */
const TARGET = /^\/lti\/to\/([^/]+)(?:\/([^/]+))?\/?$/;

/** The address of a link to a course or an item. */
export function targetAddress(origin: string, { course, item }: Target): string {
  return `${origin}/lti/to/${course}${item === null ? "" : `/${item.slice(course.length + 1)}`}`;
}

function targetFrom(course: string, name: string | null): Target | null {
  const item = name === null ? null : name.startsWith(`${course}.`) ? name : `${course}.${name}`;
  return COURSE_SLUG.test(course) && (item === null || ITEM_ID.test(item)) ? { course, item } : null;
}

/** What a path names. */
export function targetOfPath(path: string): Target | null {
  const [, course, name] = TARGET.exec(path) ?? [];
  return course === undefined ? null : targetFrom(course, name ?? null);
}

/**
 * What a launch opens: what its address says, else the parameters `course` and `item` that were set for the link. An address
 * of another origin says nothing.
 * @returns null where it says neither.
 */
export function targetOf(
  origin: string,
  address: string,
  custom: { course: string | null; item: string | null },
): Target | null {
  const url = URL.parse(address);
  const named = url?.origin === origin ? targetOfPath(url.pathname) : null;
  return named ?? (custom.course === null ? null : targetFrom(custom.course, custom.item));
}

/** Whether a platform may open a course: one that it names; where it names none, each that belongs to no organisation. */
export function mayOpen(
  named: readonly string[] | null,
  { slug, organization }: { slug: string; organization: string | null },
): boolean {
  return named === null ? organization === null : named.includes(slug);
}
