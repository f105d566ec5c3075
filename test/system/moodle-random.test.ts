import fc from "fast-check";
import { describe, it } from "vitest";
import { assertSame } from "../support/courses/moodle-random/compare.ts";
import { randomCases } from "../support/courses/moodle-random/courses.ts";

/** LATCHKEY_LONG=1 asks for 100,000 trees. */
const COURSES = process.env.LATCHKEY_LONG === "1" ? 5_000 : 500;
const GATES = 20;
const TIMEOUT_MS = 3_600_000;

describe("[I12] our description of Moodle's conditions, at length", () => {
  it(
    "agrees with the rules of the imported backup, for every learner and instant",
    async () => {
      await fc.assert(fc.asyncProperty(randomCases(GATES, 3), assertSame), { numRuns: COURSES });
    },
    TIMEOUT_MS,
  );
});
