// What somebody is at a platform, and what that makes them here. Only roles in the course count: who administers the
// platform has no place in a course by that (LTI 1.3 core, section A.2).

const MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership";
/** Kinds of roles in a course that teach. Sub-roles (`…/membership/Instructor#TeachingAssistant`) are of their kind. */
const TEACH = ["Instructor", "ContentDeveloper", "Manager", "Administrator"];

export type Place = "teacher" | "learner" | "mentor" | "none";

/** Kind of a role in the course; null: it is none in the course, or not of the vocabulary. */
function kindOf(role: string): string | null {
  // The simple names stand for roles in the course (section A.2.3.1).
  if (/^[A-Za-z]+$/.test(role)) return role;
  if (!role.startsWith(MEMBERSHIP)) return null;
  const rest = role.slice(MEMBERSHIP.length);
  return /^\/([A-Za-z]+)#/.exec(rest)?.[1] ?? /^#([A-Za-z]+)$/.exec(rest)?.[1] ?? null;
}

/** What the roles of a launch or of a list of members make of somebody. Who teaches and learns, teaches. */
export function placeOf(roles: readonly string[]): Place {
  const kinds = roles.map(kindOf);
  if (kinds.some((kind) => kind !== null && TEACH.includes(kind))) return "teacher";
  if (kinds.includes("Learner") || kinds.includes("Student")) return "learner";
  return kinds.includes("Mentor") ? "mentor" : "none";
}
