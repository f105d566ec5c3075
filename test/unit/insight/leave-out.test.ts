import { describe, expect, it } from "vitest";
import { LEFT_OUT, leaveOut, leaveOutTable } from "../../../scripts/lib/insight/leave-out.ts";
import { clean } from "../../../src/insight/clean.ts";
import { OPTIONS } from "../../../src/insight/model.ts";
import { SeededRandom } from "../../../src/insight/random.ts";
import { labelledTable } from "../../../src/insight/training.ts";
import { madeUpSchool } from "../../support/insight/school.ts";

const START = Date.UTC(2024, 0, 1);
const OPTIONS_HERE = {
  ...OPTIONS,
  stages: [0.5],
  ridge: 1,
  trees: { ...OPTIONS.trees, rounds: 40, depth: 4, minWeight: 1 },
};
const school = madeUpSchool({ terms: 2, modules: 2, learners: 120, seed: 5, start: START }).flatMap(
  (course) => clean(course, new Set()).course ?? [],
);

describe("leaving out one part after the other", () => {
  it.each(LEFT_OUT)("judges every learner once, with a model learnt from others: %s", (leftOut) => {
    const told: string[] = [];
    const report = leaveOut(school, leftOut, 0.5, OPTIONS_HERE, (part) => told.push(part))?.[0];
    const known = school.reduce(
      (sum, course) => sum + labelledTable(course, 0.5).labels.filter((label) => label !== 2).length,
      0,
    );
    expect(report?.learners).toBe(known);
    expect(report?.model).toBeGreaterThan(0.7);
    expect(told.length).toBe({ course: 4, period: 2, fifth: 5 }[leftOut]);
    expect(leaveOutTable(leftOut, report === undefined ? [] : [report])).toContain(
      `50 %  ${String(known).padStart(10)}`,
    );
  });

  it.each(LEFT_OUT)("finds nothing in random data, so nobody is judged by their own data: %s", (leftOut) => {
    const random = new SeededRandom(7);
    const noise = school.map((course) => ({
      ...course,
      learners: course.learners.map((learner) => ({ ...learner, passed: random.next() < 0.5, withdrawn: null })),
    }));
    const report = leaveOut(noise, leftOut, 0, OPTIONS_HERE, () => undefined)?.[0];
    // Trees this free know two in three of those they have learnt from by heart.
    expect(report?.model).toBeGreaterThan(0.4);
    expect(report?.model).toBeLessThan(0.6);
  });

  it("does nothing where no data would be left to learn from", () => {
    const [only] = school;
    const alone = only === undefined ? [] : [only];
    expect(leaveOut(alone, "course", 0.5, OPTIONS_HERE, () => undefined)).toBeNull();
    expect(leaveOut(alone, "period", 0.5, OPTIONS_HERE, () => undefined)).toBeNull();
  });
});
