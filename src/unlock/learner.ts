import { DAY_MS } from "../platform/instants.ts";
import { noDeeds, setDeeds } from "./completion/deeds.ts";
import { cascade, deriveAll, derivingOf } from "./completion/derive.ts";
import { excusesAt } from "./completion/excuses.ts";
import { type Fact, weightOf } from "./facts.ts";
import type { Change, Learner, Override } from "./laid-out.ts";
import { noGrades, setGrade } from "./latest.ts";
import { meantFor } from "./meant.ts";
import type { Pauses } from "./pause.ts";
import { NONE, type Program, STATE } from "./program.ts";
import { traitHolds } from "./traits.ts";

export * from "./laid-out.ts";

/** What staff decided about one learner. */
export interface Policy {
  cohorts: readonly string[];
  /** Every visible item is open (except for `lock` overrides), and none is kept open because of it afterwards. */
  practice_mode: boolean;
  overrides: readonly Override[];
  /** Fields of the learner's profile that rules may ask for; absent means none. */
  profile?: Readonly<Record<string, string>>;
  /** Other courses that the learner has completed, and since when, epoch ms. */
  courses?: Readonly<Record<string, number>>;
  /** When the learner's course was paused; null or absent: never. */
  pauses?: Pauses | null;
}

export const NO_POLICY: Policy = { cohorts: [], practice_mode: false, overrides: [] };

/**
 * Everything about a learner that the evaluator reads. Items are named by id, so it stays valid across course versions.
 */
export interface LearnerRecord {
  enrolled_at: number;
  facts: ReadonlyMap<string, Fact>;
  /** Items that stay open: sticky or grandfathered (see {@link keepOpen}). */
  opened: ReadonlySet<string>;
  policy: Policy;
}

/** Values that nothing needs take no room and no time. */
const NO_BYTES = new Uint8Array(0);
const NO_NUMBERS = new Float64Array(0);

/**
 * @param now epoch ms: the excuses in force then decide what chapters count. Without it, no excuse has run out. A scope
 * of another instant corrects this itself.
 */
export function layOut(course: Program, record: LearnerRecord, now = Number.NEGATIVE_INFINITY): Learner {
  const program = meantFor(course, record.policy.cohorts);
  const overrides = record.policy.overrides.flatMap((override) => {
    const index = program.indexOf.get(override.item) ?? NONE;
    return index === NONE ? [] : [{ ...override, index }];
  });
  const learner: Learner = {
    program,
    enrolledAt: record.enrolled_at,
    begunAt: record.enrolled_at,
    pauses: record.policy.pauses ?? null,
    early: earlyFor(program, record.policy),
    attemptedAt: new Float64Array(program.size).fill(Number.NaN),
    completedAt: new Float64Array(program.size).fill(Number.NaN),
    bestScore: new Float64Array(program.size).fill(Number.NaN),
    outcome: program.asksOutcomes ? new Uint8Array(program.size) : NO_BYTES,
    outcomeAt: program.asksOutcomes ? new Float64Array(program.size).fill(Number.NaN) : NO_NUMBERS,
    viewedAt: program.asksViews ? new Float64Array(program.size).fill(Number.NaN) : NO_NUMBERS,
    submittedAt: program.asksSubmissions ? new Float64Array(program.size).fill(Number.NaN) : NO_NUMBERS,
    points: program.asksPoints ? new Float64Array(program.size).fill(Number.NaN) : NO_NUMBERS,
    weight: program.asksTotal ? new Float64Array(program.size).fill(Number.NaN) : NO_NUMBERS,
    live: program.asksLive ? noGrades(program.size) : null,
    deeds: program.completion === null ? null : noDeeds(program.size),
    excuses: program.completion === null ? null : excusesAt(overrides, now),
    kept: new Uint8Array(program.size),
    cohorts: Uint8Array.from(program.cohorts, (name) => (record.policy.cohorts.includes(name) ? 1 : 0)),
    traits:
      program.traits.length === 0
        ? NO_BYTES
        : Uint8Array.from(program.traits, (trait) => (traitHolds(trait, record.policy) ? 1 : 0)),
    practiceMode: record.policy.practice_mode,
    overrides,
  };
  for (const [item, fact] of record.facts) {
    const index = program.indexOf.get(item);
    if (index !== undefined) writeFact(program, learner, index, fact);
  }
  const deriving = derivingOf(program, learner);
  if (deriving !== null) deriveAll(deriving);
  for (const item of record.opened) {
    const index = program.indexOf.get(item);
    if (index !== undefined) learner.kept[index] = 1;
  }
  return learner;
}

/** How many ms earlier than others the learner sees something that begins. */
function earlyFor({ outline }: Program, { cohorts }: Policy): number {
  const { beta } = outline.options;
  if (beta === undefined || !beta.cohorts.some((name) => cohorts.includes(name))) return 0;
  return Math.round(beta.days * DAY_MS);
}

/**
 * Writes one item's facts into the layout, and derives what rests on them.
 * @returns what changed: the item first, then the chapter that it completes, or no longer completes. Empty if the
 * version has no such item.
 */
export function setFact(course: Program, learner: Learner, item: string, fact: Fact): Change[] {
  const { program } = learner;
  const index = course.indexOf.get(item);
  if (index === undefined) return [];
  const completedBefore = learner.completedAt[index] ?? Number.NaN;
  writeFact(program, learner, index, fact);
  const deriving = derivingOf(program, learner);
  return deriving === null ? [{ item: index, completedBefore }] : cascade(deriving, index, completedBefore);
}

function writeFact(program: Program, learner: Learner, index: number, fact: Fact): void {
  learner.attemptedAt[index] = fact.attempted_at ?? Number.NaN;
  learner.completedAt[index] = fact.completed_at ?? Number.NaN;
  learner.bestScore[index] = fact.best_score ?? Number.NaN;
  if (program.asksMore) setMore(program, learner, index, fact);
}

/** Kept apart because few courses need it, so that the others spend no time on it. */
function setMore(program: Program, learner: Learner, index: number, fact: Fact): void {
  if (program.asksOutcomes) {
    const { outcome = null } = fact;
    learner.outcome[index] = outcome === null ? 0 : outcome === "passed" ? STATE.PASSED : STATE.FAILED;
    learner.outcomeAt[index] = fact.outcome_at ?? Number.NaN;
  }
  if (program.asksViews) learner.viewedAt[index] = fact.viewed_at ?? Number.NaN;
  if (program.asksSubmissions) learner.submittedAt[index] = fact.submitted_at ?? Number.NaN;
  if (program.asksPoints) learner.points[index] = fact.points ?? Number.NaN;
  if (program.asksTotal) learner.weight[index] = weightOf(fact);
  if (learner.live !== null) setGrade(learner.live, index, fact);
  if (learner.deeds !== null) setDeeds(learner.deeds, index, fact);
}
