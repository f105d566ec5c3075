import type { CoursePointer } from "../courses/index.ts";
import type { CourseDatabases } from "../platform/database/course-databases.ts";
import type { Language } from "../platform/text.ts";
import { NONE, type Program, STANDING, stateOf, titleOf } from "../unlock/index.ts";
import { type ClassMember, type ClassQuery, classPage } from "./class-page.ts";
import { mirroredView } from "./realtime.ts";

/** `hidden`: the learner does not see it now. */
export const CLASS_STATES = ["hidden", "locked", "unlocked", "started", "completed"] as const;
export type ClassState = (typeof CLASS_STATES)[number];

/** One learner of the class: states and scores stand in the order of the items asked for. */
export interface ClassRow {
  user_id: string;
  enrollment_id: string;
  name: string | null;
  /** Epoch ms; null is never. */
  last_active_at: number | null;
  /** Items that the learner completed, of those that the course has. */
  completed_count: number;
  states: ClassState[];
  scores: (number | null)[];
}

/** The active course of a class. */
export interface ClassCourse {
  slug: string;
  pointer: CoursePointer;
  program: Program;
}

/**
 * The items of a course as columns: each chapter and its problems after it, then the problems without a chapter. Drafts
 * are nobody's.
 * @param chapter only this one and its problems; null for all.
 */
export function classItems(program: Program, chapter: number | null): number[] {
  const { chapterCount, chapterOf, problemsOf, standing, size } = program;
  const items: number[] = [];
  for (let own = 0; own < chapterCount; own += 1) {
    if (chapter === null || chapter === own) items.push(own, ...(problemsOf[own] ?? []));
  }
  for (let item = chapterCount; item < size; item += 1) {
    if (chapter === null && (chapterOf[item] ?? NONE) === NONE) items.push(item);
  }
  return items.filter((item) => standing[item] !== STANDING.DRAFT);
}

/** What a column says of its item. */
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
 * A page of a class: each learner's state of each item, from what D1 mirrors and decided at `now` by the same evaluator as
 * everywhere, so that a mirror that waits to be refreshed is right too. Three D1 statements.
 *
 * @param items numbers of the items asked for.
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

/** One learner's row, evaluated. */
export function classRow(course: ClassCourse, member: ClassMember, items: readonly number[], now: number): ClassRow {
  const { mirror, name, active_at } = member;
  const { learner, evaluation } = mirroredView(mirror, course.pointer, course.program, now);
  let completed_count = 0;
  for (const at of learner.completedAt) if (!Number.isNaN(at)) completed_count += 1;
  return {
    user_id: mirror.user,
    enrollment_id: mirror.id,
    name,
    last_active_at: active_at === 0 ? null : active_at,
    completed_count,
    states: items.map((item) => (evaluation.visible[item] === 1 ? stateOf(learner, evaluation, item) : "hidden")),
    scores: items.map((item) => {
      const score = learner.bestScore[item] ?? Number.NaN;
      return Number.isNaN(score) ? null : score;
    }),
  };
}
