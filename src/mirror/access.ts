import { z } from "@hono/zod-openapi";
import type { Permit, SearchPermit } from "../courses/index.ts";
import type { DeclaredRefusal } from "../platform/http/declared-refusals.ts";
import { toInstant } from "../platform/instants.ts";
import { type Refusal, type Result, refuse } from "../platform/results.ts";
import type { Language } from "../platform/text.ts";
import {
  type Agenda,
  type Explanation,
  explain,
  explanationSchema,
  lockFields,
  type Program,
  type Step,
  type View,
  withTitles,
} from "../unlock/index.ts";
import type { Content, SnapshotInfo } from "./contract.ts";

// This decides what a learner is shown and what work of a learner is accepted, only by the present. Another instant and
// another viewer (`at`, `as`, `learner`) change the states and reasons in the answer, and nothing else.

/** The access of a learner to an item at the present instant. */
export type Access = { state: "open" } | { state: "hidden" } | { state: "locked"; explanation: Explanation };

/**
 * The one question before all content that is shown and all work that is accepted: may this learner open the item now?
 * @param present the learner's course as it is evaluated for now, never for another instant.
 */
export function accessTo(present: View, item: string, language: Language): Access {
  const { program, learner, evaluation, now, zone = null } = present;
  const index = program.indexOf.get(item);
  if (index === undefined || evaluation.visible[index] !== 1) return { state: "hidden" };
  if (evaluation.open[index] === 1) return { state: "open" };
  return {
    state: "locked",
    explanation: withTitles(program, explain(program, learner, evaluation, index, now, zone), language),
  };
}

/**
 * The refusal for the result of {@link accessTo}; null when the item is open. A hidden item gets the answer of one that
 * does not exist.
 */
export function refusalOf(access: Access, language: Language): { ok: false; refusal: Refusal } | null {
  if (access.state === "open") return null;
  return access.state === "hidden" ? refuse("item_not_found") : refuseLocked(access.explanation, language);
}

/** The additional fields in the refusal of a locked item. */
export const LOCKED = {
  code: "locked",
  name: "LockedProblem",
  members: {
    item: z.string(),
    ...lockFields,
    at: z
      .object({
        instant: z.string(),
        is_locked: z.boolean(),
        ...lockFields,
        sentence: explanationSchema.shape.sentence,
      })
      .optional()
      .openapi({ description: "The item at the instant that `at` names." }),
  },
} as const satisfies DeclaredRefusal;

/** `locked`, with every reason. @param asked the access to the item at another instant that was requested. */
function refuseLocked(
  { item, is_locked: _locked, sentence, ...rest }: Explanation,
  language: Language,
  asked?: { instant: number; explanation: Explanation },
): { ok: false; refusal: Refusal } {
  const at = asked === undefined ? {} : { at: atInstant(asked.instant, asked.explanation) };
  return refuse("locked", { detail: sentence[language], extra: { item, ...rest, ...at } });
}

function atInstant(instant: number, { item: _item, ...rest }: Explanation) {
  return { instant: toInstant(instant), ...rest };
}

type ItemContent = Extract<Content, { kind: "item" }>;

/**
 * Permission to show the content of one item, or the refusal.
 * @param caller whether staff of the course ask: they read everything at all times, decided by their present role.
 * @param asked the requested instant and viewer; an object one release older decides by `at`, so its answer opens
 * nothing then.
 */
export function permitFor(
  caller: { isStaff: boolean; language: Language },
  asked: { course: string; item: string; at: number | null },
  { content, snapshot }: { content: ItemContent; snapshot: SnapshotInfo },
): Result<Permit> {
  const decided = content.content_version ?? (asked.at === null ? snapshot.course_version : null);
  // The learner's object knows that there is a newer version which it cannot read: that version may hide or lock the
  // item.
  const isBehind = snapshot.source !== "realtime" && snapshot.stale_since !== undefined;
  if (decided === null || (isBehind && content.is_open && !caller.isStaff)) {
    return refuse("unavailable", {
      detail: "It cannot be decided right now whether the item is open.",
      retry_after: 1,
    });
  }
  if (!caller.isStaff && !content.is_open) {
    const other =
      asked.at === null || content.at === undefined ? undefined : { instant: asked.at, explanation: content.at };
    return refuseLocked(content.explanation, caller.language, other);
  }
  const { course, item } = asked;
  // SAFETY: this file is the one place that may say so.
  return { ok: true, value: { course, item, version: decided } as Permit };
}

