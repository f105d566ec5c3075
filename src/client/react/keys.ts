/** Keys of our queries. Each begins with the one before it, so invalidating a course covers all that is in it. */
export const latchkeyKeys = {
  all: ["latchkey"] as const,
  course: (course: string) => [...latchkeyKeys.all, "course", course] as const,
  chapters: (course: string) => [...latchkeyKeys.course(course), "chapters"] as const,
  problems: (course: string) => [...latchkeyKeys.course(course), "problems"] as const,
  /** Anything about one item (its content, its explanation): for queries of your own. */
  item: (course: string, item: string) => [...latchkeyKeys.course(course), "item", item] as const,
};
