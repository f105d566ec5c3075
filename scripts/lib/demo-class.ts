import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ApiClient } from "./api-client.ts";
import { SAMPLE_COURSE, SAMPLE_TUTORIAL } from "./demo.ts";
import { fromRoot } from "./paths.ts";

// A class for the sample course, so that the pages for staff show something on the first start: made-up people with two
// weeks behind them, the same ones every time.

const GIVEN = ["Ana", "Ben", "Chen", "Dora", "Emil", "Fatima", "Goran", "Hana", "Ivan", "Jun", "Kofi", "Lena"];
const FAMILY = ["Abe", "Brandt", "Costa", "Dahl", "Eze"];
const DAYS = 14;
const DAY_MS = 86_400_000;
/** Facts of one call, of which the API takes 1,000. */
const FACTS_OF_A_CALL = 500;
/** Accounts that are made at once. */
const AT_ONCE = 12;
/** The whole class is made within this, or left as far as it has come: the start goes on. */
const PATIENCE_MS = 5_000;

const documentSchema = z.looseObject({
  chapters: z.array(
    z.looseObject({ id: z.string(), problems: z.array(z.looseObject({ id: z.string() })).default([]) }),
  ),
});

interface Fact {
  user_id: string;
  item: string;
  at: string;
  completed?: boolean;
  viewed?: boolean;
  score?: number;
}

/** Who is in the class. */
const DEMO_CLASS = FAMILY.flatMap((family) => GIVEN.map((given) => `${given} ${family}`)).map((name, index) => ({
  id: `class-${String(index + 1).padStart(2, "0")}`,
  name,
  // Slow, steady and quick ones; some have stopped coming.
  pace: 0.15 + 0.85 * spread(index, 1),
  skill: 0.45 + 0.5 * spread(index, 2),
  stopped: spread(index, 3) > 0.85 ? 0.4 : 1,
  cohort: index % 2 === 0 ? "morning" : "evening",
}));

/** A number between 0 and 1 that looks like chance and is always the same. */
function spread(index: number, salt: number): number {
  const value = Math.sin((index + 1) * 12.9898 + salt * 78.233) * 43_758.5453;
  return value - Math.floor(value);
}

/** What each learner did in two weeks, in the order of the course. */
function demoFacts(now: number): Fact[] {
  const { chapters } = documentSchema.parse(
    JSON.parse(readFileSync(fromRoot("samples/algorithms/course.json"), "utf8")),
  );
  const steps = chapters.flatMap(({ id, problems }) => [
    ...problems.map((problem) => ({ item: problem.id, isChapter: false })),
    { item: id, isChapter: true },
  ]);
  return DEMO_CLASS.flatMap((learner, index) => {
    const count = Math.round(learner.pace * learner.stopped * 34);
    const begun = now - DAYS * DAY_MS;
    const span = DAYS * DAY_MS * learner.stopped - 3_600_000;
    const own = steps.slice(0, count).map(({ item, isChapter }, step): Fact => {
      const at = new Date(begun + ((step + spread(index + step, 4)) / Math.max(1, count)) * span).toISOString();
      const fact = { user_id: learner.id, item, at };
      if (isChapter) return { ...fact, completed: true };
      const isStuck = step === count - 1 || spread(index * 31 + step, 5) > learner.skill + 0.45;
      const score = Math.round(100 * Math.min(1, learner.skill + 0.4 * spread(index * 7 + step, 6)));
      return isStuck ? { ...fact, score: Math.round(score / 2) } : { ...fact, score, completed: true };
    });
    const welcome = { user_id: learner.id, item: SAMPLE_TUTORIAL, at: new Date(begun + 60_000).toISOString() };
    return count === 0 ? [] : [{ ...welcome, completed: true }, ...own.filter(({ item }) => item !== SAMPLE_TUTORIAL)];
  });
}

/** Makes the class. @returns how many are in it, and how long it took. */
export async function makeDemoClass(admin: ApiClient, now: number): Promise<{ learners: number; ms: number }> {
  const started = performance.now();
  const isLate = () => performance.now() - started > PATIENCE_MS;
  const enrolled_at = new Date(now - DAYS * DAY_MS).toISOString();
  const enrollments = DEMO_CLASS.map(({ id, cohort }) => ({ user_id: id, cohorts: [cohort], enrolled_at }));
  const answer = await admin.post(`/api/v1/courses/${SAMPLE_COURSE}/enrollments/batch`, { enrollments });
  if (answer.status !== 200) throw new Error(`${answer.request} was answered with ${answer.status}`);
  for (let start = 0; start < DEMO_CLASS.length && !isLate(); start += AT_ONCE) {
    const some = DEMO_CLASS.slice(start, start + AT_ONCE);
    await Promise.all(
      some.map(({ id, name }) =>
        admin.post("/api/v1/users", { id, email: `${id}@example.org`, name, role: "learner" }),
      ),
    );
  }
  const facts = demoFacts(now);
  for (let start = 0; start < facts.length && !isLate(); start += FACTS_OF_A_CALL) {
    await admin.post("/api/v1/progress/import", { facts: facts.slice(start, start + FACTS_OF_A_CALL) });
  }
  return { learners: DEMO_CLASS.length, ms: Math.round(performance.now() - started) };
}
