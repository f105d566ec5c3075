import type { Change, Learner } from "../laid-out.ts";
import type { Live } from "../latest.ts";
import { NONE, type Program, STANDING, STATE } from "../program.ts";
import { shareOf } from "../share.ts";
import { ASK, type Asked, type Children, type Completion } from "./compile.ts";
import { type Deeds, FAILED, PASSED } from "./deeds.ts";

// Evaluates an item's requirement from its facts and children: a pure function of program and facts. The results are
// never stored. They are written into the layout, where each rule reads them as if they had been reported.

const NEVER = Number.NaN;

/** A learner whose course has requirements. */
export interface Deriving {
  readonly program: Program;
  readonly completion: Completion;
  readonly learner: Learner;
  readonly deeds: Deeds;
}

/** @returns null if there is nothing to derive. */
export function derivingOf(program: Program, learner: Learner): Deriving | null {
  const { completion } = program;
  const { deeds } = learner;
  return completion === null || deeds === null ? null : { program, completion, learner, deeds };
}

/** Derives all items, children before their chapters. */
export function deriveAll(deriving: Deriving): void {
  const { completion, deeds, learner, program } = deriving;
  const { order, parent } = completion;
  let place = 0;
  for (; (order[place] ?? NONE) >= program.chapterCount; place += 1) deriveItem(deriving, order[place] ?? NONE);
  deeds.doneIn.fill(0);
  parent.forEach((chapter, child) => {
    if (chapter !== NONE && isCompletedAt(learner.completedAt[child])) count(deeds, chapter, 1);
  });
  for (; place < order.length; place += 1) deriveItem(deriving, order[place] ?? NONE);
}

function isCompletedAt(at: number | undefined): boolean {
  return at !== undefined && !Number.isNaN(at);
}

function count({ doneIn }: Deeds, chapter: number, more: number): void {
  doneIn[chapter] = (doneIn[chapter] ?? 0) + more;
}

/**
 * Derives one item again after its facts changed, and the chapter that counts it.
 * @param completedBefore when it was completed before the change; NaN if it was not.
 * @returns what changed: the item itself first.
 */
export function cascade(deriving: Deriving, item: number, completedBefore: number): Change[] {
  const { completion, learner, program } = deriving;
  deriveItem(deriving, item);
  const changes: Change[] = [{ item, completedBefore }];
  const parent = completion.parent[item] ?? NONE;
  if (parent === NONE) return changes;
  const after = learner.completedAt[item] ?? NEVER;
  if (Object.is(completedBefore, after)) return changes;
  if (Number.isNaN(completedBefore)) count(deriving.deeds, parent, 1);
  else if (Number.isNaN(after)) count(deriving.deeds, parent, -1);
  const before = learner.completedAt[parent] ?? NEVER;
  // Later items do not change a chapter that its items already completed. (A deprecated item counts only for learners
  // who have it.)
  const isTold = !Number.isNaN(deriving.deeds.toldAt[parent] ?? NEVER);
  const isLater = !isTold && !(completedBefore <= before) && !(after <= before) && !Number.isNaN(before);
  if (isLater && program.standing[item] === STANDING.OFFERED) return changes;
  deriveItem(deriving, parent);
  if (!Object.is(before, learner.completedAt[parent])) changes.push({ item: parent, completedBefore: before });
  return changes;
}

/** Writes the result of an item's requirement. An item without a requirement keeps what was reported. */
export function deriveItem(deriving: Deriving, item: number): void {
  const { completion, program, learner, deeds } = deriving;
  const asked = completion.asked[item] ?? null;
  if (asked === null) return;
  const met = metAt(asked, program, learner, deeds, item);
  const told = deeds.toldAt[item] ?? NEVER;
  const completed = earlier(met, told);
  learner.completedAt[item] = completed;
  learner.attemptedAt[item] = earlier(deeds.attemptedAt[item] ?? NEVER, completed);
  deriveOutcome(deriving, asked, item, met);
}

