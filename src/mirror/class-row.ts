import { NONE, type Program, STANDING, stateOf } from "../unlock/index.ts";
import { type MirroredEnrollment, mirroredView } from "./mirrored.ts";

// One learner's row of a class. Pure: no I/O, no clock.

/** `hidden`: the learner does not see it now. */
export const CLASS_STATES = ["hidden", "locked", "unlocked", "started", "completed"] as const;
export type ClassState = (typeof CLASS_STATES)[number];

/** One learner of the class: states and scores are in the order of the requested items. */
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

export interface ClassMember {
  mirror: MirroredEnrollment;
  /** Null if nobody knows it any more. */
  name: string | null;
  /** Epoch ms; 0 is never. */
  active_at: number;
}

/**
 * The items of a course as columns: each chapter and its problems after it, then the problems without a chapter. Drafts
 * are left out.
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

/** One learner's row, evaluated. */
export function classRow(
  course: { program: Program; pointer: Parameters<typeof mirroredView>[1] },
  member: ClassMember,
  items: readonly number[],
  now: number,
): ClassRow {
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
