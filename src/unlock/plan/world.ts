import { copyOf, PASSED } from "../completion/deeds.ts";
import { derivingOf } from "../completion/derive.ts";
import { doDerived } from "../completion/rehearse.ts";
import { blank, type Evaluation, isOpenIn, scopeOf } from "../evaluate.ts";
import { mayAppear } from "../hiding.ts";
import { copyOfGrades } from "../latest.ts";
import type { Learner } from "../learner.ts";
import { nodesIn } from "../nodes.ts";
import { NONE, type Program, STATE } from "../program.ts";
import { acceptsWork } from "../scope.ts";
import { isStarted, type Scope } from "../truth.ts";
import type { Need } from "./plan.ts";
import type { Region } from "./region.ts";

/** The fixed cost of a question, counted in conditions. */
const QUESTION_WORK = 10;
/** At most this many instants are checked, one after the other, for something that can be done next. */
const MAX_INSTANTS = 1_000;

/** A copy of the learner for trials: actions are done on it and time passes, and the evaluator reads it. */
export class World {
  scope: Scope;
  /** Conditions checked so far. */
  work = 0;
  readonly #program: Program;
  readonly #region: Region;
  readonly #evaluation: Evaluation;
  readonly #into: Evaluation;
  readonly #weights = new Map<number, number>();

  constructor(scope: Scope, evaluation: Evaluation, region: Region) {
    const { program, learner, now } = scope;
    const copy: Learner = {
      ...learner,
      attemptedAt: learner.attemptedAt.slice(),
      completedAt: learner.completedAt.slice(),
      bestScore: learner.bestScore.slice(),
      outcome: learner.outcome.slice(),
      outcomeAt: learner.outcomeAt.slice(),
      points: learner.points.slice(),
      viewedAt: learner.viewedAt.slice(),
      submittedAt: learner.submittedAt.slice(),
      live: learner.live === null ? null : copyOfGrades(learner.live),
      deeds: learner.deeds === null ? null : copyOf(learner.deeds),
      kept: learner.kept.slice(),
      traits: learner.traits.slice(),
    };
    this.#program = program;
    this.#region = region;
    this.#evaluation = evaluation;
    this.#into = blank(program.size, now);
    this.scope = scopeOf(program, copy, now);
  }

