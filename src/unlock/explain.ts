import { toInstant } from "../platform/instants.ts";
import { inLanguage, type Language } from "../platform/text.ts";
import { reasonsIn } from "./clauses.ts";
import { conditionsOf } from "./conditions.ts";
import { type Evaluation, evaluate, scopeOf } from "./evaluate.ts";
import { Explainer } from "./explainer.ts";
import type { Explanation, Reason, Step } from "./explanation.ts";
import type { Learner } from "./learner.ts";
import { isGroup, kidsOf } from "./nodes.ts";
import { type Pause, pauseAt } from "./pause.ts";
import { courseOf, type Need } from "./plan/plan.ts";
import { NONE, type Program } from "./program.ts";
import { type Reach, reachOf } from "./reach.ts";
import { sentenceIn, sentenceOf } from "./sentence.ts";
import { StepSearch } from "./steps.ts";
import { evaluateNode, IGNORED, passesPrevious, passesTutorial, type Scope, TRUE } from "./truth.ts";
import { roundedUp } from "./wording/numbers.ts";

/**
 * Explains one item for one learner. Drafts, and deprecated items that the learner never started, are never named.
 * @param zone IANA time zone of the dates in the sentence; null for UTC.
 */
export function explain(
  program: Program,
  learner: Learner,
  evaluation: Evaluation,
  item: number,
  now: number,
  zone: string | null = null,
): Explanation {
  const id = program.ids[item] ?? "";
  if (evaluation.open[item] === 1) {
    return {
      item: id,
      is_locked: false,
      conditions: [],
      reasons: [],
      to_unlock: [],
      do_next: [],
      sentence: { en: "", zh: "" },
    };
  }
  const pause = pauseAt(learner.pauses, now);
  if (pause !== null) return explainPaused(program, learner, item, pause, zone);
  const scope = scopeOf(program, learner, now);
  const reach = reachOf(scope, evaluation);
  const search = new StepSearch(scope, evaluation, reach);
  const steps = search.stepsOf(item);
  const clause = new Explainer(scope, evaluation, reach).clauseOf(item, steps === null);
  return {
    item: id,
    is_locked: true,
    conditions: conditionsOf(scope, evaluation, item, zone),
    reasons: reasonsIn(clause),
    to_unlock: steps === null ? null : steps.map((need) => stepOf(program, evaluation, need)),
    do_next: steps === null ? [] : search.doNext(item, steps).map((need) => stepOf(program, evaluation, need)),
    sentence: sentenceOf(program, clause, { zone, isHopeless: steps === null }),
  };
}

/** The part of an explanation about a pause. */
function pausedReason({ until, reason }: Pause): Reason {
  return { code: "paused", available_at: until === null ? null : toInstant(until), note: reason };
}

/**
 * While a learner is paused, only the pause counts. What must be done after it is computed for the time after it; a
 * pause without an end promises nothing.
 */
function explainPaused(
  program: Program,
  learner: Learner,
  item: number,
  pause: Pause,
  zone: string | null,
): Explanation {
  const reason = pausedReason(pause);
  const { until } = pause;
  const wait = until === null ? null : { action: "wait" as const, until: toInstant(until) };
  const after = until === null ? null : explain(program, learner, evaluate(program, learner, until), item, until, zone);
  return {
    item: program.ids[item] ?? "",
    is_locked: true,
    conditions: [],
    reasons: [reason],
    to_unlock: wait === null || after === null || after.to_unlock === null ? null : [wait, ...after.to_unlock],
    do_next: wait === null || after === null || after.to_unlock === null ? [] : [wait],
    sentence: sentenceOf(program, { kind: "reason", reason }, { zone }),
  };
}

/** Every failing leaf of an item's conditions, without the search for steps: for callers who explain many learners. */
export function reasonsOf(
  program: Program,
  learner: Learner,
  evaluation: Evaluation,
  item: number,
  now: number,
): Reason[] {
  if (evaluation.open[item] === 1) return [];
  const pause = pauseAt(learner.pauses, now);
  if (pause !== null) return [pausedReason(pause)];
  const scope = scopeOf(program, learner, now);
  const reasons = reasonsIn(new Explainer(scope, evaluation, ALL_IN_REACH).clauseOf(item));
  // Only the question whether waiting for a date helps depends on the rest of the course.
  if (!reasons.some((reason) => typeof reason.available_at === "string")) return reasons;
  return reasonsIn(new Explainer(scope, evaluation).clauseOf(item));
}

