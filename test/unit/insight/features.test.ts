import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cohortOf } from "../../../src/insight/cohort.ts";
import { FEATURES, featuresOf } from "../../../src/insight/features.ts";
import { plainRows } from "../../../src/insight/plain.ts";
import { WITHOUT_REASON } from "../../../src/insight/reasons.ts";
import type { CourseFacts } from "../../../src/insight/world.ts";
import { madeUpSchool } from "../../support/insight/school.ts";

/** Everything a function of a course and a day says, as text. */
type Features = (course: CourseFacts, day: number) => unknown;

const said = (features: Features, course: CourseFacts, day: number) =>
  JSON.stringify(features(course, day), (_, value) =>
    ArrayBuffer.isView(value) ? Array.from(value as Float32Array, String) : value,
  );

/**
 * A course whose past is the same up to `day` and whose future is another: submitted, marked, left, passed differently.
 */
function withOtherFuture(course: CourseFacts, day: number, other: CourseFacts): CourseFacts {
  return {
    ...course,
    learners: course.learners.map((learner, at) => {
      const double = other.learners[at] ?? learner;
      const past = learner.submissions.filter((submission) => submission.day <= day);
      const done = new Set(past.map(({ item }) => item));
      const future = double.submissions
        .map(({ item, ...rest }) => ({ ...rest, item: item.replace(other.course, course.course) }))
        .filter((submission) => submission.day > day && !done.has(submission.item));
      const hasLeft = learner.withdrawn !== null && learner.withdrawn <= day;
      const leaves = double.withdrawn !== null && double.withdrawn > day ? double.withdrawn : null;
      return {
        ...learner,
        withdrawn: hasLeft ? learner.withdrawn : leaves,
        passed: double.passed,
        submissions: [...past, ...future],
      };
    }),
  };
}

/** Whether anything of what happens after a day shows in features of that day. */
function leaks(features: Features, seed: number, day: number): boolean {
  const [course, other] = madeUpSchool({ terms: 2, modules: 1, learners: 25, seed, start: 0 });
  if (course === undefined || other === undefined) throw new Error("no course");
  return said(features, course, day) !== said(features, withOtherFuture(course, day, other), day);
}

const seeds = fc.integer({ min: 1, max: 1_000_000 });
const days = fc.integer({ min: 5, max: 95 });

describe("features", () => {
  it("do not depend on anything after the cut-off", () => {
    fc.assert(
      fc.property(seeds, days, (seed, day) => !leaks(featuresOf, seed, day)),
      { numRuns: 60 },
    );
    fc.assert(
      fc.property(seeds, days, (seed, day) => !leaks(plainRows, seed, day)),
      { numRuns: 40 },
    );
  });

  it("that depend on the future are found by the same property", () => {
    const uncut: Features = (course, day) => cohortOf(course, day).members.map(({ done }) => done.size);
    const outcome: Features = (course) => course.learners.map(({ passed }) => passed);
    const leaver: Features = (course) => course.learners.map(({ withdrawn }) => withdrawn !== null);
    for (const leaky of [uncut, outcome, leaver]) {
      const found = fc.check(
        fc.property(seeds, days, (seed, day) => !leaks(leaky, seed, day)),
        { numRuns: 20 },
      );
      expect(found.failed).toBe(true);
    }
  });

  it("do not say who somebody is: their names are few and known", () => {
    expect(FEATURES.length).toBe(37);
    expect(FEATURES.join()).not.toMatch(/gender|sex|age_|region|origin|disab|imd|educat|name/);
  });

  it("each belong to a reason that people can read", () => {
    expect(WITHOUT_REASON).toEqual([]);
  });

  it("describe the learners who take part on that day, and no others", () => {
    const [course] = madeUpSchool({ terms: 1, modules: 1, learners: 40, seed: 5, start: 0 });
    if (course === undefined) throw new Error("no course");
    const { users } = featuresOf(course, 50);
    const present = course.learners.filter(
      ({ withdrawn, registered }) => (withdrawn === null || withdrawn > 50) && (registered ?? 0) <= 50,
    );
    expect(users).toEqual(present.map(({ user }) => user));
    expect(users.length).toBeLessThan(course.learners.length);
  });

  it("are equal to those computed by hand", () => {
    const item = (at: number, due: number | null, weight: number) => ({ item: `c.${at}`, due, weight, isExam: false });
    const learner = (user: string, submissions: { item: string; day: number; score: number | null }[]) => ({
      user,
      registered: -10,
      withdrawn: null,
      attempts: 1,
      credits: 60,
      passed: null,
      submissions,
    });
    const course: CourseFacts = {
      course: "c",
      module: "m",
      period: "p",
      start: 0,
      length: 100,
      assessments: [item(1, 10, 20), item(2, 20, 30), item(3, 30, 50), item(4, 60, 0)],
      learners: [
        learner("ann", [
          { item: "c.1", day: 8, score: 80 },
          { item: "c.2", day: 25, score: 40 },
        ]),
        learner("bob", []),
      ],
    };
    const { columns, users } = featuresOf(course, 40);
    const of = (user: string) =>
      Object.fromEntries(FEATURES.map((name) => [name, columns[name][users.indexOf(user)] ?? Number.NaN]));
    const ann = of("ann");
    expect(ann.done_share).toBeCloseTo(2 / 3, 6);
    expect(ann.done_weight).toBeCloseTo(0.5, 6);
    expect(ann.missed_weight).toBeCloseTo(0.5, 6);
    expect(ann).toMatchObject({ streak: 1, score_mean: 60, score_min: 40, score_last: 40, score_low_share: 0.5 });
    expect(ann).toMatchObject({ late_mean: 2.5, late_max: 5, idle_days: 15, idle_at_due: 5, no_score: 0 });
    expect(ann.points).toBeCloseTo((20 * 80 + 30 * 40) / 100, 5);
    expect(of("bob")).toMatchObject({ done_share: 0, streak: 3, no_score: 1, idle_days: 40, points: 0 });
    expect(of("bob").score_mean).toBeNaN();
    // Where nothing is due yet there is nothing to hold against anybody.
    const early = featuresOf(course, 5);
    expect(early.columns.no_score[1]).toBeNaN();
    expect(early.columns.done_share[0]).toBeNaN();
  });
});
