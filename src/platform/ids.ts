import { z } from "@hono/zod-openapi";

/**
 * The one id scheme. Every id is plain ASCII and contains its route: an item names its course, an enrollment its course
 * and user, a submission its enrollment. So no lookup is needed to find the object that owns something.
 *
 *   course      algorithms                       [a-z0-9-], 1 to 64
 *   item        algorithms.two-sum               <course>.<name>, name 1 to 64
 *   user        any id of an identity provider   [A-Za-z0-9_.@:+-], 1 to 64, but not "." and ".."
 *   enrollment  algorithms:ada                   <course>:<user>
 *   submission  algorithms:ada:<unique>          <enrollment>:<uuid without dashes>
 *
 * Users have the ids their school gives them: `jane.doe`, `jane@school.edu`, `1001:7`. Upper and lower case differ:
 * `Jane` and `jane` are two users, because only the school knows whether its ids ignore case. The allowed characters
 * are those that rosters use and that a URL path contains unchanged (RFC 3986, pchar). The colon is the only one that
 * also separates our ids: a course has none, so an enrollment is cut at its first colon, and a submission at its last.
 * "." and ".." alone are refused, because clients and proxies remove them from paths. 64 characters are 64 bytes: ids
 * are parts of keys, of the names of objects and of audit entries, which all have limits.
 */
const COURSE = "[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?";
const ITEM_NAME = "[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?";
const USER_CHARACTERS = "[A-Za-z0-9_.@:+-]{1,64}";
const USER = `(?!\\.{1,2}$)${USER_CHARACTERS}`;
const UNIQUE = "[0-9a-f]{32}";

export const COURSE_SLUG = new RegExp(`^${COURSE}$`);
export const ITEM_ID = new RegExp(`^${COURSE}\\.${ITEM_NAME}$`);
export const USER_ID = new RegExp(`^${USER}$`);
export const ENROLLMENT_ID = new RegExp(`^${COURSE}:${USER}$`);
export const SUBMISSION_ID = new RegExp(`^${COURSE}:(?!\\.{1,2}:${UNIQUE}$)${USER_CHARACTERS}:${UNIQUE}$`);

export const courseSlugSchema = z
  .string()
  .regex(COURSE_SLUG, "lower-case letters, digits and inner dashes, at most 64 characters")
  .openapi({ example: "algorithms" });
export const itemIdSchema = z
  .string()
  .regex(ITEM_ID, "<course>.<name> in lower-case letters, digits, dashes and underscores")
  .openapi({ example: "algorithms.two-sum" });
export const userIdSchema = z
  .string()
  .regex(USER_ID, 'letters, digits and any of _ . @ : + -, at most 64 characters, not "." or ".." alone')
  .openapi({ example: "ada" });
export const enrollmentIdSchema = z
  .string()
  .regex(ENROLLMENT_ID, "<course>:<user>")
  .openapi({ example: "algorithms:ada" });
export const submissionIdSchema = z
  .string()
  .regex(SUBMISSION_ID, "<course>:<user>:<32 hex digits>")
  .openapi({ example: "algorithms:ada:0190d2f0c0de4a00b1e500000000cafe" });

/**
 * A pattern that finds a whole user id in text: not as a part of a longer id, such as `jane` in `jane.doe` or
 * `jane@school.edu`. A dot at the end of a sentence does not belong to an id. A colon ends an id, because ids are
 * joined by it: `jane` is found in `jane:7` as well.
 */
export function wholeUserId(user: string): RegExp {
  const end = "(?![A-Za-z0-9_@+-]|\\.[A-Za-z0-9_@+-])";
  return new RegExp(`(?<![A-Za-z0-9_.@+-])${RegExp.escape(user)}${end}`);
}

export function enrollmentId(course: string, user: string): string {
  return `${course}:${user}`;
}

/** Splits an enrollment id that has passed {@link ENROLLMENT_ID}. */
export function parseEnrollmentId(id: string): { course: string; user: string } {
  const colon = id.indexOf(":");
  return { course: id.slice(0, colon), user: id.slice(colon + 1) };
}

/** The course an item id belongs to. */
export function courseOfItem(item: string): string {
  return item.slice(0, item.indexOf("."));
}

/** A new submission id. It is random, so it needs no counter and never collides. */
export function newSubmissionId(enrollment: string): string {
  return `${enrollment}:${crypto.randomUUID().replaceAll("-", "")}`;
}

/** The enrollment a submission id belongs to. */
export function enrollmentOfSubmission(submission: string): string {
  return submission.slice(0, submission.lastIndexOf(":"));
}
