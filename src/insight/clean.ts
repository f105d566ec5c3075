import type { CourseFacts, Learner, Submission } from "./world.ts";

/** Why something was left out or corrected, in the order in which the rules are applied. */
export const CLEANING_RULES = {
  course_unusable: "courses without a length or without anything to submit: dropped with all their data",
  learner_excluded: "learners who are excluded from early warning: dropped",
  learner_duplicate: "learners who are in a course twice: the first row counts",
  never_took_part: "learners who left before the first day: dropped, because a warning would be too late",
  registration_unknown: "learners without a day of registration: kept, with registration on day 0",
  outcome_contradicts: "learners who left but passed: the outcome counts as not passed",
  outcome_unknown: "learners without an outcome: kept for prediction, not used for training",
  item_unknown: "submissions of something the course does not have: dropped",
  submission_duplicate: "second submissions of the same thing: the earliest counts, with its score",
  day_impossible: "submissions more than a year before or after the course: dropped",
  score_impossible: "scores below 0 or above 100: count as missing",
  score_missing: "submissions without a score: kept, the score counts as missing",
} as const;

type CleaningRule = keyof typeof CLEANING_RULES;
export type CleaningReport = Record<CleaningRule, number>;

/** A submission may be at most this many days before or after a course. */
const MARGIN_DAYS = 366;

/** An empty report. */
export function emptyReport(): CleaningReport {
  // SAFETY: made from the keys of CLEANING_RULES, each once.
  return Object.fromEntries(Object.keys(CLEANING_RULES).map((rule) => [rule, 0])) as CleaningReport;
}

/** Adds two reports. */
export function addReports(a: CleaningReport, b: CleaningReport): CleaningReport {
  const sum = emptyReport();
  for (const rule of Object.keys(CLEANING_RULES)) {
    // SAFETY: the key comes from the table that the type is made of.
    const key = rule as CleaningRule;
    sum[key] = a[key] + b[key];
  }
  return sum;
}

/**
 * Applies the rules to one course.
 *
 * @param excluded users for whom no prediction is made and from whom the model does not learn.
 * @returns the course, or null if it is unusable, and how often each rule was applied.
 */
export function clean(
  course: CourseFacts,
  excluded: ReadonlySet<string>,
): { course: CourseFacts | null; report: CleaningReport } {
  const report = emptyReport();
  if (!(course.length > 0) || course.assessments.every((assessment) => assessment.isExam)) {
    report.course_unusable = 1;
    return { course: null, report };
  }
  const items = new Set(course.assessments.map((assessment) => assessment.item));
  const seen = new Set<string>();
  const learners: Learner[] = [];
  for (const learner of course.learners) {
    const fault = excluded.has(learner.user)
      ? "learner_excluded"
      : seen.has(learner.user)
        ? "learner_duplicate"
        : learner.withdrawn !== null && learner.withdrawn < 0
          ? "never_took_part"
          : null;
    seen.add(learner.user);
    if (fault !== null) {
      report[fault] += 1;
      continue;
    }
    if (learner.registered === null) report.registration_unknown += 1;
    if (learner.passed === null) report.outcome_unknown += 1;
    const contradicts = learner.passed === true && learner.withdrawn !== null && learner.withdrawn < course.length;
    if (contradicts) report.outcome_contradicts += 1;
    const submissions = cleanSubmissions(learner.submissions, items, course.length, report);
    learners.push({ ...learner, passed: contradicts ? false : learner.passed, submissions });
  }
  return { course: { ...course, learners }, report };
}

function cleanSubmissions(
  submissions: readonly Submission[],
  items: ReadonlySet<string>,
  length: number,
  report: CleaningReport,
): Submission[] {
  const kept = new Map<string, Submission>();
  for (const submission of submissions.toSorted((a, b) => a.day - b.day)) {
    const { item, day, score } = submission;
    if (!items.has(item)) report.item_unknown += 1;
    else if (day < -MARGIN_DAYS || day > length + MARGIN_DAYS) report.day_impossible += 1;
    else if (kept.has(item)) report.submission_duplicate += 1;
    else if (score !== null && !(score >= 0 && score <= 100)) {
      report.score_impossible += 1;
      kept.set(item, { item, day, score: null });
    } else {
      if (score === null) report.score_missing += 1;
      kept.set(item, submission);
    }
  }
  return [...kept.values()];
}
