/** Chapters of the validation's course: short enough that learners finish and others come. */
const CHAPTERS = 12;

/** Ids of the chapters, in the order in which they open one another. */
export function chapterIds(course: string): string[] {
  return Array.from({ length: CHAPTERS }, (_, at) => `${course}.c${String(at + 1).padStart(2, "0")}`);
}

/** A course in which each chapter opens the next. Its locks are the same in every edition; only texts differ. */
export function courseDocument(course: string, edition: number): object {
  return {
    slug: course,
    title: `Validation, edition ${edition}`,
    chapters: chapterIds(course).map((id, at, all) => ({
      id,
      title: `Chapter ${at + 1}, edition ${edition}`,
      content: `Text of chapter ${at + 1} in edition ${edition}.`,
      ...(at === 0 ? {} : { rule: { completed: all[at - 1] } }),
    })),
  };
}
