import type { Assessment, CourseFacts, Learner, Submission } from "./world.ts";
import { isRegistered } from "./world.ts";

/** The results of the learners who still take part, for one assessment. */
interface AssessmentStats {
  /** The share of them who have submitted it. */
  share: number;
  /**
   * Mean and standard deviation of their scores, NaN without any score; the deviation is never below {@link
   * MIN_SCORE_SD}.
   */
  score: number;
  scoreDeviation: number;
  /** The same for the days from the due date to the submission (early ones are negative). */
  delay: number;
  delayDeviation: number;
}

/** One learner with their submissions by item. */
export interface Member {
  learner: Learner;
  done: ReadonlyMap<string, Submission>;
}

/** The group with which features compare a learner: those who take part in the same course on the same day. */
export interface Cohort {
  day: number;
  /** Without exams, because they come when it is too late to help. */
  assessments: readonly Assessment[];
  /** Assessments due by the day, earliest first. */
  due: readonly Assessment[];
  members: readonly Member[];
  stats: ReadonlyMap<string, AssessmentStats>;
  /** The share of the final mark for an assessment, percent; if a course has no weights, all are equal. */
  weight(assessment: Assessment): number;
}

/** If all scores are nearly equal, a point more or less has no meaning. */
const MIN_SCORE_SD = 5;
const MIN_DELAY_SD = 1;

/**
 * @param known the course as it was known at the end of `day`, see `courseOn`.
 */
export function cohortOf(known: CourseFacts, day: number): Cohort {
  const assessments = known.assessments.filter((assessment) => !assessment.isExam);
  const due = assessments
    .filter((assessment) => assessment.due !== null && assessment.due <= day)
    .sort((a, b) => (a.due ?? 0) - (b.due ?? 0) || (a.item < b.item ? -1 : 1));
  const members = known.learners
    .filter((learner) => isRegistered(learner, day))
    .map((learner) => ({ learner, done: new Map(learner.submissions.map((entry) => [entry.item, entry])) }));
  const weights = assessments.reduce((sum, assessment) => sum + assessment.weight, 0);
  const equal = 100 / Math.max(assessments.length, 1);
  return {
    day,
    assessments,
    due,
    members,
    stats: new Map(assessments.map((assessment) => [assessment.item, statsOf(assessment, members)])),
    weight: (assessment) => (weights > 0 ? assessment.weight : equal),
  };
}

function statsOf({ item, due }: Assessment, members: readonly Member[]): AssessmentStats {
  const submitted = members.flatMap(({ done }) => done.get(item) ?? []);
  const scores = submitted.flatMap(({ score }) => score ?? []);
  const delays = due === null ? [] : submitted.filter(({ day }) => day >= 0).map(({ day }) => day - due);
  return {
    share: members.length === 0 ? 0 : submitted.length / members.length,
    score: mean(scores),
    scoreDeviation: Math.max(deviation(scores), MIN_SCORE_SD),
    delay: mean(delays),
    delayDeviation: Math.max(deviation(delays), MIN_DELAY_SD),
  };
}

/** NaN for an empty list. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** 0 for fewer than two values. */
function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

/** For each value, the share of all values below it; equal values count half, and a missing value stays missing. */
export function ranks(values: Float32Array): Float32Array {
  const order = [...values.keys()].filter((at) => !Number.isNaN(values[at] ?? Number.NaN));
  order.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const result = new Float32Array(values.length).fill(Number.NaN);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to += 1;
    for (let at = from; at < to; at += 1) result[order[at] ?? 0] = (from + to) / (2 * order.length);
    from = to;
  }
  return result;
}
