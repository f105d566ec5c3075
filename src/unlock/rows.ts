import { toInstantOrNull } from "../platform/instants.ts";
import type { Language } from "../platform/text.ts";
import { reasonsIn } from "./clauses.ts";
import { completionState, missingOf, takesMark } from "./completion/missing.ts";
import { type Evaluation, type ItemState, scopeOf, stateOf } from "./evaluate.ts";
import { conditionSentences, type PrerequisiteProgress, prerequisiteProgress, titleOf } from "./explain.ts";
import type { CompletionView } from "./explanation.ts";
import type { Learner } from "./learner.ts";
import type { ItemStatus } from "./outline.ts";
import { NONE, type Program, VEIL } from "./program.ts";
import { dueOf, windowOf } from "./scope.ts";
import { sentenceIn } from "./sentence.ts";
import { isCompleted, type Scope } from "./truth.ts";

/** When an item accepts work for this learner; only for items with such a window. */
interface WindowRow {
  opens: string | null;
  due: string | null;
  closes: string | null;
}

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
  window?: WindowRow;
  completion?: CompletionView;
}

export interface ProblemRow {
  id: string;
  /** Null if it has no chapter, or one that is hidden from the learner. */
  chapter_id: string | null;
  title: string;
  /** Position in the course, from 1, over visible problems. */
  order: number;
  difficulty: number;
  /** The kind of item: `problem` if the author does not say. */
  kind: string;
  status: ItemState;
  item_status: ItemStatus;
  is_unlocked: boolean;
  prerequisite_progress: PrerequisiteProgress;
  unlock_condition_description: string;
  best_score: number | null;
  completed_at: string | null;
  window?: WindowRow;
  completion?: CompletionView;
}

/** One learner's evaluated course, from which rows, explanations and states are made. */
export interface View {
  /** IANA time zone for the dates in sentences; null or absent for UTC. */
  zone?: string | null;
  program: Program;
  learner: Learner;
  evaluation: Evaluation;
  now: number;
  /** When the learner met what the course's certificate requires, epoch ms; null or absent: not yet. */
  certifiedAt?: number | null;
  /** Lists include unlisted items: staff see where they are. */
  listsAll?: boolean;
}

/** Whether an item is listed and counted for the learner. */
export function isListed(
  { program, evaluation, listsAll = false }: Omit<View, "learner" | "now">,
  item: number,
): boolean {
  return evaluation.visible[item] === 1 && (listsAll || program.veils[item] !== VEIL.UNLISTED);
}

/** What staff see: everything, open, with drafts. Decided from the role at each read, never stored. */
export function staffView(program: Program, learner: Learner, now: number): View {
  const everything = new Uint8Array(program.size).fill(1);
  return {
    program,
    // Staff have the whole course, for whichever cohorts its items are.
    learner: { ...learner, program },
    now,
    listsAll: true,
    evaluation: { open: everything, earned: everything, visible: everything, validUntil: Number.POSITIVE_INFINITY },
  };
}

/** An item and its position, from 1, among the visible items of its kind. */
export interface Place {
  item: number;
  order: number;
}

/**
 * The places of the visible items of one kind, in course order; of problems only those of a chapter if its number is
 * given.
 */
export function placesOf(view: View, kind: "chapters" | "problems", chapter: number | null = null): Place[] {
  const { chapterCount, size, chapterOf } = view.program;
  const items = kind === "chapters" ? listedItems(view, 0, chapterCount) : listedItems(view, chapterCount, size);
  const places = items.map((item, index) => ({ item, order: index + 1 }));
  return chapter === null ? places : places.filter(({ item }) => chapterOf[item] === chapter);
}

/** The place of one visible item among the listed items of its kind. */
export function placeOf(view: View, item: number): Place {
  const { chapterCount } = view.program;
  let order = 1;
  for (let before = item < chapterCount ? 0 : chapterCount; before < item; before += 1) {
    if (isListed(view, before)) order += 1;
  }
  return { item, order };
}

/** Data that all rows of one answer share: looked up once, not for each row. */
interface Drawing {
  view: View;
  scope: Scope;
  language: Language;
  sentenceFor: (item: number) => string;
}

function drawingOf(view: View, language: Language): Drawing {
  const scope = scopeOf(view.program, view.learner, view.now);
  return {
    view,
    scope,
    language,
    sentenceFor: conditionSentences(scope, view.evaluation, language, view.zone ?? null),
  };
}

/** Rows of the given items of one kind, and no others. */
export function rowsAt(view: View, places: readonly Place[], language: Language): (ChapterRow | ProblemRow)[] {
  const drawing = drawingOf(view, language);
  const { chapterCount } = view.program;
  return places.map((place) => (place.item < chapterCount ? chapterRow(drawing, place) : problemRow(drawing, place)));
}

