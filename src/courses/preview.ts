import {
  compile,
  evaluate,
  type Fact,
  layOut,
  NO_FACT,
  NO_POLICY,
  type Outline,
  reasonsOf,
  stateOf,
} from "../unlock/index.ts";

/** A learner who exists only for a look at a course. */
export interface MadeUpLearner {
  /** Items that they have completed, each with full marks. */
  completed: readonly string[];
  cohorts: readonly string[];
}

/** Items of which it is said what they wait for: cards of a map. Beyond, a map could not be read. */
const MAX_EXPLAINED = 500;

/**
 * What a made-up learner would see of a course that is not published. Pure: no I/O, no clock.
 * @param now epoch ms; they enrolled at this instant.
 */
export function previewOf(outline: Outline, { completed, cohorts }: MadeUpLearner, now: number) {
  const program = compile(outline);
  const record = (facts: ReadonlyMap<string, Fact>) =>
    layOut(program, { enrolled_at: now, facts, opened: new Set(), policy: { ...NO_POLICY, cohorts } }, now);
  const done: Fact = {
    ...NO_FACT,
    attempted_at: now,
    completed_at: now,
    best_score: 100,
    outcome: "passed",
    outcome_at: now,
    viewed_at: now,
    submitted_at: now,
    told_at: now,
    scored_at: now,
  };
  const learner = record(new Map(completed.map((item) => [item, done])));
  const evaluation = evaluate(program, learner, now);
  // What an item waits for is asked of somebody who has done nothing: whoever has done it waits for nothing any more.
  const newcomer = record(new Map());
  const first = evaluate(program, newcomer, now);
  let explained = 0;
  return program.ids.map((item, index) => {
    const isVisible = evaluation.visible[index] === 1;
    const isCard = index < program.chapterCount || (program.chapterOf[index] ?? -1) < 0;
    const isExplained = isVisible && isCard && first.open[index] !== 1 && explained < MAX_EXPLAINED;
    if (isExplained) explained += 1;
    return {
      item,
      state: isVisible ? stateOf(learner, evaluation, index) : ("hidden" as const),
      needs: isExplained
        ? reasonsOf(program, newcomer, first, index, now).flatMap(({ item: on, code }) =>
            on === undefined || on === item ? [] : [{ on, code }],
          )
        : [],
    };
  });
}
