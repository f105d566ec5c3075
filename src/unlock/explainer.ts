import { toInstant } from "../platform/instants.ts";
import { asLost, type Clause, hasLoss, joined, reasonsIn, withoutWaits } from "./clauses.ts";
import { missingOf } from "./completion/missing.ts";
import { isKept } from "./ends.ts";
import type { Evaluation } from "./evaluate.ts";
import type { Reason, ReasonCode } from "./explanation.ts";
import { isGroup, kidsOf } from "./nodes.ts";
import { lockedUntil } from "./periods.ts";
import { NONE, OP, STATE, type Trait } from "./program.ts";
import { type Reach, reachOf } from "./reach.ts";
import { gradesAt, totalOf } from "./scores.ts";
import {
  averageOf,
  completionOf,
  countedStateOf,
  doneAt,
  evaluateNode,
  FALSE,
  IGNORED,
  isCompleted,
  isLockedByStaff,
  isStarted,
  isUndone,
  passesPrevious,
  passesTutorial,
  progressOf,
  requiredOf,
  type Scope,
  TRUE,
  turnOf,
} from "./truth.ts";
import { roundedDown, roundedUp } from "./wording/numbers.ts";

const STATE_WORDS: ReadonlyMap<number, string> = new Map([
  [STATE.COMPLETE, "completed"],
  [STATE.FAILED, "failed"],
]);

/** Leaves whose argument is not an item. */
const OF_PERSONS: ReadonlySet<number | undefined> = new Set([OP.COHORT, OP.COHORT_SET, OP.PROFILE, OP.COURSE]);

export class Explainer {
  readonly #scope: Scope;
  readonly #evaluation: Evaluation;
  readonly #reach: Reach;

  constructor(scope: Scope, evaluation: Evaluation, reach: Reach = reachOf(scope, evaluation)) {
    this.#scope = scope;
    this.#evaluation = evaluation;
    this.#reach = reach;
  }

  /**
   * Everything that fails for an item, as a tree with the shape of its rule.
   * @param isHopeless no action of the learner opens it; otherwise only what is plain without a search is marked so.
   */
  clauseOf(item: number, isHopeless = !this.#isReachable(item)): Clause {
    const clause = this.#clauseOf(item);
    return isHopeless ? withoutWaits(clause) : clause;
  }

  #isReachable(item: number): boolean {
    return (this.#reach.opensAt[item] ?? 0) < Number.POSITIVE_INFINITY;
  }