/** Makes no claim, and costs nothing. */
const ALL_IN_REACH: Reach = {
  canBe: () => true,
  windows: [],
  opensAt: new Float64Array(0),
  workAt: new Float64Array(0),
  doneAt: new Float64Array(0),
};

/** How much of a rule is met, as counted leaves; 0 of 0 is 100 %. */
export interface PrerequisiteProgress {
  met: number;
  total: number;
  percent: number;
}

/**
 * Counts the leaves of an item's conditions (rule, tutorial, sequence, chapter) and how many hold. Leaves that are
 * required of nobody do not count.
 */
export function prerequisiteProgress(scope: Scope, evaluation: Evaluation, item: number): PrerequisiteProgress {
  const { program } = scope;
  let met = 0;
  let total = 0;
  const count = (holds: boolean) => {
    total += 1;
    if (holds) met += 1;
  };
  if (program.tutorial !== NONE && program.tutorial !== item) count(passesTutorial(scope, item));
  if ((program.previous[item] ?? NONE) !== NONE) count(passesPrevious(scope, item));
  const gate = program.gate[item] ?? NONE;
  const canBeLocked = (program.roots[gate] ?? NONE) !== NONE || (program.previous[gate] ?? NONE) !== NONE;
  if (gate !== NONE && canBeLocked) count(evaluation.open[gate] === 1);
  const walk = (node: number) => {
    const kids = isGroup(program, node) ? kidsOf(program, node) : [];
    for (const kid of kids) walk(kid);
    if (kids.length > 0) return;
    const truth = evaluateNode(scope, node, item);
    if (truth !== IGNORED) count(truth === TRUE);
  };
  const root = program.roots[item] ?? NONE;
  if (root !== NONE) walk(root);
  return { met, total, percent: total === 0 ? 100 : Math.floor((met * 100) / total) };
}

/** Writes one readable sentence for each locked item, without the search for steps; used for rows of lists. */
export function conditionSentences(
  scope: Scope,
  evaluation: Evaluation,
  language: Language,
  zone: string | null,
): (item: number) => string {
  let explainer: Explainer | undefined;
  const pause = pauseAt(scope.learner.pauses, scope.now);
  if (pause !== null) {
    const sentence = sentenceIn(scope.program, { kind: "reason", reason: pausedReason(pause) }, { zone }, language);
    return () => sentence;
  }
  return (item) => {
    if (evaluation.open[item] === 1) return "";
    // Made when it is needed: it reads the whole course, and an open item does not need it.
    explainer ??= new Explainer(scope, evaluation);
    return sentenceIn(scope.program, explainer.clauseOf(item), { zone }, language);
  };
}

/** A step for the learner. It names no item that is still hidden. */
function stepOf(program: Program, evaluation: Evaluation, { action, item, value, below }: Need): Step {
  if (action === "wait") return { action, until: toInstant(value) };
  if (action === "complete_course") return { action, course: courseOf(program, item) };
  const named = evaluation.visible[item] === 1 ? { item: program.ids[item] ?? "" } : {};
  if (action === "points") {
    return { action: "score", ...named, min_points: value, ...(below === undefined ? {} : { below_points: below }) };
  }
  return {
    action,
    ...named,
    ...(action === "score" ? { min_score: roundedUp(value) } : {}),
    ...(below === undefined ? {} : { below_score: below }),
  };
}

/** Adds titles in one language to the items an explanation names. */
export function withTitles(program: Program, explanation: Explanation, language: Language): Explanation {
  const titled = <T extends { item?: string | undefined }>(entry: T): T => {
    const index = entry.item === undefined ? undefined : program.indexOf.get(entry.item);
    return index === undefined ? entry : { ...entry, title: titleOf(program, index, language) };
  };
  const reasoned = (reason: Reason): Reason => {
    const { missing, ...rest } = titled(reason);
    return missing === undefined ? rest : { ...rest, missing: missing.map(titled) };
  };
  return {
    ...explanation,
    conditions: explanation.conditions.map(titled),
    reasons: explanation.reasons.map(reasoned),
    to_unlock: explanation.to_unlock?.map(titled) ?? null,
    do_next: explanation.do_next.map(titled),
  };
}

export function titleOf(program: Program, item: number, language: Language): string {
  const { chapters, problems } = program.outline;
  const source = item < program.chapterCount ? chapters[item] : problems[item - program.chapterCount];
  return source === undefined ? "" : inLanguage(source.title, language);
}
