import { DAY_MS } from "../platform/instants.ts";

/** One assessment. */
export interface Assessment {
  item: string;
  /** Day of the course on which it is due, or null if it is unknown. */
  due: number | null;
  /** Share of the final mark, percent; 0 if it does not count. */
  weight: number;
  isExam: boolean;
}

/** One submission. */
export interface Submission {
  item: string;
  /** Day of the course. Negative for work from before its start, such as results carried over from an earlier run. */
  day: number;
  /** 0 to 100, or null if it has not been marked. */
  score: number | null;
}

/** One learner in one course. No field identifies the learner: no name, age, sex, origin, place or disability. */
export interface Learner {
  user: string;
  /** Day of the course; null if it is unknown. */
  registered: number | null;
  /** Day on which the learner left, or null. */
  withdrawn: number | null;
  /** Number of earlier attempts at the same module. */
  attempts: number;
  /** Credits that the learner studies at the same time. */
  credits: number;
  /** True for pass or distinction, false for fail or withdrawn, null while unknown. */
  passed: boolean | null;
  submissions: Submission[];
}

/** One run of a module, with its learners. */
export interface CourseFacts {
  course: string;
  /** The module: runs of the same module are compared with each other. */
  module: string;
  /** The name of the term, such as `2013J`; later terms sort after earlier ones. */
  period: string;
  /** Midnight UTC of day 0, epoch ms. */
  start: number;
  /** The number of days. */
  length: number;
  assessments: Assessment[];
  learners: Learner[];
}

/** The day of a course for an instant; day 0 is the first. */
export function dayAt(course: Pick<CourseFacts, "start">, instant: number): number {
  return Math.floor((instant - course.start) / DAY_MS);
}

/** The day on which `share` of a course has passed. */
export function cutOffDay(course: Pick<CourseFacts, "length">, share: number): number {
  return Math.floor(course.length * share);
}

/**
 * What was known of a course at the end of `day`. Features see facts only through this function, so later facts cannot
 * reach them. Learners who registered later are not there yet, learners who left later have not left, and no outcome is
 * known. Outcomes are the goal of the prediction, and reach training by another way.
 */
export function courseOn(course: CourseFacts, day: number): CourseFacts {
  const learners: Learner[] = [];
  for (const learner of course.learners) {
    if ((learner.registered ?? 0) > day) continue;
    learners.push({
      ...learner,
      withdrawn: isRegistered(learner, day) ? null : learner.withdrawn,
      passed: null,
      submissions: learner.submissions.filter((submission) => submission.day <= day),
    });
  }
  return { ...course, learners };
}

/** Whether a learner still takes part at the end of `day`. */
export function isRegistered(learner: Pick<Learner, "withdrawn">, day: number): boolean {
  return learner.withdrawn === null || learner.withdrawn > day;
}

/** The last instant of a day of a course, epoch ms. */
export function endOfDay(course: Pick<CourseFacts, "start">, day: number): number {
  return course.start + (day + 1) * DAY_MS - 1;
}
