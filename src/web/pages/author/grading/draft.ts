import { useEffect, useState } from "react";
import type { GivenVerdict, GradedSubmission, LineComment } from "../../../api/types.ts";
import { dropText, keepText, keptText } from "../../../lib/kept-text.ts";

/** A grader's typed verdict that was not sent. */
export interface Draft {
  passed: boolean | null;
  score: string;
  feedback: string;
  marks: Record<string, Mark>;
  comments: LineComment[];
  held: boolean;
  relock: boolean;
}
export interface Mark {
  level: string | null;
  points: string;
  comment: string;
}
export type Criteria = NonNullable<GradedSubmission["criteria"]>;

export const NO_MARK: Mark = { level: null, points: "", comment: "" };

const placeOf = (submission: string) => `verdict ${submission}`;

/** The present verdict in the form of a draft, to change it. */
function draftOf(verdict: GivenVerdict | GradedSubmission): Draft {
  const { status, points, score, feedback, rubric, comments, held } = verdict;
  const marks = rubric.map(({ criterion, level, points: given, comment }): [string, Mark] => [
    criterion,
    { level, points: String(given), comment: comment ?? "" },
  ]);
  const named = points === null ? (score === null ? "" : String(score)) : `${points.points}/${points.max}`;
  return {
    passed: status === "pending" ? null : status === "passed",
    score: named,
    feedback: feedback ?? "",
    marks: Object.fromEntries(marks),
    comments,
    held,
    relock: false,
  };
}

/**
 * The verdict that is being written, stored in this browser with each change. So a reload, the end of the session or a
 * visit to another answer loses nothing.
 */
export function useDraft(user: string, submission: GradedSubmission) {
  const place = placeOf(submission.id);
  const [start] = useState(() => draftOf(submission));
  const [kept] = useState(() => keptDraft(keptText(user, place), start));
  const [draft, setDraft] = useState<Draft>(kept ?? start);
  const isTyped = JSON.stringify(draft) !== JSON.stringify(start);
  useEffect(() => {
    if (isTyped) keepText(user, place, JSON.stringify(draft));
    else dropText(user, place);
  }, [draft, isTyped, user, place]);
  return {
    draft,
    change: (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change })),
    wasKept: kept !== null,
    forget: () => dropText(user, place),
  };
}

function keptDraft(text: string | null, start: Draft): Draft | null {
  if (text === null) return null;
  try {
    const kept: unknown = JSON.parse(text);
    // SAFETY: written above, under a name of this page alone; a field that an older page did not know is as it is now.
    return typeof kept === "object" && kept !== null ? { ...start, ...(kept as Partial<Draft>) } : null;
  } catch {
    return null;
  }
}

type Score = { score: number } | { points: { points: number; max: number } };

/** A typed score: percent or points; if it is empty, it follows from the verdict. Null: it is neither. */
function scoreOf(text: string, passed: boolean): Score | null {
  const typed = text.trim().replace(/,/g, ".");
  if (typed === "") return { score: passed ? 100 : 0 };
  const [, points, max] = /^(\d+(?:\.\d+)?)\s*\/\s*(\d+(?:\.\d+)?)$/.exec(typed) ?? [];
  if (points !== undefined && max !== undefined) {
    const told = { points: Number(points), max: Number(max) };
    return told.max > 0 && told.points <= told.max ? { points: told } : null;
  }
  const [, percent] = /^(\d+(?:\.\d+)?)\s*%?$/.exec(typed) ?? [];
  return percent !== undefined && Number(percent) <= 100 ? { score: Number(percent) } : null;
}

/** Points of one mark: typed ones, or those of its level; null if there are none, or too many. */
export function pointsOf(mark: Mark, criterion: Criteria[number]): number | null {
  const typed = mark.points.trim().replace(",", ".");
  const level = criterion.levels.find(({ id }) => id === mark.level);
  const points = typed === "" ? (level?.points ?? Number.NaN) : Number(typed);
  return points >= 0 && points <= criterion.points ? points : null;
}

/** The verdict to send, or which part of the form is missing. */
export function bodyOf(
  { passed, score, feedback, marks, comments, held, relock }: Draft,
  criteria: Criteria | null,
  replaces: number,
): { ok: true; body: object } | { ok: false; missing: "passed" | "score" | "rubric" } {
  if (passed === null) return { ok: false, missing: "passed" };
  const rest = {
    passed,
    comments,
    feedback: feedback.trim() === "" ? null : feedback,
    ...(held ? { held } : {}),
    ...(replaces > 0 ? { replaces, relock } : {}),
  };
  if (criteria === null) {
    const told = scoreOf(score, passed);
    return told === null ? { ok: false, missing: "score" } : { ok: true, body: { ...rest, ...told } };
  }
  const rubric = criteria.flatMap((criterion) => {
    const mark = marks[criterion.id] ?? NO_MARK;
    const points = pointsOf(mark, criterion);
    const comment = mark.comment.trim() === "" ? null : mark.comment;
    return points === null ? [] : [{ criterion: criterion.id, level: mark.level, points, comment }];
  });
  return rubric.length < criteria.length ? { ok: false, missing: "rubric" } : { ok: true, body: { ...rest, rubric } };
}