/** Rows of the visible chapters, in course order. */
export function chapterRows(view: View, language: Language): ChapterRow[] {
  const drawing = drawingOf(view, language);
  return placesOf(view, "chapters").map((place) => chapterRow(drawing, place));
}

/** Rows of the visible problems, in course order; only those of one chapter if its number is given. */
export function problemRows(view: View, language: Language, chapter: number | null = null): ProblemRow[] {
  const drawing = drawingOf(view, language);
  return placesOf(view, "problems", chapter).map((place) => problemRow(drawing, place));
}

function chapterRow(drawing: Drawing, place: Place): ChapterRow {
  const { program, learner, evaluation } = drawing.view;
  const problems = [...(program.problemsOf[place.item] ?? [])].filter((problem) => isListed(drawing.view, problem));
  return {
    ...commonFields(drawing, place),
    is_locked: evaluation.open[place.item] !== 1,
    problems_completed: problems.filter((problem) => isCompleted(learner, problem)).length,
    problems_total: problems.length,
  };
}

function problemRow(drawing: Drawing, place: Place): ProblemRow {
  const { program, learner, evaluation } = drawing.view;
  const { item } = place;
  const standsIn = program.chapterOf[item] ?? NONE;
  const score = learner.bestScore[item] ?? Number.NaN;
  return {
    ...commonFields(drawing, place),
    chapter_id: evaluation.visible[standsIn] === 1 ? (program.ids[standsIn] ?? null) : null,
    difficulty: program.outline.problems[item - program.chapterCount]?.difficulty ?? 1,
    kind: program.outline.problems[item - program.chapterCount]?.kind ?? "problem",
    is_unlocked: evaluation.open[item] === 1,
    best_score: Number.isNaN(score) ? null : score,
  };
}

function listedItems(view: View, from: number, to: number): number[] {
  const items: number[] = [];
  for (let item = from; item < to; item += 1) if (isListed(view, item)) items.push(item);
  return items;
}

function commonFields({ view, scope, language, sentenceFor }: Drawing, { item, order }: Place) {
  const { program, learner, evaluation } = view;
  const completed = learner.completedAt[item] ?? Number.NaN;
  return {
    id: program.ids[item] ?? "",
    title: titleOf(program, item, language),
    order,
    status: stateOf(learner, evaluation, item),
    item_status: program.statuses[item] ?? "active",
    prerequisite_progress: prerequisiteProgress(scope, evaluation, item),
    unlock_condition_description: sentenceFor(item),
    completed_at: toInstantOrNull(Number.isNaN(completed) ? null : completed),
    ...windowFields(scope, item),
    ...(program.completion === null ? {} : completionFields(view, scope, item, language)),
  };
}

/** How far the learner is with an item's requirement; null if it has none. */
export function completionOfItem(view: View, item: number, language: Language): CompletionView | null {
  const fields = completionFields(view, scopeOf(view.program, view.learner, view.now), item, language);
  return fields.completion ?? null;
}

function completionFields(
  { evaluation, zone = null }: View,
  scope: Scope,
  item: number,
  language: Language,
): { completion?: CompletionView } {
  const asked = scope.program.completion?.asked[item] ?? null;
  if (asked === null) return {};
  const missing = missingOf(scope, evaluation, item);
  return {
    completion: {
      state: completionState(scope, item),
      takes_mark: takesMark(asked),
      missing: missing === null ? [] : reasonsIn(missing),
      description: missing === null ? "" : sentenceIn(scope.program, missing, { zone }, language),
    },
  };
}

function windowFields(scope: Scope, item: number): { window?: WindowRow } {
  const { outline, chapterCount } = scope.program;
  const source = item < chapterCount ? outline.chapters[item] : outline.problems[item - chapterCount];
  const { ends } = outline.options;
  if (source === undefined) return {};
  if (source.opens === undefined && source.due === undefined && source.closes === undefined && ends === undefined)
    return {};
  const { from, until } = windowOf(scope, item);
  const instant = (at: number) => toInstantOrNull(Number.isFinite(at) ? at : null);
  const isOver = source.closes !== undefined || ends !== undefined;
  return {
    window: {
      opens: instant(from),
      due: toInstantOrNull(dueOf(scope, item)),
      closes: isOver ? instant(until) : null,
    },
  };
}

/** State of every listed item by id: the compact answer of `unlocks`. */
export function itemStates(view: View): Record<string, ItemState> {
  const states: Record<string, ItemState> = {};
  for (const item of listedItems(view, 0, view.program.size)) {
    states[view.program.ids[item] ?? ""] = stateOf(view.learner, view.evaluation, item);
  }
  return states;
}
