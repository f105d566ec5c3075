import { Random } from "../../test/support/node/random.ts";

// A course of the size the peers are measured with: 50 chapters, 50 problems, three earlier prerequisites each, some
// dates; and learners who have completed about half of it.

export const CHAPTERS = 50;
export const PROBLEMS = 50;
const PREREQUISITES = 3;
/** Prerequisites stand among so many items before. */
const REACH = 8;
const PAST = "2024-01-01T00:00:00Z";
const FUTURE = "2999-01-01T00:00:00Z";
/** Share of the items up to where a learner has come, and beyond it, that are completed. */
const DONE_BEHIND = 0.95;
const DONE_AHEAD = 0.05;

export interface BenchCourse {
  slug: string;
  document: unknown;
  chapters: string[];
  problems: string[];
}

/** @param options.dated with dates that have passed and dates to come; without any, everything can be completed. */
export function benchCourse(slug: string, { dated }: { dated: boolean }): BenchCourse {
  const random = new Random(50);
  const ids = (kind: string, count: number) => Array.from({ length: count }, (_, at) => `${slug}.${kind}${at + 1}`);
  const chapters = ids("c", CHAPTERS);
  const problems = ids("p", PROBLEMS);
  const rule = (list: readonly string[], at: number) => {
    const before = random.sample(list.slice(Math.max(0, at - REACH), at), PREREQUISITES);
    const leaves: object[] = before.map((id) => ({ completed: id }));
    if (dated && (at + 1) % 10 === 0) leaves.push({ from: FUTURE });
    else if (dated && (at + 1) % 7 === 0) leaves.push({ from: PAST });
    return leaves.length === 0 ? null : { all: leaves };
  };
  const document = {
    slug,
    title: slug,
    options: { problems_follow_chapter: false },
    chapters: chapters.map((id, at) => ({
      id,
      title: `Chapter ${at + 1}`,
      rule: rule(chapters, at),
      problems: [{ id: problems[at], title: `Problem ${at + 1}`, rule: rule(problems, at), difficulty: (at % 10) + 1 }],
    })),
  };
  return { slug, document, chapters, problems };
}

/** Facts of one learner, in the form of the import endpoint: about half of the course is done. */
export function benchFacts(course: BenchCourse, user: string, random: Random): object[] {
  const reached = random.below(CHAPTERS + 1);
  return [course.chapters, course.problems].flatMap((items) =>
    items.flatMap((item, at) =>
      random.next() < (at < reached ? DONE_BEHIND : DONE_AHEAD)
        ? [{ user_id: user, item, completed: true, at: "2026-01-01T00:00:00Z" }]
        : [],
    ),
  );
}

/** A course in which every chapter is open and each opens one problem: each completion is a write with one unlock. */
export function writeCourse(slug: string): BenchCourse {
  const chapters = Array.from({ length: CHAPTERS }, (_, at) => `${slug}.c${at + 1}`);
  const problems = chapters.map((id) => id.replace(".c", ".p"));
  const document = {
    slug,
    title: slug,
    options: { problems_follow_chapter: false },
    chapters: chapters.map((id, at) => ({
      id,
      title: `Chapter ${at + 1}`,
      problems: [{ id: problems[at], title: `Problem ${at + 1}`, rule: { completed: id } }],
    })),
  };
  return { slug, document, chapters, problems };
}
