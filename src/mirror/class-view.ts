import type { CoursePointer } from "../courses/index.ts";
import type { CourseDatabases } from "../platform/database/course-databases.ts";
import type { Language } from "../platform/text.ts";
import { NONE, type Program, titleOf } from "../unlock/index.ts";
import { type ClassQuery, classPage } from "./class-page.ts";
import { type ClassRow, type ClassState, classRow } from "./class-row.ts";

/** The active course of a class. */
export interface ClassCourse {
  slug: string;
  pointer: CoursePointer;
  program: Program;
}

/** The description of a column's item. */
export function classItem({ program }: ClassCourse, item: number, language: Language) {
  const chapter = program.chapterOf[item] ?? NONE;
  const isChapter = item < program.chapterCount;
  return {
    id: program.ids[item] ?? "",
    title: titleOf(program, item, language),
    kind: isChapter ? "chapter" : (program.outline.problems[item - program.chapterCount]?.kind ?? "problem"),
    chapter_id: isChapter || chapter === NONE ? null : (program.ids[chapter] ?? null),
  };
}

/**
 * A page of a class: each learner's state of each item, from the mirror in D1, decided at `now` by the same evaluator
 * as everywhere, so that a mirror that waits for a refresh is right too. Three D1 statements.
 * @param items numbers of the requested items.
 * @param state only learners for whom one of these items is in this state.
 */
export async function classView(
  databases: CourseDatabases,
  course: ClassCourse,
  query: ClassQuery & { items: readonly number[]; state: ClassState | null },
  now: number,
): Promise<{ rows: ClassRow[]; next: string | null }> {
  const { members, next } = await classPage(databases, course.slug, query);
  const rows = members.map((member) => classRow(course, member, query.items, now));
  const { state } = query;
  return { rows: state === null ? rows : rows.filter(({ states }) => states.includes(state)), next };
}
