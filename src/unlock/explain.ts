import { DAY_MS, toInstant } from "../shared/instants.ts";
import type { Language } from "../shared/text.ts";
import { inLanguage } from "../shared/text.ts";
import { NONE, OP, type Program } from "./compile.ts";
import type { Evaluation } from "./evaluate.ts";
import type { Learner } from "./learner.ts";
import { type Clause, sentenceOf } from "./sentence.ts";
import { kidsOf, type Need, StepSearch } from "./steps.ts";
import {
  doneAt,
  evaluateNode,
  FALSE,
  IGNORED,
  isKept,
  isLockedByStaff,
  isStarted,
  passesPrevious,
  passesTutorial,
  progressOf,
  requiredOf,
  type Scope,
  scopeOf,
  TRUE,
  untilOf,
} from "./truth.ts";

export const REASON_CODES = [
  "not_completed",
  "not_attempted",
  "score_too_low",
  "progress_too_low",
  "opens_later",
  "closed",
  "enrolled_too_recently",
  "waiting_period",
  "not_in_cohort",
  "excluded",
  "chapter_locked",
  "previous_chapter_not_completed",
  "tutorial_not_completed",
  "locked_by_staff",
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** One failing leaf. Units: scores and percentages 0 to 100, days for drips; instants RFC 3339. */
export interface Reason {
  code: ReasonCode;
  item?: string;
  title?: string;
  required?: number | string;
  actual?: number | string | null;
  remaining?: number;
  available_at?: string | null;
}

/** One thing to do (or to wait for). */
export interface Step {
  action: "complete" | "attempt" | "score" | "wait";
  item?: string;
  title?: string;
  min_score?: number;
  until?: string;
}

export interface Explanation {
  item: string;
  is_locked: boolean;
  /** Every failing leaf, in the order of the rule. Empty when open. */
  reasons: Reason[];
  /** The smallest set of things that would open the item; null when nothing the learner does can. */
  to_unlock: Step[] | null;
  /** What of that can be done right now, looking through prerequisites that are themselves locked. */
  do_next: Step[];
  sentence: Record<Language, string>;
}

/** Explains one item for one learner. Deprecated items the learner never started and drafts are never named. */
export function explain(
  program: Program,
  learner: Learner,
  evaluation: Evaluation,
  item: number,
  now: number,
): Explanation {
  const scope = scopeOf(program, learner, now);
  const id = program.ids[item] ?? "";
  if (evaluation.open[item] === 1) {
    return { item: id, is_locked: false, reasons: [], to_unlock: [], do_next: [], sentence: { en: "", zh: "" } };
  }
  const clause = new Explainer(scope, evaluation).clauseOf(item);
  const search = new StepSearch(scope, evaluation);
  const steps = search.stepsOf(item);
  return {
    item: id,
    is_locked: true,
    reasons: reasonsIn(clause),
    to_unlock: steps === null ? null : steps.map((need) => stepOf(program, need)),
    do_next: steps === null ? [] : search.openEnds(item, steps).map((need) => stepOf(program, need)),
    sentence: sentenceOf(program, clause),
  };
}

/** How much of what a rule asks is there, as counted leaves; 0 of 0 is 100 %. */
export interface PrerequisiteProgress {
  met: number;
  total: number;
  percent: number;
}

/**
 * Counts the leaves of an item's conditions (rule, tutorial, sequence, chapter) and how many hold. What is demanded of
 * nobody is not counted.
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

/** One readable sentence saying what is missing, without the search for steps; used for list rows. */
export function conditionSentence(scope: Scope, evaluation: Evaluation, item: number, language: Language): string {
  if (evaluation.open[item] === 1) return "";
  return sentenceOf(scope.program, new Explainer(scope, evaluation).clauseOf(item))[language];
}

function reasonsIn(clause: Clause): Reason[] {
  if (clause.kind === "reason") return [clause.reason];
  return clause.clauses.flatMap(reasonsIn);
}

function isGroup(program: Program, node: number): boolean {
  const op = program.nodes.op[node];
  return op === OP.ALL || op === OP.ANY || op === OP.AT_LEAST;
}

class Explainer {
  readonly #scope: Scope;
  readonly #evaluation: Evaluation;

  constructor(scope: Scope, evaluation: Evaluation) {
    this.#scope = scope;
    this.#evaluation = evaluation;
  }

  /** Everything that fails for an item, as a tree that mirrors its rule. */
  clauseOf(item: number): Clause {
    const { program } = this.#scope;
    const gate = program.gate[item] ?? NONE;
    if (isLockedByStaff(this.#scope, item)) return { kind: "reason", reason: { code: "locked_by_staff" } };
    const clauses: Clause[] = [];
    if (!passesTutorial(this.#scope, item)) {
      clauses.push(this.#reason("tutorial_not_completed", program.tutorial));
    }
    const isChapterLocked = gate !== NONE && this.#evaluation.open[gate] !== 1;
    // What is kept open asks nothing else, unless staff locked its chapter.
    if (isKept(this.#scope, item)) {
      if (isLockedByStaff(this.#scope, gate)) clauses.push(this.#reason("chapter_locked", gate));
      return joined(clauses);
    }
    if (!passesPrevious(this.#scope, item)) {
      clauses.push(this.#reason("previous_chapter_not_completed", program.previous[item] ?? NONE));
    }
    if (isChapterLocked) clauses.push(this.#reason("chapter_locked", gate));
    const root = program.roots[item] ?? NONE;
    if (root !== NONE && evaluateNode(this.#scope, root, item) === FALSE) clauses.push(this.#failing(root, item, true));
    return joined(clauses);
  }

  /** A reason on an item, which it names unless the item is hidden from the learner. */
  #reason(
    code: ReasonCode,
    item: number,
    rest: Omit<Reason, "code" | "item" | "title"> = {},
  ): Clause & { kind: "reason" } {
    const id = this.#evaluation.visible[item] === 1 ? this.#scope.program.ids[item] : undefined;
    return { kind: "reason", reason: { code, ...(id === undefined ? {} : { item: id }), ...rest } };
  }

  /** What is wrong with a node that fails or, below a `not`, holds. */
  #failing(node: number, owner: number, shouldHold: boolean): Clause {
    const { program, learner, now } = this.#scope;
    const { nodes } = program;
    const op = nodes.op[node];
    const arg = nodes.arg[node] ?? NONE;
    const value = nodes.value[node] ?? 0;
    if (op === OP.NOT) return this.#failing(kidsOf(program, node)[0] ?? NONE, owner, !shouldHold);
    if (isGroup(program, node)) return this.#failingGroup(node, owner, shouldHold);
    const opens = (instant: number, code: ReasonCode = "opens_later") =>
      this.#reason(code, NONE, {
        required: toInstant(instant),
        actual: toInstant(now),
        available_at: toInstant(instant),
      });
    const closed = (instant: number) =>
      this.#reason("closed", NONE, { required: toInstant(instant), actual: toInstant(now), available_at: null });
    const actual = isStarted(learner, arg) ? "started" : "not started";
    if (!shouldHold) {
      if (op === OP.FROM) return closed(value);
      if (op === OP.UNTIL) return opens(untilOf(this.#scope, value, owner));
      if (op === OP.AFTER_ENROLLMENT) return closed(learner.enrolledAt + value);
      return this.#reason("excluded", op === OP.COHORT ? NONE : arg);
    }
    switch (op) {
      case OP.COMPLETED:
        return this.#reason("not_completed", arg, { required: "completed", actual });
      case OP.ATTEMPTED:
        return this.#reason("not_attempted", arg, { required: "attempted", actual });
      case OP.SCORE: {
        const best = learner.bestScore[arg] ?? Number.NaN;
        const score = Number.isNaN(best) ? null : best;
        const remaining = round(value - (score ?? 0));
        return this.#reason("score_too_low", arg, { required: value, actual: score, remaining });
      }
      case OP.PROGRESS: {
        const { done, needed, total } = progressOf(this.#scope, node);
        const percent = total === 0 ? 100 : round((done * 100) / total);
        const undone = kidsOf(program, node).filter(
          (kid) => program.statuses[kid] !== "deprecated" && Number.isNaN(doneAt(this.#scope, kid)),
        );
        return {
          ...this.#reason("progress_too_low", arg, { required: value, actual: percent, remaining: needed - done }),
          among: [...new Set(undone)].flatMap((kid) => program.ids[kid] ?? []),
        };
      }
      case OP.FROM:
        return opens(value);
      case OP.UNTIL:
        return closed(untilOf(this.#scope, value, owner));
      case OP.AFTER_ENROLLMENT:
        return opens(learner.enrolledAt + value, "enrolled_too_recently");
      case OP.AFTER: {
        const done = doneAt(this.#scope, arg);
        if (!Number.isNaN(done)) return this.#reason("waiting_period", arg, { available_at: toInstant(done + value) });
        const reason = this.#reason("not_completed", arg, { required: "completed", actual, available_at: null });
        return { ...reason, thenWaitDays: round(value / DAY_MS) };
      }
      default:
        return this.#reason("not_in_cohort", NONE, { required: program.cohorts[arg] ?? "" });
    }
  }

  #failingGroup(node: number, owner: number, shouldHold: boolean): Clause {
    const kids = kidsOf(this.#scope.program, node);
    const truths = kids.map((kid) => evaluateNode(this.#scope, kid, owner));
    const wrong = shouldHold ? FALSE : TRUE;
    const clauses = kids
      .filter((_, place) => truths[place] === wrong)
      .map((kid) => this.#failing(kid, owner, shouldHold));
    const held = truths.filter((truth) => truth === TRUE).length;
    const required = requiredOf(this.#scope, node, truths.filter((truth) => truth === IGNORED).length);
    const missing = shouldHold ? required - held : held - required + 1;
    if (clauses.length <= 1 || missing >= clauses.length) return joined(clauses);
    return missing === 1 ? { kind: "any", clauses } : { kind: "at_least", count: missing, clauses };
  }
}

/** All of some clauses. What cannot be put into words (an empty group that never holds) is still said to be locked. */
function joined(clauses: Clause[]): Clause {
  const [only] = clauses;
  if (only === undefined) return { kind: "reason", reason: { code: "excluded" } };
  return clauses.length === 1 ? only : { kind: "all", clauses };
}

function stepOf(program: Program, need: Need): Step {
  if (need.action === "wait") return { action: "wait", until: toInstant(need.value) };
  const id = program.ids[need.item] ?? "";
  return { action: need.action, item: id, ...(need.action === "score" ? { min_score: need.value } : {}) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Adds titles in one language to the items an explanation names. */
export function withTitles(program: Program, explanation: Explanation, language: Language): Explanation {
  const titled = <T extends { item?: string }>(entry: T): T => {
    const index = entry.item === undefined ? undefined : program.indexOf.get(entry.item);
    return index === undefined ? entry : { ...entry, title: titleOf(program, index, language) };
  };
  return {
    ...explanation,
    reasons: explanation.reasons.map(titled),
    to_unlock: explanation.to_unlock?.map(titled) ?? null,
    do_next: explanation.do_next.map(titled),
  };
}

export function titleOf(program: Program, item: number, language: Language): string {
  const { chapters, problems } = program.outline;
  const source = item < program.chapterCount ? chapters[item] : problems[item - program.chapterCount];
  return source === undefined ? "" : inLanguage(source.title, language);
}