/**
 * Permission to search in the texts of items that are open now: an agenda is about now, and has nothing hidden.
 * @param caller whether staff of the course ask: they read everything.
 */
export function permitSearch(
  caller: { isStaff: boolean },
  course: string,
  { agenda, snapshot }: { agenda: Agenda; snapshot: SnapshotInfo },
): Result<SearchPermit> {
  if (snapshot.source !== "realtime" && snapshot.stale_since !== undefined && !caller.isStaff) {
    return refuse("unavailable", { detail: "It cannot be decided right now what is open.", retry_after: 1 });
  }
  const open = agenda.items.filter((item) => caller.isStaff || item.is_open);
  const permit = { course, version: snapshot.course_version, items: open.map(({ id }) => id) };
  // SAFETY: this file is the one place that may say so.
  return { ok: true, value: permit as unknown as SearchPermit };
}

/**
 * Permission to show the content of one item to a learner who sends a pass: it was the answer of the rules at most a
 * few minutes ago. The caller has checked that the pass is genuine, belongs to the learner, has not ended and is not
 * revoked.
 * @param pass its bit for the item, and its version.
 * @param current the version that learners see now: a pass is not valid after a publish.
 */
export function permitByPass(
  { course, item }: { course: string; item: string },
  pass: { isOpen: boolean; version: number },
  current: number,
): Result<Permit> {
  if (pass.version !== current)
    return refuse("pass_refused", { detail: "The pass is for another version of the course." });
  if (!pass.isOpen) return refuse("pass_refused", { detail: "The item is not open in the pass. Ask without a pass." });
  // SAFETY: this file is the one place that may say so.
  return { ok: true, value: { course, item, version: current } as Permit };
}

/**
 * A view of another instant, as it may be shown now: items that are no longer in the course, or are hidden now, are
 * left out, and all names are today's. So an old version shows nothing that was taken back since.
 */
export function visibleNow(asked: View, present: View): View {
  if (asked === present) return asked;
  const { ids } = asked.program;
  const visible = asked.evaluation.visible.map((flag, item) => {
    const now = present.program.indexOf.get(ids[item] ?? "");
    return now !== undefined && present.evaluation.visible[now] === 1 ? flag : 0;
  });
  const program = asked.program === present.program ? asked.program : named(asked.program, present.program);
  return { ...asked, program, evaluation: { ...asked.evaluation, visible } };
}

/** A program whose items have the titles of another version. Rules and order stay. */
function named(program: Program, today: Program): Program {
  const titled = <T extends { id: string; title: Program["outline"]["title"] }>(item: T): T => {
    const index = today.indexOf.get(item.id);
    if (index === undefined) return item;
    const { chapters, problems } = today.outline;
    const title = (index < today.chapterCount ? chapters[index] : problems[index - today.chapterCount])?.title;
    return title === undefined ? item : { ...item, title };
  };
  const { outline } = program;
  return {
    ...program,
    outline: { ...outline, chapters: outline.chapters.map(titled), problems: outline.problems.map(titled) },
  };
}

/** Explains one item of a view that {@link visibleNow} has made: steps on items that are hidden now name nothing. */
export function explainVisible(view: View, item: number, language: Language): Explanation {
  const { program, learner, evaluation, now, zone = null } = view;
  const { to_unlock, do_next, ...rest } = explain(program, learner, evaluation, item, now, zone);
  const isHidden = (id: string | undefined) => evaluation.visible[program.indexOf.get(id ?? "") ?? -1] !== 1;
  const unnamed = (step: Step): Step => {
    if (step.item === undefined || !isHidden(step.item)) return step;
    const { item: _item, title: _title, ...others } = step;
    return others;
  };
  const shown = { ...rest, to_unlock: to_unlock?.map(unnamed) ?? null, do_next: do_next.map(unnamed) };
  return withTitles(program, shown, language);
}
