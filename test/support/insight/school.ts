import { SeededRandom } from "../../../src/insight/random.ts";
import type { CourseFacts, Learner } from "../../../src/insight/world.ts";

const DAY_MS = 86_400_000;
/** Days between the starts of two terms. */
const TERM_DAYS = 200;

export interface SchoolOptions {
  terms: number;
  modules: number;
  learners: number;
  seed: number;
  /** Start of the first term, epoch ms. */
  start: number;
}

/**
 * A made-up school whose learners pass when they are able and diligent enough, so that what they submit and how well
 * says something about the outcome, and not everything.
 */
export function madeUpSchool(options: SchoolOptions): CourseFacts[] {
  const random = new SeededRandom(options.seed);
  const courses: CourseFacts[] = [];
  for (let term = 0; term < options.terms; term += 1) {
    for (let module = 0; module < options.modules; module += 1) {
      const course = `m${module}-t${term}`;
      const assessments = Array.from({ length: 8 }, (_, at) => ({
        item: `${course}.a${at}`,
        due: at === 7 ? null : 12 + at * 12,
        weight: at === 7 ? 100 : 10 + (at % 3) * 5,
        isExam: at === 7,
      }));
      courses.push({
        course,
        module: `m${module}`,
        period: `t${term}`,
        start: options.start + term * TERM_DAYS * DAY_MS,
        length: 100,
        assessments,
        learners: Array.from({ length: options.learners }, (_, at) =>
          madeUpLearner(`u${term}-${String(at).padStart(4, "0")}`, assessments, random),
        ),
      });
    }
  }
  return courses;
}

function madeUpLearner(user: string, assessments: CourseFacts["assessments"], random: SeededRandom): Learner {
  const diligence = random.next();
  const ability = random.next();
  const submissions = assessments.flatMap(({ item, due }) => {
    if (due === null || random.next() > 0.3 + 0.7 * diligence) return [];
    const day = due + Math.round((random.next() - 0.5 - diligence * 0.3) * 6);
    return [{ item, day, score: random.next() < 0.02 ? null : Math.round(30 + 60 * ability * random.next() + 10) }];
  });
  const withdrawn = random.next() > 0.75 + diligence * 0.3 ? Math.round(5 + random.next() * 90) : null;
  const passed = withdrawn === null && diligence + ability + (random.next() - 0.5) * 0.4 > 0.9;
  return {
    user,
    registered: -Math.round(random.next() * 60) + (random.next() < 0.05 ? 40 : 0),
    withdrawn,
    attempts: random.next() < 0.1 ? 1 : 0,
    credits: 30 + Math.round(random.next() * 3) * 30,
    passed,
    submissions: submissions
      .filter(({ day }) => withdrawn === null || day <= withdrawn)
      .sort((a, b) => a.day - b.day || (a.item < b.item ? -1 : 1)),
  };
}
