import { describe, expect, it } from "vitest";
import {
  ENROLLMENT_ID,
  enrollmentId,
  enrollmentOfSubmission,
  newSubmissionId,
  parseEnrollmentId,
  SUBMISSION_ID,
  USER_ID,
  wholeUserId,
} from "../../../src/platform/ids.ts";
import { idsOf } from "../../../src/records/journal/store.ts";
import { ownerOf, SESSION_ID, TASK_ID } from "../../../src/records/translation/schemas.ts";

const GOOD = [
  "ada",
  "_",
  "-",
  "jane.doe",
  "jane@school.edu",
  "1001:7",
  "a:b:c",
  "jane+x@school.edu",
  "...",
  "x".repeat(64),
];
const BAD = ["", ".", "..", "a b", "a/b", "a%40b", "é", "~a", "a,b", "a;b", "a\n", "x".repeat(65)];

describe("[fault 33] ids of users", () => {
  it.each(GOOD)("%s is valid, and ids that contain it are split at the right place", (user) => {
    expect(USER_ID.test(user)).toBe(true);
    const enrollment = enrollmentId("algo", user);
    expect(ENROLLMENT_ID.test(enrollment)).toBe(true);
    expect(parseEnrollmentId(enrollment)).toEqual({ course: "algo", user });
    const submission = newSubmissionId(enrollment);
    expect(SUBMISSION_ID.test(submission)).toBe(true);
    expect(enrollmentOfSubmission(submission)).toBe(enrollment);
  });

  it.each(BAD)("%j is not valid, in any id", (user) => {
    expect(USER_ID.test(user)).toBe(false);
    expect(ENROLLMENT_ID.test(`algo:${user}`)).toBe(false);
    expect(SUBMISSION_ID.test(`algo:${user}:${"0".repeat(32)}`)).toBe(false);
  });

  it("are found in a text as a whole, not as a part of a longer id", () => {
    const names = wholeUserId("jane");
    for (const text of ["jane", '"jane"', "algo:jane", "algo:jane:5", "/users/jane?x", "by jane.", "jane, bob"]) {
      expect(names.test(text), text).toBe(true);
    }
    for (const text of ["jane.doe", "jane@school.edu", "mary-jane", "x.jane", "Jane", "janet", "jane+1", "jane_"]) {
      expect(names.test(text), text).toBe(false);
    }
    // A dot in an id is a dot, and nothing else.
    expect(wholeUserId("j.d").test("jxd")).toBe(false);
    expect(wholeUserId("1001:7").test("algo:1001:7")).toBe(true);
  });

  it("own records, unless they contain a colon; then they do not own other people's records either", () => {
    expect(SESSION_ID.test("jane@school.edu:novel")).toBe(true);
    expect(ownerOf("jane.doe:novel:chapter-1")).toBe("jane.doe");
    expect(SESSION_ID.test("1001:7:novel")).toBe(false);
    expect(TASK_ID.test("1001:7:novel")).toBe(true); // a task of the user 1001
    const [from, to] = idsOf("1001:7");
    expect(["1001:7:novel", "1001:7:"].filter((id) => id >= from && id < to)).toEqual([]);
    const [first, end] = idsOf("1001");
    expect("1001:7:novel" >= first && "1001:7:novel" < end).toBe(true);
  });
});
