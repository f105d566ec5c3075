import { z } from "@hono/zod-openapi";
import type { Language } from "../platform/text.ts";
import { courseDoneAt } from "./completion/course.ts";
import { scopeOf, stateOf } from "./evaluate.ts";
import { titleOf } from "./explain.ts";
import type { OutlineItem } from "./outline.ts";
import { pauseAt } from "./pause.ts";
import { NONE } from "./program.ts";
import { isListed, type View } from "./rows.ts";
import { doneAt, dueOf, windowOf } from "./scope.ts";
import type { Scope } from "./truth.ts";

/** One listed item with the dates a learner plans by. Instants in epoch ms; null for none. */
const agendaItemSchema = z.object({
  id: z.string(),
  title: z.string(),
  /** `chapter`, or the kind of the problem. */
  kind: z.string(),
  /** The chapter that contains it, if the learner may see that chapter. */
  chapter: z.string().nullable(),
  state: z.enum(["locked", "unlocked", "started", "completed"]),
  is_open: z.boolean(),
  /** Whether it counts as done: it is completed or excused. */
  is_done: z.boolean(),
  opens: z.number().nullable(),
  /** For this learner: an extension moves it. */
  due: z.number().nullable(),
  closes: z.number().nullable(),
  /** The end of accepting work: `closes`, or the end of the course. */
  until: z.number().nullable(),
});
export const agendaSchema = z.object({
  /** When the learner met the requirement of the course's certificate. This never changes back. */
  certified_at: z.number().nullable(),
  /** The pause in force. Older objects do not send this field. */
  pause: z.object({ until: z.number().nullable(), reason: z.string() }).nullable().default(null),
  items: z.array(agendaItemSchema),
});
export type AgendaItem = z.infer<typeof agendaItemSchema>;
export type Agenda = z.infer<typeof agendaSchema>;

/**
 * Everything in the learner's lists, in course order: each chapter followed by its problems, then problems without a
 * chapter.
 */
export function agendaOf(view: View, language: Language): Agenda {
  const { program, learner, evaluation, now } = view;
  const scope = scopeOf(program, learner, now);
  const row = (item: number): AgendaItem => {
    const isChapter = item < program.chapterCount;
    const problem = program.outline.problems[item - program.chapterCount];
    const standsIn = program.chapterOf[item] ?? NONE;
    return {
      id: program.ids[item] ?? "",
      title: titleOf(program, item, language),
      kind: isChapter ? "chapter" : (problem?.kind ?? "problem"),
      chapter: !isChapter && evaluation.visible[standsIn] === 1 ? (program.ids[standsIn] ?? null) : null,
      state: stateOf(learner, evaluation, item),
      is_open: evaluation.open[item] === 1,
      is_done: !Number.isNaN(doneAt(scope, item)),
      ...datesOf(scope, item),
    };
  };
  const order: number[] = [];
  for (let chapter = 0; chapter < program.chapterCount; chapter += 1) {
    order.push(chapter, ...(program.problemsOf[chapter] ?? []));
  }
  for (let item = program.chapterCount; item < program.size; item += 1) {
    if (program.chapterOf[item] === NONE) order.push(item);
  }
  const items = order.filter((item) => isListed(view, item)).map(row);
  const pause = pauseAt(learner.pauses, now);
  return {
    certified_at: view.certifiedAt ?? null,
    pause: pause === null ? null : { until: pause.until, reason: pause.reason },
    items,
  };
}

function datesOf(scope: Scope, item: number): Pick<AgendaItem, "opens" | "due" | "closes" | "until"> {
  const { outline, chapterCount } = scope.program;
  const source: OutlineItem | undefined =
    item < chapterCount ? outline.chapters[item] : outline.problems[item - chapterCount];
  if (source === undefined) return { opens: null, due: null, closes: null, until: null };
  const { from, until } = windowOf(scope, item);
  return {
    opens: Number.isFinite(from) ? from : null,
    due: dueOf(scope, item),
    closes: source.closes !== undefined && Number.isFinite(until) ? until : null,
    until: Number.isFinite(until) ? until : null,
  };
}

/** Whether a learner now meets the requirement of the course's certificate. False if the course has no certificate. */
export function meetsCertificate(scope: Scope): boolean {
  const { outline, indexOf } = scope.program;
  const { certificate } = outline.options;
  if (certificate === undefined) return false;
  if (certificate.for === "course") return !Number.isNaN(courseDoneAt(scope));
  const item = indexOf.get(certificate.item);
  return item !== undefined && !Number.isNaN(scope.learner.completedAt[item] ?? Number.NaN);
}