  #clauseOf(item: number): Clause {
    const { program } = this.#scope;
    const gate = program.gate[item] ?? NONE;
    if (isLockedByStaff(this.#scope, item)) {
      const until = lockedUntil(this.#scope, item);
      const rest = until === Number.POSITIVE_INFINITY ? {} : { available_at: toInstant(until) };
      return { kind: "reason", reason: { code: "locked_by_staff", ...rest } };
    }
    const clauses: Clause[] = [];
    if (!passesTutorial(this.#scope, item)) {
      clauses.push(this.#gate("tutorial_not_completed", program.tutorial));
    }
    const isChapterLocked = gate !== NONE && this.#evaluation.open[gate] !== 1;
    // An item that is kept open has no other condition, unless staff locked its chapter.
    if (isKept(this.#scope, item)) {
      if (isLockedByStaff(this.#scope, gate)) clauses.push(this.#gate("chapter_locked", gate));
      return joined(clauses);
    }
    if (!passesPrevious(this.#scope, item)) {
      const before = program.previous[item] ?? NONE;
      if (this.#isLockedAgain(before)) clauses.push(this.#lockedAgain(before));
      else clauses.push(this.#gate("previous_chapter_not_completed", before));
    }
    if (isChapterLocked) clauses.push(this.#gate("chapter_locked", gate));
    const root = program.roots[item] ?? NONE;
    if (root !== NONE && evaluateNode(this.#scope, root, item) === FALSE) clauses.push(this.#failing(root, item, true));
    return joined(clauses);
  }

  /** A reason that is not a leaf of the rule. */
  #gate(code: ReasonCode, item: number): Clause & { kind: "reason" } {
    const reason = { ...this.#reason(code, item), isLost: !this.#isReachable(item) };
    return code === "chapter_locked" ? reason : this.#needing(item, reason);
  }

  /** A reason about an item that must be completed, with what its own requirement still needs. */
  #needing(item: number, clause: Clause & { kind: "reason" }): Clause & { kind: "reason" } {
    if (this.#scope.program.completion === null || !this.#isVisible(item)) return clause;
    const needs = missingOf(this.#scope, this.#evaluation, item);
    if (needs === null) return clause;
    return { ...clause, needs, reason: { ...clause.reason, missing: reasonsIn(needs) } };
  }

  /** A reason about an item. It names the item, unless the item is hidden from the learner. */
  #reason(
    code: ReasonCode,
    item: number,
    rest: Omit<Reason, "code" | "item" | "title"> = {},
  ): Clause & { kind: "reason" } {
    const id = this.#isVisible(item) ? this.#scope.program.ids[item] : undefined;
    return { kind: "reason", reason: { code, ...(id === undefined ? {} : { item: id }), ...rest } };
  }

  /**
   * The reason for a node that fails or, below a `not`, holds.
   * @param isLost whether it is in a part of the rule that can never hold.
   */
  #failing(node: number, owner: number, shouldHold: boolean, isLost = false): Clause {
    const isOwnLoss = !this.#reach.canBe(node, owner, shouldHold);
    const clause = this.#failingNode(node, owner, shouldHold, isLost || isOwnLoss);
    const shown = isOwnLoss && !hasLoss(clause) ? asLost(clause) : clause;
    // Waiting for a date does not help in a part that fails for another reason.
    return isLost || isOwnLoss ? withoutWaits(shown) : shown;
  }

  #failingNode(node: number, owner: number, shouldHold: boolean, isLost: boolean): Clause {
    const { program, learner, now } = this.#scope;
    const { nodes } = program;
    const op = nodes.op[node];
    const arg = nodes.arg[node] ?? NONE;
    const value = nodes.value[node] ?? 0;
    if (op === OP.NOT) return this.#failing(kidsOf(program, node)[0] ?? NONE, owner, !shouldHold, isLost);
    if (isGroup(program, node)) return this.#failingGroup(node, owner, shouldHold, isLost);
    const opens = (instant: number, code: ReasonCode = "opens_later") => ({
      ...this.#reason(code, NONE, {
        required: toInstant(instant),
        actual: toInstant(now),
        available_at: toInstant(instant),
      }),
      opensAt: instant,
    });
    const closed = (instant: number) =>
      this.#reason("closed", NONE, { required: toInstant(instant), actual: toInstant(now), available_at: null });
    const actual = isStarted(learner, arg) ? "started" : "not started";
    if (!shouldHold) {
      if (op === OP.UNTIL) return opens(turnOf(this.#scope, node, owner));
      if (op === OP.FROM || op === OP.AFTER_ENROLLMENT) return closed(turnOf(this.#scope, node, owner));
      if (op === OP.MISSING) return this.#reason("missing", NONE);
      if (op === OP.AVERAGE || op === OP.TOTAL) return this.#reason("excluded", NONE);
      const upper = nodes.upper[node] ?? Number.POSITIVE_INFINITY;
      // A score that is too low for the denied condition can still rise above its range.
      if (op === OP.POINTS && upper < Number.POSITIVE_INFINITY) return this.#pointsOutside(node, arg, upper);
      if (upper < Number.POSITIVE_INFINITY) return this.#scoreTooLow(node, arg, upper);
      if (op === OP.STATE) return this.#otherState(arg, ~value);
      return this.#reason("excluded", OF_PERSONS.has(op) ? NONE : arg);
    }
    switch (op) {
      case OP.COMPLETED:
        if (this.#isLockedAgain(arg)) return this.#lockedAgain(arg);
        return this.#needing(arg, this.#reason("not_completed", arg, { required: "completed", actual }));
      case OP.ATTEMPTED:
        return this.#reason("not_attempted", arg, { required: "attempted", actual });
      case OP.SCORE:
        return this.#scoreTooLow(node, arg, value);
      case OP.STATE:
        return this.#otherState(arg, value);
      case OP.AVERAGE: {
        const { mean } = averageOf(this.#scope, node);
        const upper = nodes.upper[node] ?? Number.POSITIVE_INFINITY;
        const items = kidsOf(program, node).filter((kid) => this.#isVisible(kid));
        const rest = {
          actual: mean === null ? null : round(mean),
          items: items.flatMap((kid) => program.ids[kid] ?? []),
        };
        if (mean !== null && mean >= upper - program.scoreSlack) {
          return this.#reason("average_too_high", NONE, { required: upper, ...rest });
        }
        return this.#reason("average_too_low", NONE, { required: Math.max(0, roundedUp(value)), ...rest });
      }
      case OP.TOTAL: {
        const { percent } = totalOf(this.#scope, node);
        const upper = nodes.upper[node] ?? Number.POSITIVE_INFINITY;
        const actual = percent === null ? null : round(percent);
        if (percent !== null && percent >= upper - program.scoreSlack) {
          return this.#reason("total_too_high", NONE, { required: upper, actual });
        }
        return this.#reason("total_too_low", NONE, { required: Math.max(0, roundedUp(value)), actual });
      }
      case OP.VIEWED:
        return this.#reason("not_viewed", arg);
      case OP.SUBMITTED:
        return this.#reason("not_submitted", arg);
      case OP.POINTS:
        return this.#pointsOutside(node, arg, value, nodes.upper[node]);
      case OP.SCORE_RANGE:
        return this.#scoreOutside(node, arg, value, nodes.upper[node] ?? 0);
      case OP.PROGRESS: {
        const { done, needed, total } = progressOf(this.#scope, node);
        const percent = total === 0 ? 100 : round((done * 100) / total);
        const undone = kidsOf(program, node).filter(
          (kid) => program.statuses[kid] !== "deprecated" && Number.isNaN(doneAt(this.#scope, kid)),
        );
        // Name all of them or none: a list without the hidden ones would be wrong.
        const areNamed = undone.every((kid) => this.#isVisible(kid));
        const among = areNamed ? undone.flatMap((kid) => program.ids[kid] ?? []) : [];
        const items =
          arg === NONE
            ? { items: undone.filter((kid) => this.#isVisible(kid)).flatMap((kid) => program.ids[kid] ?? []) }
            : {};
        const rest = { required: roundedUp(value), actual: percent, remaining: needed - done, ...items };
        return { ...this.#reason("progress_too_low", arg, rest), among };
      }
      case OP.FROM:
        return opens(turnOf(this.#scope, node, owner));
      case OP.UNTIL:
        return closed(turnOf(this.#scope, node, owner));
      case OP.AFTER_ENROLLMENT:
        return opens(turnOf(this.#scope, node, owner), "enrolled_too_recently");
      case OP.AFTER: {
        const done = doneAt(this.#scope, arg);
        if (!Number.isNaN(done)) {
          return {
            ...this.#reason("waiting_period", arg, { available_at: toInstant(done + value) }),
            opensAt: done + value,
          };
        }
        if (this.#isLockedAgain(arg)) return { ...this.#lockedAgain(arg), thenWait: value };
        const reason = this.#reason("not_completed", arg, { required: "completed", actual, available_at: null });
        return { ...this.#needing(arg, reason), thenWait: value };
      }
      case OP.COHORT_SET:
      case OP.PROFILE:
        return this.#otherPerson(program.traits[arg] ?? { cohorts: [] });
      case OP.COURSE: {
        const trait = program.traits[arg];
        return this.#reason("course_not_completed", NONE, {
          required: trait !== undefined && "course" in trait ? trait.course : "",
        });
      }
      case OP.MISSING:
        return this.#reason("missing", NONE);
      default:
        return this.#reason("not_in_cohort", NONE, { required: program.cohorts[arg] ?? "" });
    }
  }

  #scoreTooLow(node: number, item: number, required: number): Clause & { kind: "reason" } {
    const best = gradesAt(this.#scope, node).bestScore[item] ?? Number.NaN;
    const score = Number.isNaN(best) ? null : best;
    const remaining = roundedUp(required - (score ?? 0));
    const actual = score === null ? null : roundedDown(score);
    return this.#reason("score_too_low", item, { required: roundedUp(required), actual, remaining });
  }

  /** A reason for a score below a range, above it, or missing; the range begins at -Infinity if any score is enough. */
  #scoreOutside(node: number, item: number, min: number, below: number): Clause & { kind: "reason" } {
    const score = gradesAt(this.#scope, node).bestScore[item] ?? Number.NaN;
    if (score >= below - this.#scope.program.scoreSlack) {
      return this.#reason("score_too_high", item, { required: below, actual: score });
    }
    if (min !== Number.NEGATIVE_INFINITY) return this.#scoreTooLow(node, item, min);
    const required = below === Number.POSITIVE_INFINITY ? {} : { required: below };
    return this.#reason("not_scored", item, { ...required, actual: null });
  }

  #pointsOutside(
    node: number,
    item: number,
    min: number,
    below = Number.POSITIVE_INFINITY,
  ): Clause & { kind: "reason" } {
    const points = gradesAt(this.#scope, node).points[item] ?? Number.NaN;
    const actual = Number.isNaN(points) ? null : points;
    if (points >= below) return this.#reason("points_too_high", item, { required: below, actual });
    if (min === Number.NEGATIVE_INFINITY) return this.#reason("not_scored", item, { actual });
    return this.#reason("points_too_low", item, { required: min, actual, remaining: min - (actual ?? 0) });
  }

  /**
   * A reason for an item in a completion state that is not asked for: what the learner can still do about it, or
   * nothing.
   */
  #otherState(item: number, states: number): Clause & { kind: "reason" } {
    const state = countedStateOf(this.#scope, item);
    if (this.#isLockedAgain(item) && (states & completionOf(this.#scope, item)) !== 0) return this.#lockedAgain(item);
    const actual = isStarted(this.#scope.learner, item) ? "started" : "not started";
    if (state === STATE.INCOMPLETE && (states & STATE.COMPLETE) !== 0) {
      return this.#needing(item, this.#reason("not_completed", item, { required: "completed", actual }));
    }
    if ((states & STATE.PASSED) === 0) return this.#reason("excluded", item);
    const reason = this.#reason("not_passed", item, { required: "passed", actual: STATE_WORDS.get(state) ?? actual });
    return this.#needing(item, reason);
  }

  #otherPerson(trait: Trait): Clause & { kind: "reason" } {
    const [code, required] =
      "profile" in trait
        ? (["profile_differs", trait.profile.field] as const)
        : (["not_in_cohort", ("cohorts" in trait ? trait.cohorts?.join(", ") : null) ?? "*"] as const);
    return { ...this.#reason(code, NONE, { required }), trait };
  }

  /** Whether an item is complete but does not count, because its chapter is locked. */
  #isLockedAgain(item: number): boolean {
    return isUndone(this.#scope, item) && isCompleted(this.#scope.learner, item);
  }

  /** What is missing for such an item: its chapter. */
  #lockedAgain(item: number): Clause & { kind: "reason" } {
    const { gate, chapterCount } = this.#scope.program;
    return this.#gate("chapter_locked", item < chapterCount ? item : (gate[item] ?? NONE));
  }

  #isVisible(item: number): boolean {
    return this.#evaluation.visible[item] === 1;
  }

  #failingGroup(node: number, owner: number, shouldHold: boolean, isLost: boolean): Clause {
    const kids = kidsOf(this.#scope.program, node);
    const truths = kids.map((kid) => evaluateNode(this.#scope, kid, owner));
    const wrong = shouldHold ? FALSE : TRUE;
    const clauses = kids
      .filter((_, place) => truths[place] === wrong)
      .map((kid) => this.#failing(kid, owner, shouldHold, isLost));
    const held = truths.filter((truth) => truth === TRUE).length;
    const required = requiredOf(this.#scope, node, truths.filter((truth) => truth === IGNORED).length);
    const missing = shouldHold ? required - held : held - required + 1;
    if (clauses.length <= 1 || missing >= clauses.length) return joined(clauses);
    return missing === 1 ? { kind: "any", clauses } : { kind: "at_least", count: missing, clauses };
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
