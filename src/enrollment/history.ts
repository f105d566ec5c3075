import { evaluate, type Fact, layOut, mergeFact, NO_FACT, type Program, type View } from "../unlock/index.ts";
import type { EnrollmentState } from "./state.ts";
import type { EnrollmentStore } from "./store.ts";

/**
 * The learner's course at another instant. The past is what was recorded by then (so it answers what the learner was
 * really shown on Tuesday, not what later imports say about Tuesday); the future is today's record under the rules of
 * that instant.
 *
 * @param at epoch ms, not before the enrollment.
 */
export function viewAt(state: EnrollmentState, store: EnrollmentStore, program: Program, at: number): View {
  const isPast = at < Date.now();
  const policy = isPast ? store.policyAt(at) : { cohorts: state.meta.cohorts, practice_mode: state.meta.practice_mode };
  const learner = layOut(program, {
    enrolled_at: state.meta.enrolled_at,
    facts: isPast ? factsAt(store, at) : state.facts,
    opened: store.keptAt(isPast ? at : null),
    policy: { ...policy, overrides: store.overrides(isPast ? at : null) },
  });
  return { program, learner, evaluation: evaluate(program, learner, at), now: at };
}

function factsAt(store: EnrollmentStore, at: number): Map<string, Fact> {
  const facts = new Map<string, Fact>();
  for (const entry of store.factLog(at)) {
    if (entry.kind === "revoked") facts.delete(entry.item);
    else {
      const news = { at: entry.at, completed: entry.kind === "completed", score: entry.score };
      facts.set(entry.item, mergeFact(facts.get(entry.item) ?? NO_FACT, news));
    }
  }
  return facts;
}
