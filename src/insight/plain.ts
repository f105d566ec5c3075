import { mean } from "./cohort.ts";
import { type CourseFacts, courseOn, isRegistered, type Learner } from "./world.ts";

export const PLAIN_WIDTH = 9;

/**
 * The baseline: nine obvious features for a plain logistic regression. Every better model must beat it.
 *
 * @returns a row for each learner who takes part at the end of `day`, in the order of `featuresOf`.
 */
export function plainRows(course: CourseFacts, day: number): number[][] {
  const known = courseOn(course, day);
  return known.learners.filter((learner) => isRegistered(learner, day)).map((learner) => plainRow(known, learner, day));
}

function plainRow(course: CourseFacts, learner: Learner, day: number): number[] {
  const done = new Map(learner.submissions.map((submission) => [submission.item, submission]));
  const assessments = course.assessments.filter((assessment) => !assessment.isExam);
  const due = assessments.filter((assessment) => assessment.due !== null && assessment.due <= day);
  const submitted = assessments.flatMap((assessment) => {
    const submission = done.get(assessment.item);
    return submission === undefined ? [] : [{ ...submission, due: assessment.due }];
  });
  const scores = submitted.flatMap(({ score }) => score ?? []);
  const late = submitted.flatMap((entry) => (entry.due === null ? [] : [Math.max(entry.day - entry.due, 0)]));
  const last = submitted.reduce((latest, entry) => Math.max(latest, entry.day), 0);
  return [
    due.length === 0 ? 0 : due.filter(({ item }) => done.has(item)).length / due.length,
    assessments.length === 0 ? 0 : submitted.length / assessments.length,
    scores.length === 0 ? 0 : mean(scores),
    scores.length === 0 ? 0 : Math.min(...scores),
    late.length === 0 ? 0 : mean(late),
    day - last,
    learner.attempts,
    learner.credits,
    scores.length === 0 ? 1 : 0,
  ];
}
