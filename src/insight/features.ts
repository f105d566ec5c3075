import { type Cohort, cohortOf, type Member, mean, ranks } from "./cohort.ts";
import { type Assessment, type CourseFacts, courseOn, type Submission } from "./world.ts";

/**
 * What a model may know about a learner, in the order of its columns. Only numbers; NaN if nothing is known yet. No
 * feature identifies a person. All are about what learners did in this course, when they did it, and what else they
 * study.
 */
export const FEATURES = [
  // Submitting: the submitted part of the due work, by number and by weight.
  "done_share",
  "done_weight",
  "done_of_all",
  "missed_weight",
  "recent_share",
  "first_done",
  "last_done",
  "surprise",
  "ahead",
  "carried_over",
  // The number of due assessments in a row that were missed up to now.
  "streak",
  "streak_weight",
  "streak_heavy",
  // Scores.
  "points",
  "points_of_all",
  "points_rank",
  "score_mean",
  "score_min",
  "score_last",
  "score_z",
  "score_z_min",
  "score_low_share",
  "no_score",
  // The trend of scores, compared with the others.
  "score_z_recent",
  "score_z_trend",
  // Time.
  "late_mean",
  "late_max",
  "delay_z",
  "idle_days",
  "idle_rank",
  "idle_at_due",
  // Circumstances.
  "registered",
  "registered_rank",
  "registered_late",
  "attempts",
  "credits",
  "credits_log",
] as const;

export type Feature = (typeof FEATURES)[number];

/** The learners who take part on a day, and their features. Single precision, so that a stored table is identical. */
export interface FeatureTable {
  course: string;
  module: string;
  day: number;
  users: string[];
  columns: Record<Feature, Float32Array>;
}

/** Work with a score below this is not passed. */
const PASS_SCORE = 50;
/** An assessment counts as heavy if it has at least this share of the mean weight. */
const HEAVY = 0.8;
/** Shares are kept this far from 0 and 1 before their logarithm is taken. */
const MIN_SHARE = 0.02;
/** The most recent due work: the last third. */
const RECENT = 1 / 3;

/**
 * The features of all who take part in a course at the end of `day`. A pure function of what was known by then: facts
 * of later days may be in `course` and make no difference.
 */
export function featuresOf(course: CourseFacts, day: number): FeatureTable {
  const cohort = cohortOf(courseOn(course, day), day);
  const rows = cohort.members.map((member) => rowOf(cohort, member));
  const column = (name: keyof Row) => Float32Array.from(rows, (row) => row[name]);
  const ranked = {
    points_rank: ranks(column("points")),
    idle_rank: ranks(column("idle_days")),
    registered_rank: ranks(column("registered")),
  };
  const columns = Object.fromEntries(
    FEATURES.map((name) => [name, name in ranked ? ranked[name as keyof typeof ranked] : column(name as keyof Row)]),
  );
  return {
    course: course.course,
    module: course.module,
    day,
    users: cohort.members.map(({ learner }) => learner.user),
    // SAFETY: made from FEATURES just above, each name once.
    columns: columns as Record<Feature, Float32Array>,
  };
}

type Row = Record<Exclude<Feature, "points_rank" | "idle_rank" | "registered_rank">, number>;

function rowOf(cohort: Cohort, member: Member): Row {
  const submitted = cohort.assessments.flatMap((assessment) => {
    const submission = member.done.get(assessment.item);
    return submission === undefined ? [] : [{ assessment, submission }];
  });
  const { attempts, credits, registered } = member.learner;
  return {
    ...submitting(cohort, member, submitted),
    ...streaks(cohort, member),
    ...scores(cohort, member, submitted),
    ...timing(cohort, submitted),
    registered: registered ?? Number.NaN,
    registered_late: registered === null ? Number.NaN : Math.max(registered, 0),
    attempts,
    credits,
    credits_log: Math.log(Math.max(credits, 1)),
  };
}

interface Submitted {
  assessment: Assessment;
  submission: Submission;
}

