import { z } from "@hono/zod-openapi";

/**
 * The one id scheme. Every id is plain ASCII and routes by itself: an item names its course, an enrollment its course
 * and user, a submission its enrollment. So no lookup is ever needed to find the object that owns a thing.
 *
 *   course      algorithms                       [a-z0-9-], 1 to 64
 *   item        algorithms.two-sum               <course>.<name>, name 1 to 64
 *   user        any id of the identity provider  [A-Za-z0-9_-], 1 to 64
 *   enrollment  algorithms:ada                   <course>:<user>
 *   submission  algorithms:ada:<unique>          <enrollment>:<uuid without dashes>
 */
const COURSE = "[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?";
const ITEM_NAME = "[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?";
const USER = "[A-Za-z0-9_-]{1,64}";

export const COURSE_SLUG = new RegExp(`^${COURSE}$`);
export const ITEM_ID = new RegExp(`^${COURSE}\\.${ITEM_NAME}$`);
export const USER_ID = new RegExp(`^${USER}$`);
export const ENROLLMENT_ID = new RegExp(`^${COURSE}:${USER}$`);
export const SUBMISSION_ID = new RegExp(`^${COURSE}:${USER}:[0-9a-f]{32}$`);

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
  .regex(USER_ID, "letters, digits, dashes and underscores, at most 64 characters")
  .openapi({ example: "ada" });
export const enrollmentIdSchema = z
  .string()
  .regex(ENROLLMENT_ID, "<course>:<user>")
  .openapi({ example: "algorithms:ada" });
export const submissionIdSchema = z
  .string()
  .regex(SUBMISSION_ID, "<course>:<user>:<32 hex digits>")
  .openapi({ example: "algorithms:ada:0190d2f0c0de4a00b1e500000000cafe" });

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

/** A fresh submission id; random, so it needs no counter and collides never. */
export function newSubmissionId(enrollment: string): string {
  return `${enrollment}:${crypto.randomUUID().replaceAll("-", "")}`;
}

/** The enrollment a submission id belongs to. */
export function enrollmentOfSubmission(submission: string): string {
  return submission.slice(0, submission.lastIndexOf(":"));
}
