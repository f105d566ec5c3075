import { inParallel } from "../../../src/platform/parallel.ts";
import { enroll, objectOf } from "./courses.ts";
import { submit } from "./learners.ts";
import { inObject } from "./objects.ts";

/** Enrolls so many learners. @returns their ids. */
export async function enrollMany(course: string, count: number): Promise<string[]> {
  const users = Array.from({ length: count }, (_, i) => `learner-${String(i).padStart(4, "0")}`);
  await inParallel(users, 10, async (user) => {
    await enroll(course, user);
  });
  return users;
}

/** An answer of the largest size, in a language of three bytes a character. */
export function longAnswer(index: number): string {
  return `${index}`.padEnd(10_000, "答");
}

/**
 * Submits one answer, and adds so many more as the object would have them had they been submitted one after the other,
 * which takes a minute: rows, and their outbox rows.
 */
export async function answerOften(
  course: string,
  user: string,
  problem: string,
  count: number,
  answerOf: (index: number) => string = longAnswer,
): Promise<void> {
  const answer = await submit(course, user, problem, answerOf(0));
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  await answer.body?.cancel();
  await inObject(objectOf(course, user), ({ sql }) => {
    for (let index = 1; index < count; index += 1) {
      const id = `${course}:${user}:${index.toString(16).padStart(32, "0")}`;
      sql.exec(
        `INSERT INTO submissions (id, item, answer, status, score, feedback, submitted_at, judged_at, judged_by, number)
         SELECT ?1, item, ?2, status, score, feedback, submitted_at, judged_at, judged_by, number FROM submissions WHERE item = ?3 LIMIT 1`,
        id,
        answerOf(index),
        `${course}.${problem}`,
      );
      sql.exec("INSERT INTO outbox (kind, ref, created_at) VALUES ('submission', ?, ?)", id, Date.now());
    }
  });
}