function submitting(
  { due, assessments, stats, weight, day }: Cohort,
  { done }: Member,
  submitted: readonly Submitted[],
) {
  const doneDue = due.filter(({ item }) => done.has(item));
  const allWeight = total(assessments, weight);
  const dueWeight = total(due, weight);
  const recent = due.slice(-Math.max(1, Math.ceil(due.length * RECENT)));
  const first = due[0];
  const last = due.at(-1);
  // How unlikely it is to have submitted and missed exactly these, given how many others did. Missing what everybody
  // else submits weighs more than missing what half of them skip.
  const surprise = due.reduce((sum, { item }) => {
    const share = Math.min(Math.max(stats.get(item)?.share ?? 0.5, MIN_SHARE), 1 - MIN_SHARE);
    return sum + (done.has(item) ? -Math.log(share) : Math.log(1 - share));
  }, 0);
  return {
    done_share: share(doneDue.length, due.length),
    done_weight: share(total(doneDue, weight), dueWeight),
    done_of_all: due.length === 0 ? Number.NaN : submitted.length / assessments.length,
    missed_weight: allWeight === 0 ? 0 : (dueWeight - total(doneDue, weight)) / allWeight,
    recent_share: share(recent.filter(({ item }) => done.has(item)).length, recent.length),
    first_done: first === undefined ? Number.NaN : Number(done.has(first.item)),
    last_done: last === undefined ? Number.NaN : Number(done.has(last.item)),
    surprise,
    ahead: submitted.filter(({ assessment }) => assessment.due !== null && assessment.due > day).length,
    carried_over: submitted.filter(({ submission }) => submission.day < 0).length,
  };
}

function streaks({ due, assessments, weight }: Cohort, { done }: Member) {
  const missed = trailing(due, ({ item }) => !done.has(item));
  const allWeight = total(assessments, weight);
  const typical = allWeight / Math.max(assessments.length, 1);
  const heavy = due.filter((assessment) => weight(assessment) >= typical * HEAVY);
  return {
    streak: missed.length,
    streak_weight: allWeight === 0 ? 0 : total(missed, weight) / allWeight,
    streak_heavy: trailing(heavy, ({ item }) => !done.has(item)).length,
  };
}

function scores({ due, assessments, stats, weight }: Cohort, { done }: Member, submitted: readonly Submitted[]) {
  const marked = submitted
    .flatMap(({ assessment: { item }, submission: { score, day } }) => (score === null ? [] : [{ item, score, day }]))
    .sort((a, b) => a.day - b.day || (a.item < b.item ? -1 : 1));
  const values = marked.map(({ score }) => score);
  const z = marked.map(({ item, score }) => {
    const cohort = stats.get(item);
    return cohort === undefined ? 0 : (score - cohort.score) / cohort.scoreDeviation;
  });
  const earned = (from: readonly Assessment[]) =>
    from.reduce((sum, assessment) => sum + weight(assessment) * (done.get(assessment.item)?.score ?? 0), 0);
  const half = Math.floor(z.length / 2);
  return {
    points: share(earned(due), total(due, weight)),
    points_of_all: due.length === 0 ? Number.NaN : share(earned(assessments), total(assessments, weight)),
    score_mean: mean(values),
    score_min: values.length === 0 ? Number.NaN : Math.min(...values),
    score_last: values.at(-1) ?? Number.NaN,
    score_z: mean(z),
    score_z_min: z.length === 0 ? Number.NaN : Math.min(...z),
    score_low_share: share(values.filter((score) => score < PASS_SCORE).length, values.length),
    // If nothing has been due, having no score has no meaning.
    no_score: due.length === 0 ? Number.NaN : Number(values.length === 0),
    score_z_recent: mean(z.slice(-2)),
    score_z_trend: half === 0 ? Number.NaN : mean(z.slice(half)) - mean(z.slice(0, half)),
  };
}

function timing({ day, due, stats }: Cohort, submitted: readonly Submitted[]) {
  const own = submitted.filter(({ submission }) => submission.day >= 0);
  const delays = own.flatMap(({ assessment: { item, due: dueDay }, submission }) =>
    dueDay === null ? [] : [{ cohort: stats.get(item), delay: submission.day - dueDay }],
  );
  const late = delays.map(({ delay }) => Math.max(delay, 0));
  const last = own.length === 0 ? null : Math.max(...own.map(({ submission }) => submission.day));
  const lastDue = due.at(-1)?.due ?? null;
  return {
    late_mean: mean(late),
    late_max: late.length === 0 ? Number.NaN : Math.max(...late),
    delay_z: mean(delays.map(({ cohort, delay }) => (cohort ? (delay - cohort.delay) / cohort.delayDeviation : 0))),
    idle_days: last === null ? (lastDue === null ? Number.NaN : day) : day - last,
    idle_at_due: lastDue === null ? Number.NaN : Math.max(lastDue - (last ?? 0), 0),
  };
}

function total(assessments: readonly Assessment[], weight: Cohort["weight"]): number {
  return assessments.reduce((sum, assessment) => sum + weight(assessment), 0);
}

/** NaN for an empty list. */
function share(part: number, whole: number): number {
  return whole === 0 ? Number.NaN : part / whole;
}

/** The entries at the end that all satisfy `holds`. */
function trailing<T>(list: readonly T[], holds: (entry: T) => boolean): T[] {
  return list.slice(list.findLastIndex((entry) => !holds(entry)) + 1);
}
