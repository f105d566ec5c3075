import { toInstantOrNull } from "../shared/instants.ts";
import type { Language } from "../shared/text.ts";
import { NONE, type Program } from "./compile.ts";
import { type Evaluation, type ItemState, stateOf } from "./evaluate.ts";
import { conditionSentence, type PrerequisiteProgress, prerequisiteProgress, titleOf } from "./explain.ts";
import type { Learner } from "./learner.ts";
import type { ItemStatus } from "./outline.ts";
import { isCompleted, type Scope, scopeOf } from "./truth.ts";

export interface ChapterRow {
  id: string;
  title: string;
  /** Position in the course, from 1, over visible chapters. */
  order: number;
  status: ItemState;
  item_status: ItemStatus;
  is_locked: boolean;
  prerequisite_progress: PrerequisiteProgress;
  unlock_condition_description: string;
  problems_completed: number;
  problems_total: number;
  completed_at: string | null;
}

export interface ProblemRow {
  id: string;
  /** Null where it stands in no chapter, or in one hidden from the learner. */
  chapter_id: string | null;
  title: string;
  /** Position in the course, from 1, over visible problems. */
  order: number;
  difficulty: number;
  status: ItemState;
  item_status: ItemStatus;
  is_unlocked: boolean;
  prerequisite_progress: PrerequisiteProgress;
  unlock_condition_description: string;
  best_score: number | null;
  completed_at: string | null;
}

/** One learner's evaluated course: what rows, explanations and states are rendered from. */
export interface View {
  program: Program;
  learner: Learner;
  evaluation: Evaluation;
  now: number;
}

/** What staff see: everything there and open, drafts too. Decided at read time from the role, never stored. */
export function staffView(program: Program, learner: Learner, now: number): View {
  const everything = new Uint8Array(program.size).fill(1);
  return {
    program,
    learner,
    now,
    evaluation: { open: everything, earned: everything, visible: everything, validUntil: Number.POSITIVE_INFINITY },
  };
}

/** Rows of the visible chapters, in course order. */
export function chapterRows(view: View, language: Language): ChapterRow[] {
  const scope = scopeOf(view.program, view.learner, view.now);
  return visibleItems(view, 0, view.program.chapterCount).map((item, position) => {
    const problems = [...(view.program.problemsOf[item] ?? [])].filter(
      (problem) => view.evaluation.visible[problem] === 1,
    );
    return {
      ...commonFields(view, scope, item, position, language),
      is_locked: view.evaluation.open[item] !== 1,
      problems_completed: problems.filter((problem) => isCompleted(view.learner, problem)).length,
      problems_total: problems.length,
    };
  });
}

/** Rows of the visible problems, in course order; only those of one chapter if its number is given. */
export function problemRows(view: View, language: Language, chapter: number | null = null): ProblemRow[] {
  const { program, learner, evaluation } = view;
  const scope = scopeOf(program, learner, view.now);
  const rows: ProblemRow[] = [];
  visibleItems(view, program.chapterCount, program.size).forEach((item, position) => {
    const standsIn = program.chapterOf[item] ?? NONE;
    if (chapter !== null && standsIn !== chapter) return;
    const score = learner.bestScore[item] ?? Number.NaN;
    rows.push({
      ...commonFields(view, scope, item, position, language),
      // A deprecated chapter may be hidden from a learner who started a problem in it.
      chapter_id: evaluation.visible[standsIn] === 1 ? (program.ids[standsIn] ?? null) : null,
      difficulty: program.outline.problems[item - program.chapterCount]?.difficulty ?? 1,
      is_unlocked: evaluation.open[item] === 1,
      best_score: Number.isNaN(score) ? null : score,
    });
  });
  return rows;
}

function visibleItems(view: View, from: number, to: number): number[] {
  const items: number[] = [];
  for (let item = from; item < to; item += 1) if (view.evaluation.visible[item] === 1) items.push(item);
  return items;
}

function commonFields(view: View, scope: Scope, item: number, position: number, language: Language) {
  const { program, learner, evaluation } = view;
  const completed = learner.completedAt[item] ?? Number.NaN;
  return {
    id: program.ids[item] ?? "",
    title: titleOf(program, item, language),
    order: position + 1,
    status: stateOf(learner, evaluation, item),
    item_status: program.statuses[item] ?? "active",
    prerequisite_progress: prerequisiteProgress(scope, evaluation, item),
    unlock_condition_description: conditionSentence(scope, evaluation, item, language),
    completed_at: toInstantOrNull(Number.isNaN(completed) ? null : completed),
  };
}

/** State of every visible item by id: the compact answer of `unlocks`. */
export function itemStates(view: View): Record<string, ItemState> {
  const states: Record<string, ItemState> = {};
  for (const item of visibleItems(view, 0, view.program.size)) {
    states[view.program.ids[item] ?? ""] = stateOf(view.learner, view.evaluation, item);
  }
  return states;
}