  isOpen(item: number): boolean {
    this.work += QUESTION_WORK + this.#weightOf(item);
    return isOpenIn(this.scope, item, this.#into);
  }

  /** The number of conditions in an item's rule and its chapter's. */
  #weightOf(item: number): number {
    const known = this.#weights.get(item);
    if (known !== undefined) return known;
    const { gate, roots } = this.#program;
    const weight = [item, gate[item] ?? NONE].reduce((sum, one) => sum + nodesIn(this.#program, roots[one] ?? NONE), 0);
    this.#weights.set(item, weight);
    return weight;
  }

  /** Whether a need can be met at this moment. */
  canDo({ action, item, value }: Need): boolean {
    if (action === "wait") return value > this.scope.now;
    if (action === "complete_course") return true;
    if (action !== "view" && !acceptsWork(this.scope, item)) return false;
    // Points come from the best attempt. If that has a score without points, nobody knows how to better it in points.
    const { bestScore, points } = this.scope.learner;
    if (action === "points" && !Number.isNaN(bestScore[item] ?? 0) && Number.isNaN(points[item] ?? 0)) return false;
    return mayAppear(this.#program, this.#evaluation, item) && this.isOpen(item);
  }

  /** Whether the learner already meets a need. */
  has({ action, item, value, below = Number.POSITIVE_INFINITY }: Need): boolean {
    const { learner, now } = this.scope;
    if (action === "wait") return now >= value;
    if (action === "complete_course") return learner.traits[item - this.#program.size] === 1;
    if (action === "complete") return (learner.completedAt[item] ?? Number.NaN) <= now;
    if (action === "attempt") return isStarted(learner, item);
    if (action === "mark") return (learner.deeds?.markedAt[item] ?? Number.NaN) <= now;
    if (action === "contribute") return (learner.deeds?.contributedAt[item] ?? Number.NaN) <= now;
    if (action === "pass" && learner.deeds !== null) return learner.deeds.outcome[item] === PASSED;
    if (action === "view") return isStarted(learner, item) || (learner.viewedAt[item] ?? Number.NaN) <= now;
    if (action === "submit") return (learner.submittedAt[item] ?? Number.NaN) <= now;
    if (action === "pass") return learner.outcome[item] === STATE.PASSED && (learner.outcomeAt[item] ?? 0) <= now;
    const kind = action === "points" ? "points" : "bestScore";
    if (!((learner[kind][item] ?? Number.NaN) >= value)) return false;
    // The score that counts now may have fallen since.
    const current = learner.live?.[kind][item] ?? value;
    return current >= value && current < below;
  }

  /** Performs a need. @returns a function that undoes it. */
  do({ action, item, value }: Need): () => void {
    const { learner, now } = this.scope;
    const before = this.scope;
    const wasKept = this.#keeps ? learner.kept.slice() : null;
    const undo = [
      () => {
        this.scope = before;
        if (wasKept !== null) learner.kept.set(wasKept);
      },
    ];
    this.#keep();
    if (action === "wait") this.scope = scopeOf(this.#program, learner, value);
    else if (action === "complete_course") {
      const trait = item - this.#program.size;
      const old = learner.traits[trait] ?? 0;
      undo.push(() => {
        learner.traits[trait] = old;
      });
      learner.traits[trait] = 1;
      if (this.#program.relocks !== null) this.scope = scopeOf(this.#program, learner, now);
    } else {
      const { attemptedAt, completedAt, bestScore, outcome, outcomeAt, points, viewedAt, submittedAt } = learner;
      const written = [attemptedAt, completedAt, bestScore, outcome, outcomeAt, points, viewedAt, submittedAt];
      const old = written.map((list) => list[item] ?? Number.NaN);
      undo.push(() => {
        // Values that no rule needs are not in the layout, so they are not written.
        written.forEach((list, place) => {
          list[item] = old[place] ?? Number.NaN;
        });
      });
      // As facts are merged: the earlier of two instants counts, and the better of two scores.
      if (action !== "view" && !((old[0] ?? Number.NaN) <= now)) attemptedAt[item] = now;
      if (action === "view") viewedAt[item] = now;
      if (action === "submit") submittedAt[item] = now;
      const completes = action === "complete" || action === "pass";
      if (completes && !((old[1] ?? Number.NaN) <= now)) completedAt[item] = now;
      if (action === "points") {
        points[item] = Math.max(value, old[5] || 0);
        bestScore[item] = Math.max(value, old[2] || 0);
      }
      // As outcomes are merged: the later one counts.
      if (action === "pass" && !((old[4] ?? Number.NaN) > now)) {
        outcome[item] = STATE.PASSED;
        outcomeAt[item] = now;
      }
      if (action === "score") {
        if (!((old[2] ?? Number.NaN) >= value)) points[item] = Number.NaN; // a better attempt, reported without points
        bestScore[item] = Math.max(value, old[2] || 0);
      }
      if (action === "points" || action === "score") undo.push(this.#grade(action, item, value));
      const deriving = derivingOf(this.#program, learner);
      if (deriving !== null) undo.push(doDerived(deriving, { action, item }, now, old));
      if (this.#keeps && this.#program.keeps[item] === 1) learner.kept[item] = 1;
      // The action may have opened or closed chapters on which other items depend.
      if (this.#program.relocks !== null) this.scope = scopeOf(this.#program, learner, now);
    }
    return () => {
      // The last first, because derived values depend on written ones.
      for (const step of undo.toReversed()) step();
    };
  }

  /** Notes a score as the grade that counts now. @returns a function that undoes it. */
  #grade(action: "points" | "score", item: number, value: number): () => void {
    const { live } = this.scope.learner;
    if (live === null) return () => undefined;
    const lists = [live.bestScore, live.points, live.at];
    const old = lists.map((list) => list[item] ?? Number.NaN);
    live.bestScore[item] = value;
    live.points[item] = action === "points" ? value : Number.NaN;
    live.at[item] = this.scope.now;
    return () => {
      lists.forEach((list, place) => {
        list[item] = old[place] ?? Number.NaN;
      });
    };
  }

  /**
   * Does each step of a plan as soon as possible, and waits in between. @returns the steps, or null if a step is never
   * possible.
   */
  follow(needs: readonly Need[], target: number): Need[] | null {
    const steps: Need[] = [];
    let pending = needs.filter((need) => need.action !== "wait" && !this.has(need));
    for (let round = 0; round < MAX_INSTANTS; round += 1) {
      for (let isMoving = true; isMoving; ) {
        if (pending.length === 0 && this.isOpen(target)) return steps;
        const left = pending.filter((need) => {
          if (!this.canDo(need)) return true;
          this.do(need);
          steps.push(need);
          return false;
        });
        isMoving = left.length < pending.length;
        pending = left;
      }
      if (this.isOpen(target)) return steps;
      const next = this.instants()[0];
      if (next === undefined) return null;
      const wait: Need = { action: "wait", item: NONE, value: next };
      this.do(wait);
      if (steps.at(-1)?.action === "wait") steps.pop();
      steps.push(wait);
    }
    return null;
  }

  /** Whether exactly these steps, in this order, can be done and open the item. */
  opensBy(steps: readonly Need[], target: number): boolean {
    for (const step of steps) {
      if (!this.canDo(step)) return false;
      this.do(step);
    }
    return this.isOpen(target);
  }

  /** Instants after the present one at which something changes by itself, ascending. */
  instants(): number[] {
    const { learner, now } = this.scope;
    const found = new Set(this.#region.instants.filter((at) => at > now));
    for (const { item, delay } of this.#region.drips) {
      const at = (learner.completedAt[item] ?? Number.NaN) + delay;
      if (at > now) found.add(at);
    }
    return [...found].sort((a, b) => a - b);
  }

  /** Everything that may matter for the next steps. */
  key(): string {
    const { learner, now } = this.scope;
    const parts: (number | string)[] = [now];
    const isTimed = this.#region.drips.length > 0;
    for (const need of this.#region.actions) {
      if (!this.has(need)) continue;
      parts.push(`${need.action}${need.item}=${need.value}${isTimed ? `@${learner.completedAt[need.item]}` : ""}`);
    }
    if (this.#keeps) parts.push("|", ...this.#region.items.filter((item) => learner.kept[item] === 1));
    return parts.join();
  }

  get #keeps(): boolean {
    return this.#program.keepsAny && this.#region.forbids;
  }

  /** Does what the enrollment does after each write in a sticky course; it matters only if rules forbid something. */
  #keep(): void {
    if (!this.#keeps) return;
    const { learner } = this.scope;
    for (const item of this.#region.items) {
      if (learner.kept[item] === 1 || this.#program.keeps[item] !== 1) continue;
      this.isOpen(item);
      if (this.#into.earned[item] === 1) learner.kept[item] = 1;
    }
  }
}
