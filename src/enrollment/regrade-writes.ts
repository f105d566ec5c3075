import type { ProjectedSubmission } from "../mirror/index.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { type readJudge, unpackAnswer } from "../unlock/index.ts";
import type { Regraded, RegradeRequest } from "./requests.ts";
import { JUDGE, MAX_VERDICTS, type SubmissionWrites } from "./submission-writes.ts";
import type { WriteTools } from "./write-tools.ts";

type Judge = Awaited<ReturnType<typeof readJudge>>;

/** The limit of listed changes for one learner; more are only counted. */
const MAX_LISTED = 20;

/**
 * Judges again what the answer key of a problem has judged, with the key of the active version. Verdicts of people
 * stay. A repetition changes nothing. Called inside the object's transaction.
 */
export function regrade(
  tools: WriteTools,
  submissions: SubmissionWrites,
  request: RegradeRequest,
  now: number,
  judge: Judge,
): Result<Regraded> {
  const { item, actor, relock } = request;
  const { state, store, outbox } = tools;
  const index = state.program.indexOf.get(item) ?? -1;
  const key = state.program.outline.problems[index - state.program.chapterCount]?.answer ?? null;
  if (key === null) return refuse("no_effect", { detail: "The problem has no answer key in the published version." });
  const changes: Regraded["changes"] = [];
  let changed = 0;
  for (const stored of store.submissions.of(item, null)) {
    if (stored.judged_by !== JUDGE) continue;
    const { passed, score } = judge(key, unpackAnswer(stored.answer).answer);
    const status = passed ? "passed" : "failed";
    if (stored.status === status && stored.score === score) continue;
    changed += 1;
    if (changes.length < MAX_LISTED) {
      const before = { status: stored.status, score: stored.score };
      changes.push({ submission_id: stored.id, before, after: { status, score } });
    }
    // Beyond this limit the previous verdict is not kept; a person who changes keys this often knows the old ones.
    const isKept = stored.number < MAX_VERDICTS;
    if (isKept) store.submissions.keepVerdict(stored.id, stored);
    const { id, answer, submitted_at } = stored;
    const judged: ProjectedSubmission = {
      id,
      item,
      answer,
      submitted_at,
      status,
      score,
      feedback: null,
      judged_at: now,
    };
    store.submissions.save(judged, { judged_by: JUDGE, number: stored.number + (isKept ? 1 : 0) });
    outbox.add("submission", id, now);
  }
  if (changed > 0) {
    submissions.judgedAnew(item, { actor, relock }, now);
    tools.audit(actor, "submission.judged", item, now, { item, entries: changed, ...(relock ? { relock } : {}) });
  }
  return ok({ ...tools.answer(), changes, changed });
}

/** Rolls back a trial, and returns what it would have done. */
export class Tried extends Error {
  override readonly name = "Tried";
  readonly result: Result<Regraded>;

  constructor(result: Result<Regraded>) {
    super("only tried");
    this.result = result;
  }
}
