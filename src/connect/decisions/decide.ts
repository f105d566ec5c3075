import { loadProgram } from "../../courses/index.ts";
import { loadPermits } from "../../enrollment/index.ts";
import type { SnapshotInfo } from "../../mirror/index.ts";
import { type AppContext, databaseOf, keyOf } from "../../platform/http/context.ts";
import { problemDocument } from "../../platform/http/errors.ts";
import { inParallel } from "../../platform/parallel.ts";
import { ok, type Refusal, type Result, refuse } from "../../platform/results.ts";
import { reachesCourse } from "../../platform/scopes.ts";
import type { Explanation } from "../../unlock/index.ts";
import type { Question } from "./request.ts";

/** Enrollments that are asked at once. */
const PARALLEL_ENROLLMENTS = 24;

/** An answer to one question. Whatever keeps it from being decided denies. */
export interface Decision {
  decision: boolean;
  context: {
    /** Why not. An item that is hidden, or is not there, is `not_open` like one that is locked. */
    reason?: "not_open" | "not_enrolled" | "error";
    /** What the learner sees of the reasons; only if they were asked for. */
    explanation?: Explanation;
    snapshot?: Pick<SnapshotInfo, "version" | "course_version" | "source">;
    error?: { status: number; code: string; message: string };
  };
  /** The refusal behind an error. */
  refusal?: Refusal;
}

/**
 * Answers all questions in their order. Each enrollment is asked once, whatever the number of its questions.
 * @param withReasons denials carry the explanation that the learner reads: one more read each.
 */
export async function decide(c: AppContext, questions: readonly Question[], withReasons: boolean): Promise<Decision[]> {
  const answers: Decision[] = [];
  const groups = Map.groupBy(questions.entries(), ([, { course, user, min_seq, max_stale }]) =>
    JSON.stringify([course, user, min_seq, max_stale]),
  );
  await inParallel([...groups.values()], PARALLEL_ENROLLMENTS, async (group) => {
    const [first] = group;
    if (first === undefined) return;
    const found = await openItems(c, first[1]);
    for (const [place, question] of group) {
      const answer = found.ok ? decisionOf(found.value, question.item) : failed(found.refusal);
      answers[place] = withReasons && isExplained(answer) ? await explained(c, question, answer) : answer;
    }
  });
  return answers;
}

interface OpenItems {
  indexOf: ReadonlyMap<string, number>;
  /** One bit for each item, in the order of the version. */
  bits: Uint8Array;
  snapshot: SnapshotInfo;
}

async function openItems(c: AppContext, { course, user, min_seq, max_stale }: Question): Promise<Result<OpenItems>> {
  if (!reachesCourse(keyOf(c), course)) {
    return refuse("forbidden", { detail: "The key is not for this course." });
  }
  const { readUnlocks } = await loadPermits();
  const read = await readUnlocks(c, course, { kind: "open" }, { learner: user, min_seq, max_stale });
  if (!read.ok) return read;
  const { snapshot } = read.value;
  const program = await loadProgram(databaseOf(c), course, snapshot.course_version);
  if (program === null || read.value.unchanged || read.value.content.kind !== "body") return refuse("unavailable");
  return ok({ indexOf: program.indexOf, bits: read.value.content.body, snapshot });
}

function decisionOf({ indexOf, bits, snapshot }: OpenItems, item: string): Decision {
  const index = indexOf.get(item);
  const decision = index !== undefined && ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  const { version, course_version, source } = snapshot;
  return {
    decision,
    context: { ...(decision ? {} : { reason: "not_open" as const }), snapshot: { version, course_version, source } },
  };
}

function failed(refusal: Refusal): Decision {
  if (refusal.code === "not_enrolled") return { decision: false, context: { reason: "not_enrolled" } };
  const { status, code, title, detail } = problemDocument(refusal, "");
  return { decision: false, context: { reason: "error", error: { status, code, message: detail ?? title } }, refusal };
}

function isExplained({ context }: Decision): boolean {
  return context.reason === "not_open";
}

async function explained(
  c: AppContext,
  { course, user, item, min_seq }: Question,
  answer: Decision,
): Promise<Decision> {
  const { readUnlocks } = await loadPermits();
  const read = await readUnlocks(c, course, { kind: "why", item }, { learner: user, min_seq });
  // Of an item that is hidden there is nothing to say.
  if (!read.ok || read.value.unchanged || read.value.content.kind !== "why") return answer;
  const { explanation } = read.value.content;
  return { ...answer, context: { ...answer.context, explanation } };
}