/** Writes whether the item is passed or failed, as a bit of STATE, and since when. */
function deriveOutcome(deriving: Deriving, asked: Asked, item: number, met: number): void {
  const { completion, program, learner, deeds } = deriving;
  const decided = deeds.outcome[item] ?? 0;
  let state = 0;
  let at = NEVER;
  if (!Number.isNaN(met)) {
    const isPassed =
      decided === PASSED || (completion.passes[item] === 1 && hasPassed(asked, program, learner, deeds, item));
    if (isPassed) [state, at] = [STATE.PASSED, met];
  } else if (decided === FAILED || (decided === PASSED && !Number.isNaN(deeds.toldAt[item] ?? NEVER))) {
    // Reported as a whole, or not complete: the latest verdict decides.
    state = decided === PASSED ? STATE.PASSED : STATE.FAILED;
    at = deeds.outcomeAt[item] ?? NEVER;
  } else if (completion.passes[item] === 1 && Number.isNaN(learner.completedAt[item] ?? NEVER)) {
    at = metAt(asked, program, learner, deeds, item, true);
    if (!Number.isNaN(at)) state = STATE.FAILED;
  }
  learner.outcome[item] = state;
  learner.outcomeAt[item] = at;
}

/**
 * When a part was first met; NaN if it is not met.
 * @param isLenient a missed pass mark counts as reached. This shows whether only that mark keeps the item from being
 * complete.
 */
export function metAt(
  asked: Asked,
  program: Program,
  learner: Learner,
  deeds: Deeds,
  item: number,
  isLenient = false,
): number {
  if (asked.kind === "group") {
    const { parts } = asked;
    if (asked.count === parts.length) {
      let latest = Number.NEGATIVE_INFINITY;
      for (const part of parts) {
        const at = metAt(part, program, learner, deeds, item, isLenient);
        if (Number.isNaN(at)) return NEVER;
        if (at > latest) latest = at;
      }
      return latest;
    }
    const instants = parts.map((part) => metAt(part, program, learner, deeds, item, isLenient));
    return nthEarliest(instants, asked.count);
  }
  if (asked.kind === "children") {
    // Children are not looked at while too few are done, which is nearly always.
    const isShort = learner.excuses === null && asked.items.length > 0 && (deeds.doneIn[item] ?? 0) < asked.needed;
    return isShort ? NEVER : childrenMetAt(asked, program, learner);
  }
  const { ask, min } = asked;
  switch (ask) {
    case ASK.VIEW:
      // A learner who began an item has opened it.
      return earlier(learner.viewedAt[item] ?? NEVER, deeds.attemptedAt[item] ?? NEVER);
    case ASK.MARK:
      return deeds.markedAt[item] ?? NEVER;
    case ASK.SUBMIT:
      return learner.submittedAt[item] ?? NEVER;
    case ASK.CONTRIBUTE:
      return deeds.contributedAt[item] ?? NEVER;
    case ASK.PASS:
      if (deeds.outcome[item] === FAILED) return isLenient ? (deeds.outcomeAt[item] ?? NEVER) : NEVER;
      return earlier(deeds.passedAt[item] ?? NEVER, deeds.outcomeAt[item] ?? NEVER);
    case ASK.SCORE:
    case ASK.PASS_SCORE:
      return scoreAt(
        program,
        learner,
        deeds,
        item,
        isLenient && ask === ASK.PASS_SCORE ? Number.NEGATIVE_INFINITY : min,
      );
    default:
      return pointsAt(
        program,
        learner,
        deeds,
        item,
        isLenient && ask === ASK.PASS_POINTS ? Number.NEGATIVE_INFINITY : min,
      );
  }
}

/** The grades that count now, if the item's completion is lost when they fall. */
export function currentOf(program: Program, { live }: Learner, item: number): Live | null {
  return program.live[item] === 1 ? live : null;
}

/** When a score of at least `min` percent was first reached. */
function scoreAt(program: Program, learner: Learner, deeds: Deeds, item: number, min: number): number {
  const { scoreSlack } = program;
  const current = currentOf(program, learner, item);
  if (current !== null)
    return (current.bestScore[item] ?? NEVER) >= min - scoreSlack ? (current.at[item] ?? NEVER) : NEVER;
  const best = learner.bestScore[item] ?? NEVER;
  if (!(best >= min - scoreSlack)) return NEVER;
  const step = deeds.steps.get(item)?.find(({ score }) => score >= min - scoreSlack);
  return step === undefined ? (deeds.scoredAt[item] ?? NEVER) : step.at;
}

