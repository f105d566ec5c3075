import type { ReadAnswer, ReadRequest, Walked } from "../mirror/index.ts";
import { contentFrom, etagOf, type SignCursor, snapshotInfo } from "../mirror/index.ts";
import { namesTag } from "../platform/http/etag.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { evaluate, type Fact, layOut, mergeFact, NO_FACT, type Program, type View } from "../unlock/index.ts";
import { newsOf } from "./fact-store.ts";
import type { EnrollmentState } from "./state.ts";
import type { EnrollmentStore } from "./store.ts";

/**
 * The learner's course at another instant. The past is what had been recorded by then. So it answers what the learner
 * was really shown on Tuesday, not what later imports say about Tuesday. The future is today's record under the rules
 * of that instant.
 *
 * @param at epoch ms, not before the enrollment.
 */
function viewAt(state: EnrollmentState, store: EnrollmentStore, program: Program, at: number): View {
  const isPast = at < Date.now();
  const { cohorts, practice_mode, enrolled_at, profile, courses, pauses } = isPast ? store.policy.at(at) : state.meta;
  const learner = layOut(
    program,
    {
      enrolled_at: enrolled_at ?? state.meta.enrolled_at,
      facts: isPast ? factsAt(store, at) : state.facts,
      opened: store.opened.keptAt(isPast ? at : null),
      policy: {
        cohorts,
        practice_mode,
        profile,
        courses,
        pauses,
        overrides: store.policy.overrides(isPast ? at : null),
      },
    },
    at,
  );
  return { program, learner, evaluation: evaluate(program, learner, at), now: at };
}

/**
 * Answers a read for another instant: its states and reasons, for items that the learner may know of today. The present
 * decides what may be opened (see access.ts).
 *
 * @param state brought up to date just now.
 * @param tools.load loads a course version, for a past in which another one applied.
 * @param tools.behindSince the instant since when the state is known to be older than the course, or null.
 */
export async function readAt(
  state: EnrollmentState,
  store: EnrollmentStore,
  request: ReadRequest,
  at: number,
  tools: {
    load: (version: number) => Promise<Program | null>;
    sign: SignCursor;
    walked: Walked;
    behindSince: number | null;
  },
): Promise<Result<ReadAnswer>> {
  // A corrected beginning counts from the instant of its correction; the earlier value counts before it.
  const begun = Math.min(state.meta.enrolled_at, store.policy.at(at).enrolled_at ?? state.meta.enrolled_at);
  if (at < begun) {
    return refuse("invalid_input", {
      errors: [{ path: "query.at", rule: "before_enrollment", message: "The learner was not enrolled then." }],
    });
  }
  const current = state.meta.course_version;
  const version = at < Date.now() ? (store.courseVersionAt(at) ?? current) : current;
  const past = version === current ? null : await tools.load(version);
  if (version !== current && past === null) return refuse("version_not_found");
  const snapshot = { ...snapshotInfo(state.meta, "recomputed", tools.behindSince), course_version: version };
  // No await from here on, so that both views are of one state.
  const views = {
    asked: viewAt(state, store, past ?? state.program, at),
    present: state.view(Date.now()),
    version,
    presentVersion: state.meta.course_version,
  };
  const etag = tagAt(at, views.presentVersion, etagOf(snapshot, request.want, request.language, request.zone ?? null));
  const content = await contentFrom(views, request, tools.walked, snapshot, tools.sign);
  if (!content.ok) return content;
  if (content.value.kind !== "body") return ok({ unchanged: false, etag: "", snapshot, content: content.value });
  if (namesTag(request.if_none_match, etag)) return ok({ unchanged: true, etag, snapshot });
  return ok({ unchanged: false, etag, snapshot, content: content.value });
}

/** The tag of an answer for another instant: it also depends on what may be shown today. */
function tagAt(at: number, presentVersion: number, etag: string): string {
  return etag.replace(/"$/, `.v${presentVersion}.at${at}"`);
}

function factsAt(store: EnrollmentStore, at: number): Map<string, Fact> {
  const facts = new Map<string, Fact>();
  for (const entry of store.facts.logUntil(at)) {
    if (entry.kind === "revoked") facts.delete(entry.item);
    else {
      facts.set(entry.item, mergeFact(facts.get(entry.item) ?? NO_FACT, { ...newsOf(entry), live: true }));
    }
  }
  return facts;
}
