import { ok, type Result, refuse } from "../shared/results.ts";
import { evaluate, type Fact, layOut, mergeFact, NO_FACT, type Program, type View } from "../unlock/index.ts";
import type { ReadAnswer, ReadRequest } from "./contract.ts";
import { contentFrom, etagOf, type SignCursor, snapshotInfo } from "./reading.ts";
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

/**
 * Answers a read for another instant.
 * @param tools.load loads a course version, for a past in which another one applied.
 */
export async function readAt(
  state: EnrollmentState,
  store: EnrollmentStore,
  request: ReadRequest,
  at: number,
  tools: { load: (version: number) => Promise<Program | null>; sign: SignCursor },
): Promise<Result<ReadAnswer>> {
  if (at < state.meta.enrolled_at) {
    return refuse("invalid_input", {
      errors: [{ path: "query.at", rule: "before_enrollment", message: "The learner was not enrolled then." }],
    });
  }
  const current = state.meta.course_version;
  const version = at < Date.now() ? (store.courseVersionAt(at) ?? current) : current;
  const program = version === current ? state.program : await tools.load(version);
  if (program === null) return refuse("version_not_found");
  const snapshot = { ...snapshotInfo(state.meta, "recomputed", null), course_version: version };
  const content = await contentFrom(viewAt(state, store, program, at), request, snapshot, tools.sign);
  if (!content.ok) return content;
  const etag = etagOf(snapshot, request.want, request.language).replace(/"$/, `.at${at}"`);
  return ok({ unchanged: false, etag, snapshot, content: content.value });
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