/** The same in points: earlier attempts count as if they had the range of the best one. */
function pointsAt(program: Program, learner: Learner, deeds: Deeds, item: number, min: number): number {
  const current = currentOf(program, learner, item);
  if (current !== null) return (current.points[item] ?? NEVER) >= min ? (current.at[item] ?? NEVER) : NEVER;
  if (!((learner.points[item] ?? NEVER) >= min)) return NEVER;
  const low = deeds.pointsMin[item] ?? NEVER;
  const range = (deeds.pointsMax[item] ?? NEVER) - low;
  const step = range > 0 ? deeds.steps.get(item)?.find(({ score }) => low + (score * range) / 100 >= min) : undefined;
  return step === undefined ? (deeds.scoredAt[item] ?? NEVER) : step.at;
}

/** Whether an item's completion depends on having been passed. */
function hasPassed(asked: Asked, program: Program, learner: Learner, deeds: Deeds, item: number): boolean {
  if (asked.kind === "children") return false;
  if (asked.kind === "group") return asked.parts.some((part) => hasPassed(part, program, learner, deeds, item));
  if (asked.ask < ASK.PASS) return false;
  return !Number.isNaN(metAt(asked, program, learner, deeds, item));
}

/** When a child was complete, or excused. */
export function childDoneAt({ completedAt, excuses }: Learner, child: number): number {
  const completed = completedAt[child] ?? NEVER;
  return excuses === null ? completed : earlier(completed, excuses.get(child) ?? NEVER);
}

/** How many of a chapter's items are required of the learner, how many are done, and how many are enough. */
export function childrenOf(asked: Children, program: Program, learner: Learner) {
  const { items, weights } = asked;
  let total = 0;
  let done = 0;
  let weighed = 0;
  let doneWeight = 0;
  for (let place = 0; place < items.length; place += 1) {
    const child = items[place] ?? NONE;
    const isDone = !Number.isNaN(childDoneAt(learner, child));
    if (!isDone && !isAsked(program, learner, child)) continue;
    const weight = weights === null ? 1 : (weights[place] ?? 1);
    total += 1;
    weighed += weight;
    if (!isDone) continue;
    done += 1;
    doneWeight += weight;
  }
  const needed = Number.isNaN(asked.count) ? shareOf(asked.percent, total) : Math.min(asked.count, total);
  return { total, done, needed, weighed, doneWeight };
}

/** Whether an undone item is required of the learner. A deprecated one counts for those who have it. */
function isAsked(program: Program, _learner: Learner, child: number): boolean {
  return program.standing[child] === STANDING.OFFERED;
}

function childrenMetAt(asked: Children, program: Program, learner: Learner): number {
  const { total, done, needed, weighed, doneWeight } = childrenOf(asked, program, learner);
  // If nothing is required, the requirement is met. For a chapter without any item it cannot be met.
  if (total === 0) return asked.isEmpty ? NEVER : learner.enrolledAt;
  if (asked.weights === null) {
    if (done < needed) return NEVER;
    if (needed === 0) return learner.enrolledAt;
  } else if (shareOfWeight(doneWeight, weighed) < asked.percent) return NEVER;
  else if (asked.percent <= 0) return learner.enrolledAt;
  let latest = Number.NEGATIVE_INFINITY;
  for (const child of asked.items) {
    const at = childDoneAt(learner, child);
    if (at > latest) latest = at;
  }
  if (asked.weights === null && needed === done) return latest;
  const instants: { at: number; weight: number }[] = [];
  for (let place = 0; place < asked.items.length; place += 1) {
    const at = childDoneAt(learner, asked.items[place] ?? NONE);
    if (!Number.isNaN(at)) instants.push({ at, weight: asked.weights?.[place] ?? 1 });
  }
  instants.sort((a, b) => a.at - b.at);
  if (asked.weights === null) return instants[needed - 1]?.at ?? NEVER;
  let sum = 0;
  for (const { at, weight } of instants) {
    sum += weight;
    if (shareOfWeight(sum, weighed) >= asked.percent) return at;
  }
  return latest;
}

/** In percent, rounded up to two decimals, as authors write it: two thirds are 66.67. */
export function shareOfWeight(part: number, all: number): number {
  return Math.ceil((part * 10_000) / all - 1e-6) / 100;
}

/** The instant at which `count` of them had been reached; NaN if fewer have. */
function nthEarliest(instants: readonly number[], count: number): number {
  const come = instants.filter((at) => !Number.isNaN(at)).sort((a, b) => a - b);
  return come[count - 1] ?? NEVER;
}

/** The earlier of two instants; each may be NaN for "never". */
function earlier(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return a <= b || Number.isNaN(b) ? a : b;
}
