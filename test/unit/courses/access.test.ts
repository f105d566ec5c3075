import { describe, expect, it } from "vitest";
import { type CourseAct, type MemberRole, may, roleIn } from "../../../src/courses/access.ts";
import { mayGrade } from "../../../src/courses/index.ts";
import type { Role } from "../../../src/platform/roles.ts";

const ACTS: CourseAct[] = ["transfer", "manage", "decide", "grade", "read"];
const course = {
  owner_id: "owen",
  members: new Map<string, MemberRole>([
    ["cora", "co_author"],
    ["gil", "grader"],
  ]),
};
const who = (id: string, role: Role) => ({ id, role, session: null });
const acts = (id: string, role: Role) => ACTS.filter((act) => may(who(id, role), act, course));

describe("[I8] what somebody may do in a course", () => {
  it.each([
    ["owen", "author", ACTS],
    ["cora", "learner", ["manage", "decide", "grade", "read"]],
    ["gil", "learner", ["grade", "read"]],
    ["nora", "author", []],
    ["nora", "learner", []],
    ["nora", "admin", ACTS],
    // An id of a service is nobody's: what its key allows is said by its scopes.
    ["cora", "service", ["decide", "grade", "read"]],
    // Who is no author any more owns their courses by name only.
    ["owen", "learner", []],
  ] as const)("%s, who is %s elsewhere", (id, role, expected) => {
    expect(acts(id, role)).toEqual(expected);
    expect(mayGrade(who(id, role), course)).toBe(acts(id, role).includes("grade"));
  });

  it("has one name, and the list of courses shows it", () => {
    expect(["owen", "cora", "gil", "nora"].map((id) => roleIn(who(id, "author"), course))).toEqual([
      "owner",
      "co_author",
      "grader",
      null,
    ]);
  });
});
