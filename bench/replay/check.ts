import { z } from "zod";
import type { ApiClient } from "../../scripts/lib/api-client.ts";
import { inParallel } from "../../src/platform/parallel.ts";
import { expectAnswer, statesSchema } from "../../test/support/node/answers.ts";
import { queryD1 } from "../../test/support/node/database.ts";
import type { Expectations, ExpectedEnrollment, ExpectedFact } from "./expected.ts";

/** Enrollments read at the same time. */
const READ_WIDTH = 24;
/** Findings kept word for word. */
const MAX_EXAMPLES = 20;

/** What differs from what must be true. Every number must be 0. */
export class Findings {
  /** Facts, enrollments or announcements that are not there. */
  lost = 0;
  /** Facts or enrollments nobody sent, and announcements that were made before. */
  duplicated = 0;
  /** Values or states that are not what they must be. */
  divergent = 0;
  readonly examples: string[] = [];

  note(kind: "lost" | "duplicated" | "divergent", words: string): void {
    this[kind] += 1;
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(`${kind}: ${words}`);
  }
}

const problemsSchema = z.object({
  results: z.array(
    z.looseObject({ id: z.string(), completed_at: z.string().nullable(), best_score: z.number().nullable() }),
  ),
  next_cursor: z.null(),
});

const idList = z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text)));
const eventSchema = z.object({ enrollment_id: z.string(), unlocked: idList, locked: idList });

/**
 * Asks every enrollment's object for its states and its facts, and compares both with what must be true.
 * @returns how many facts the objects have.
 */
export async function checkObjects(
  client: ApiClient,
  expected: Expectations,
  findings: Findings,
): Promise<{ facts: number; sources: Record<string, number> }> {
  let facts = 0;
  const sources: Record<string, number> = {};
  await inParallel([...expected.enrollments], READ_WIDTH, async ([id, enrollment]) => {
    const { course, user } = enrollment;
    const unlocks = await client.get(`/api/v1/courses/${course}/unlocks?learner=${user}`);
    const { states, snapshot } = expectAnswer(unlocks, 200, statesSchema);
    sources[snapshot.source] = (sources[snapshot.source] ?? 0) + 1;
    const wanted = expected.states(enrollment);
    if (canonical(states) !== canonical(wanted)) {
      findings.note("divergent", `${id} says ${canonical(states)}, must say ${canonical(wanted)}`);
    }
    const listed = await client.get(`/api/v1/courses/${course}/problems?learner=${user}&limit=1000`);
    const { results } = expectAnswer(listed, 200, problemsSchema);
    const stored = new Map<string, StoredFact>();
    for (const { id: item, completed_at, best_score } of results) {
      const isUntouched = completed_at === null && best_score === null;
      if (!isUntouched) {
        stored.set(item, { completed_at: completed_at === null ? null : Date.parse(completed_at), best_score });
      }
    }
    facts += stored.size;
    compareFacts(`object ${id}`, enrollment, stored, findings);
  });
  return { facts, sources };
}

/**
 * Compares D1's rows, read past the Worker. The runtime must have ended.
 * @returns how many facts and announcements D1 has.
 */
export function checkMirror(
  stateDir: string,
  expected: Expectations,
  findings: Findings,
): { facts: number; announcements: number; dead_letters: number } {
  const registered = queryD1(
    stateDir,
    "SELECT id FROM enrollments WHERE status = 'active'",
    z.object({ id: z.string() }),
  );
  const ids = new Set(registered.map(({ id }) => id));
  for (const id of expected.enrollments.keys()) if (!ids.has(id)) findings.note("lost", `enrollment ${id}`);
  for (const id of ids) if (!expected.enrollments.has(id)) findings.note("duplicated", `enrollment ${id}`);

  const rows = queryD1(
    stateDir,
    "SELECT enrollment_id, item_id, completed_at, best_score FROM progress",
    z.object({
      enrollment_id: z.string(),
      item_id: z.string(),
      completed_at: z.number().nullable(),
      best_score: z.number().nullable(),
    }),
  );
  const byEnrollment = Map.groupBy(rows, (row) => row.enrollment_id);
  for (const [id, enrollment] of expected.enrollments) {
    const stored = new Map((byEnrollment.get(id) ?? []).map((row): [string, StoredFact] => [row.item_id, row]));
    compareFacts(`D1 ${id}`, enrollment, stored, findings);
  }
  for (const id of byEnrollment.keys()) {
    if (!expected.enrollments.has(id)) findings.note("duplicated", `D1 has progress of ${id}`);
  }
  const announced = checkAnnouncements(stateDir, expected, findings);
  const dead = queryD1(stateDir, "SELECT id FROM dead_letters", z.object({ id: z.string() })).length;
  return { facts: rows.length, announcements: announced, dead_letters: dead };
}

/** Each item was announced once, and what was announced is what is open. */
function checkAnnouncements(stateDir: string, expected: Expectations, findings: Findings): number {
  const events = queryD1(stateDir, "SELECT enrollment_id, unlocked, locked FROM unlock_events", eventSchema);
  const byEnrollment = Map.groupBy(events, (event) => event.enrollment_id);
  let total = 0;
  for (const id of byEnrollment.keys()) {
    if (!expected.enrollments.has(id)) findings.note("duplicated", `D1 has announcements to ${id}`);
  }
  for (const [id, enrollment] of expected.enrollments) {
    const own = byEnrollment.get(id) ?? [];
    const unlocked = own.flatMap((event) => event.unlocked);
    const locked = own.flatMap((event) => event.locked);
    total += unlocked.length;
    const distinct = new Set(unlocked);
    if (distinct.size < unlocked.length) findings.note("duplicated", `${id} was notified twice: ${unlocked.join()}`);
    if (locked.length > 0) findings.note("divergent", `${id} was notified of locks: ${locked.join()}`);
    const states = expected.states(enrollment);
    const open = Object.keys(states).filter((item) => states[item] !== "locked");
    for (const item of open) if (!distinct.has(item)) findings.note("lost", `${id} was never notified of ${item}`);
    for (const item of distinct) if (!open.includes(item)) findings.note("divergent", `${id} was notified of ${item}`);
  }
  return total;
}

interface StoredFact {
  completed_at: number | null;
  best_score: number | null;
}

function compareFacts(
  place: string,
  { facts }: ExpectedEnrollment,
  stored: ReadonlyMap<string, StoredFact>,
  findings: Findings,
): void {
  for (const [item, fact] of facts) {
    const found = stored.get(item);
    if (found === undefined) findings.note("lost", `${place} has no ${item}`);
    else if (!isSame(found, fact)) {
      findings.note("divergent", `${place} has ${item} as ${words(found)}, must be ${words(fact)}`);
    }
  }
  for (const item of stored.keys()) if (!facts.has(item)) findings.note("duplicated", `${place} has ${item}`);
}

function isSame(found: StoredFact, fact: ExpectedFact): boolean {
  return found.completed_at === fact.completed_at && found.best_score === fact.best_score;
}

function words({ completed_at, best_score }: StoredFact): string {
  return `${completed_at === null ? "not done" : new Date(completed_at).toISOString()} with ${best_score}`;
}

/** States as text that is equal exactly when they are. */
function canonical(states: Record<string, string>): string {
  return JSON.stringify(Object.entries(states).sort(([a], [b]) => (a < b ? -1 : 1)));
}
