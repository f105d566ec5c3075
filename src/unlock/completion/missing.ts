import { type Clause, joined } from "../clauses.ts";
import type { Evaluation } from "../evaluate.ts";
import type { Reason, ReasonCode } from "../explanation.ts";
import { NONE, STANDING, STATE } from "../program.ts";
import { completionOf, isCompleted, type Scope } from "../truth.ts";
import { roundedDown, roundedUp } from "../wording/numbers.ts";
import { ASK, type Asked, type Children } from "./compile.ts";
import { childDoneAt, childrenOf, currentOf, metAt, shareOfWeight } from "./derive.ts";

type Rest = Omit<Reason, "code" | "item" | "title" | "missing">;

/**
 * What the learner must still do for an item's requirement, joined as the author joined it; null if nothing is missing.
 */
export function missingOf(scope: Scope, evaluation: Pick<Evaluation, "visible">, item: number): Clause | null {
  const asked = scope.program.completion?.asked[item] ?? null;
  if (asked === null || isCompleted(scope.learner, item)) return null;
  return new Missing(scope, evaluation, item).of(asked);
}

/** Whether learners can mark an item as done: its requirement has such a part. */
export function takesMark(asked: Asked): boolean {
  if (asked.kind === "group") return asked.parts.some(takesMark);
  return asked.kind === "leaf" && asked.ask === ASK.MARK;
}

/** How far the learner is with an item's completion. */
export function completionState(scope: Scope, item: number): "incomplete" | "complete" | "passed" | "failed" {
  const state = completionOf(scope, item);
  if (state === STATE.PASSED) return "passed";
  if (state === STATE.FAILED) return "failed";
  return state === STATE.COMPLETE ? "complete" : "incomplete";
}

class Missing {
  readonly #scope: Scope;
  readonly #evaluation: Pick<Evaluation, "visible">;
  readonly #item: number;

  constructor(scope: Scope, evaluation: Pick<Evaluation, "visible">, item: number) {
    this.#scope = scope;
    this.#evaluation = evaluation;
    this.#item = item;
  }

  of(asked: Asked): Clause | null {
    if (this.#isMet(asked)) return null;
    if (asked.kind === "children") return this.#children(asked);
    if (asked.kind === "leaf") return this.#leaf(asked.ask, asked.min);
    const clauses = asked.parts.flatMap((part) => this.of(part) ?? []);
    const missing = asked.count - (asked.parts.length - clauses.length);
    if (clauses.length <= 1 || missing >= clauses.length) return joined(clauses);
    return missing === 1 ? { kind: "any", clauses } : { kind: "at_least", count: missing, clauses };
  }

  #isMet(asked: Asked): boolean {
    const { program, learner } = this.#scope;
    return learner.deeds !== null && !Number.isNaN(metAt(asked, program, learner, learner.deeds, this.#item));
  }

  #leaf(ask: number, min: number): Clause {
    const { learner, program } = this.#scope;
    const { bestScore, points } = currentOf(program, learner, this.#item) ?? learner;
    switch (ask) {
      case ASK.VIEW:
        return this.#reason("not_viewed");
      case ASK.MARK:
        return this.#reason("not_marked");
      case ASK.SUBMIT:
        return this.#reason("not_submitted");
      case ASK.CONTRIBUTE:
        return this.#reason("not_contributed");
      case ASK.PASS:
        return this.#reason("not_passed", { required: "passed" });
      case ASK.SCORE:
      case ASK.PASS_SCORE:
        return this.#below("score_too_low", bestScore[this.#item] ?? Number.NaN, min);
      default:
        return this.#below("points_too_low", points[this.#item] ?? Number.NaN, min);
    }
  }

  #below(code: ReasonCode, best: number, min: number): Clause {
    const actual = Number.isNaN(best) ? null : roundedDown(best);
    if (min === Number.NEGATIVE_INFINITY || (min <= 0 && actual === null)) {
      return this.#reason("not_scored", { actual: null });
    }
    return this.#reason(code, {
      required: roundedUp(min),
      actual,
      remaining: roundedUp(min - (Number.isNaN(best) ? 0 : best)),
    });
  }

  #children(asked: Children): Clause {
    const { program, learner } = this.#scope;
    const { total, done, needed, weighed, doneWeight } = childrenOf(asked, program, learner);
    const undone = [...asked.items].filter(
      (child) => Number.isNaN(childDoneAt(learner, child)) && program.standing[child] === STANDING.OFFERED,
    );
    const visible = undone.filter((child) => this.#evaluation.visible[child] === 1);
    const idsOf = (items: readonly number[]) => items.flatMap((child) => program.ids[child] ?? []);
    const shares =
      asked.weights === null
        ? { required: needed, actual: done, remaining: needed - done }
        : { required: asked.percent, actual: weighed === 0 ? 0 : roundedDown(shareOfWeight(doneWeight, weighed)) };
    const reason = this.#reason("children_incomplete", { ...shares, items: idsOf(visible) });
    if (reason.kind !== "reason" || asked.weights !== null || total === 0) return reason;
    // Name all of them or none: a list without the hidden ones would be wrong.
    return visible.length === undone.length ? { ...reason, among: idsOf(visible) } : reason;
  }

  #reason(code: ReasonCode, rest: Rest = {}): Clause {
    const { program } = this.#scope;
    const isNamed = this.#item !== NONE && this.#evaluation.visible[this.#item] === 1;
    const named = isNamed ? { item: program.ids[this.#item] ?? "" } : {};
    return { kind: "reason", reason: { code, ...named, ...rest } };
  }
}
