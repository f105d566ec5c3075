import fc from "fast-check";
import { describe, it } from "vitest";
import { assertSame } from "../../../support/courses/moodle-random/compare.ts";
import { randomCases } from "../../../support/courses/moodle-random/courses.ts";

/** Two thousand trees, each asked for three learners. `npm run test:slow` tries more. */
const COURSES = 100;
const GATES = 20;

describe("[I12] our description of Moodle's conditions", () => {
  it("agrees with the rules of the imported backup, for every learner and instant", async () => {
    await fc.assert(fc.asyncProperty(randomCases(GATES, 3), assertSame), { numRuns: COURSES });
  });
});
