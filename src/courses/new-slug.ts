import { broken } from "../platform/http/field-errors.ts";
import { courseSlugSchema } from "../platform/ids.ts";

/** Words that stand in addresses where a course stands: `/courses/imports`. */
const RESERVED: readonly string[] = ["imports"];

/** The slug of a course that is made. One that was made before a word was reserved keeps it. */
export const newCourseSlugSchema = courseSlugSchema.refine(
  (slug) => !RESERVED.includes(slug),
  broken("reserved", `none of the words ${RESERVED.join(", ")}`),
);
