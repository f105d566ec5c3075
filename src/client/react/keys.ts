/** Keys of our queries. Each one is a prefix of the next, so invalidating a course includes everything in it. */
export const latchkeyKeys = {
  all: ["latchkey"] as const,
  course: (course: string) => [...latchkeyKeys.all, "course", course] as const,
  chapters: (course: string) => [...latchkeyKeys.course(course), "chapters"] as const,
  problems: (course: string) => [...latchkeyKeys.course(course), "problems"] as const,
  /** Anything about one item (its content, its explanation): for your own queries. */
  item: (course: string, item: string) => [...latchkeyKeys.course(course), "item", item] as const,
};
