import { DAY_MS } from "../platform/instants.ts";

/** One thing to submit. */
export interface Assessment {
  item: string;
  /** Day of the course on which it is due, or null where nobody said. */
  due: number | null;
  /** Share of the final mark, percent; 0 where it does not count. */
  weight: number;
  isExam: boolean;
}

/** One submission. */
export interface Submission {
  item: string;
  /** Day of the course; before 0 lies what was done before it began, e.g. carried over from an earlier run. */
  day: number;
  /** 0 to 100, or null when it has not been marked. */
  score: number | null;
}

/** One learner in one course. No field says who the learner is: no name, age, sex, origin, place or disability. */
export interface Learner {
  user: string;
  /** Day of the course; null when unknown. */
  registered: number | null;
  /** Day on which the learner left, or null. */
  withdrawn: number | null;
  /** Earlier attempts at the same module. */
  attempts: number;
  /** Credits studied at the same time. */
  credits: number;
  /** True for pass or distinction, false for fail or withdrawn, null while unknown. */
  passed: boolean | null;
  submissions: Submission[];
}

/** One run of a module, with its learners. */
export interface CourseFacts {
  course: string;
  /** What is taught: runs of the same module are compared with each other. */
  module: string;
  /** Names the term so that later ones sort behind earlier ones, e.g. `2013J`. */
  period: string;
  /** Midnight UTC of day 0, epoch ms. */
  start: number;
  /** Days. */
  length: number;
  assessments: Assessment[];
  learners: Learner[];
}

/** The day of a course on which an instant lies; day 0 is the first. */
export function dayAt(course: Pick<CourseFacts, "start">, instant: number): number {
  return Math.floor((instant - course.start) / DAY_MS);
}

/** The day on which `share` of a course has passed. */
export function cutOffDay(course: Pick<CourseFacts, "length">, share: number): number {
  return Math.floor(course.length * share);
}

/**
 * What was known of a course at the end of `day`: the only way by which features see facts, so nothing later can
 * reach them. Who registered later is not there yet, who left later has not left, and no outcome is known: outcomes are
 * what is predicted, and reach training by another way.
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
