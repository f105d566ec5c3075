import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { inParallel } from "../../../src/platform/parallel.ts";
import { backoff, type Insistence } from "./insistence.ts";
import type { Progress } from "./progress.ts";
import { refused } from "./report.ts";

/** Enrollments asked for at the same time. */
const ENROLL_WIDTH = 32;
/**
 * Facts of one call. The API takes 1,000; half of that keeps a call to a few seconds, so that a break costs little. A
 * fact is at most 300 bytes, far from the limit of a body.
 */
const FACTS_PER_CALL = 500;
/** Tries for facts that come back as not taken; the waits between them make up some two minutes. */
const FACT_TRIES = 30;

/** Outcomes that another try may change: the object did not answer, or this answer is from before the enrollment. */
const SEND_AGAIN = ["unavailable", "not_enrolled"] as const;

const answerSchema = z.looseObject({
  results: z.array(z.looseObject({ outcome: z.string() })),
});

/** `concurrent_change`: a request with the same key is under way. */
const KEY_IN_USE = 409;

/** Form of a fact as the progress import takes it; what it means is the server's to check. */
export interface SentFact {
  user_id: string;
  item: string;
}

/** What became of the facts, by outcome, and how it went. */
export interface FactsSummary {
  sent: number;
  outcomes: Record<string, number>;
  calls: number;
  /** Calls whose answer the server had from an earlier try or run. */
  replayed_calls: number;
  /** Facts that were sent again because the first try was not taken. */
  sent_again: number;
}

/** Enrolls learners in courses. Enrolling again changes nothing, so a repeat needs no key. */
export async function enrollAll(
  server: Insistence,
  enrollments: readonly { course: string; user: string }[],
  progress: Progress,
): Promise<{ created: number; existing: number }> {
  const count = { created: 0, existing: 0 };
  await inParallel(enrollments, ENROLL_WIDTH, async ({ course, user }) => {
    const answer = await server.post(`/api/v1/courses/${course}/enrollments`, { user_id: user });
    if (answer.status >= 300) throw refused(`Enrolling ${user} in ${course}`, answer);
    if (answer.status === 201) count.created += 1;
    else count.existing += 1;
    progress.add(1);
  });
  return count;
}

/**
 * Sends facts in their order, one call after the other. Each call's Idempotency-Key is made of its content, so a call
 * that is repeated (by this run, or by the command run again from the start) is answered as it was the first time.
 */
export async function sendFacts(
  server: Insistence,
  facts: readonly SentFact[],
  progress: Progress,
): Promise<FactsSummary> {
  const summary: FactsSummary = { sent: facts.length, outcomes: {}, calls: 0, replayed_calls: 0, sent_again: 0 };
  for (let from = 0; from < facts.length; from += FACTS_PER_CALL) {
    const call = facts.slice(from, from + FACTS_PER_CALL);
    await sendCall(server, call, summary);
    progress.add(call.length);
  }
  return summary;
}

async function sendCall(server: Insistence, call: readonly SentFact[], summary: FactsSummary): Promise<void> {
  const keys = { used: 0 };
  let left = call;
  for (let tries = 1; left.length > 0; tries += 1) {
    const outcomes = await outcomesOf(server, left, keys, summary);
    const isLast = tries === FACT_TRIES;
    const again = left.filter((_, index) => {
      const outcome = outcomes[index] ?? "unavailable";
      if (!isLast && SEND_AGAIN.some((passing) => passing === outcome)) return true;
      summary.outcomes[outcome] = (summary.outcomes[outcome] ?? 0) + 1;
      return false;
    });
    summary.sent_again += again.length;
    if (again.length > 0) await sleep(backoff(tries));
    left = again;
  }
}

/**
 * One call, until it is answered with an outcome for each fact. Every request that wants a new answer takes the next
 * key: the one before has its answer for good, or is held, for a minute, by a request that a crash of the server ended.
 * Facts merge, so carrying a call out twice does no harm.
 */
async function outcomesOf(
  server: Insistence,
  facts: readonly SentFact[],
  keys: { used: number },
  summary: FactsSummary,
): Promise<string[]> {
  const digest = createHash("sha256").update(JSON.stringify(facts)).digest("hex");
  for (;;) {
    const key = `facts-${digest}-${keys.used}`;
    keys.used += 1;
    const headers = { "idempotency-key": key };
    const answer = await server.post("/api/v1/progress/import", { facts }, { headers, final: [KEY_IN_USE] });
    summary.calls += 1;
    if (answer.status === KEY_IN_USE) continue;
    if (answer.status >= 300) throw refused("Importing progress", answer);
    if (answer.headers.get("idempotency-replayed") === "true") summary.replayed_calls += 1;
    const { results } = answerSchema.parse(answer.body);
    return results.map(({ outcome }) => outcome);
  }
}
