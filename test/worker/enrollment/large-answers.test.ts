import { afterAll, describe, expect, it } from "vitest";
import { SUBMISSION_LIMITS } from "../../../src/enrollment/submission-writes.ts";
import { deliver, enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { loseStorage } from "../../support/worker/faults.ts";
import { answerOften, longAnswer } from "../../support/worker/full-size.ts";
import { call, problem } from "../../support/worker/http.ts";
import { admin, ladder, override, submit } from "../../support/worker/learners.ts";
import { inObject } from "../../support/worker/objects.ts";
import { spread } from "../../support/worker/shards.ts";
import { signUp } from "../identity/support.ts";
import { erase } from "../privacy/support.ts";
import { all } from "../refresh/support.ts";

const ANSWERS = 700;
/** Deliveries it may take: each carries a part of what is pending. */
const MOST_DELIVERIES = 60;

afterAll(async () => {
  await spread.prepare("DELETE FROM submissions").run();
});

const pending = (course: string, user: string) =>
  inObject(objectOf(course, user), ({ sql }) => sql.exec<{ n: number }>("SELECT count(*) AS n FROM outbox").one().n);

describe("an outbox of large answers", () => {
  it(`[fault 12] delivers ${ANSWERS} answers of 10,000 Chinese characters, and the learner can be erased`, {
    timeout: 120_000,
  }, async () => {
    const slug = freshSlug("answers");
    const { id: user } = (await signUp()).user;
    await publish(ladder(slug));
    await enroll(slug, user);
    await override(slug, user, "four", { kind: "unlock" });
    await answerOften(slug, user, "p2", ANSWERS);
    for (let round = 0; round < MOST_DELIVERIES && (await pending(slug, user)) > 0; round += 1) {
      await project(slug, user);
    }
    expect(await pending(slug, user)).toBe(0);
    const [kept] = await all<{ n: number; bytes: number }>(
      "SELECT count(*) AS n, sum(octet_length(answer)) AS bytes FROM submissions WHERE enrollment_id = ?",
      `${slug}:${user}`,
    );
    expect(kept?.n).toBe(ANSWERS);
    expect(kept?.bytes).toBeGreaterThan(ANSWERS * 29_000);
    const erased = await erase(user);
    expect(erased.status).toBeLessThan(300);
    expect(await all("SELECT id FROM submissions WHERE enrollment_id = ?", `${slug}:${user}`)).toEqual([]);
  });

  it("[fault 12] delays no other enrollment: others in the same delivery are written to the mirror at once", async () => {
    const slug = freshSlug("answers");
    await publish(ladder(slug));
    for (const user of ["eve", "bob"]) await enroll(slug, user);
    await answerOften(slug, "eve", "p2", 80);
    const ids = ["eve", "bob"].map((user) => ({ type: "project", enrollment_id: `${slug}:${user}` }));
    await deliver("latchkey-projection", ids);
    expect(await pending(slug, "bob")).toBe(0);
  });
});

describe("the stored submissions of a learner", () => {
  const limits = SUBMISSION_LIMITS;

  it("[fault 13] have a limit for each problem; the refusal names it, and other problems accept work", async () => {
    const slug = freshSlug("limits");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    await answerOften(slug, "ada", "p2", limits.per_item - 1, (index) => `answer ${index}`);
    expect((await submit(slug, "ada", "p2", "the last")).status).toBe(201);
    const before = await pending(slug, "ada");
    const refused = await problem(await submit(slug, "ada", "p2", "one too many"), 409);
    expect(refused).toMatchObject({ code: "submission_limit" });
    expect(refused.detail).toContain("2,000 submissions of one problem");
    expect(await pending(slug, "ada")).toBe(before);
    expect((await submit(slug, "ada", "p1", "4")).status).toBe(201);
  });

  it("[fault 13] have a limit in UTF-8 bytes too: a thousand of the longest Chinese answers stay below it", {
    timeout: 60_000,
  }, async () => {
    const slug = freshSlug("limits");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    await answerOften(slug, "ada", "p2", 1_000);
    for (let index = 0; index < 70; index += 1) {
      const answer = await submit(slug, "ada", "p2", longAnswer(index));
      if (answer.status === 201) {
        await answer.body?.cancel();
        continue;
      }
      expect(await problem(answer, 409)).toMatchObject({ code: "submission_limit" });
      expect(index).toBeGreaterThan(50);
      // What is small still fits.
      expect((await submit(slug, "ada", "p2", "short")).status).toBe(201);
      return;
    }
    throw new Error("nothing was refused");
  });

  it("are read from D1 by a lost object, page by page, also if it is interrupted", async () => {
    const slug = freshSlug("lost");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    await answerOften(slug, "ada", "p2", 130, (index) => `answer ${index}`);
    while ((await pending(slug, "ada")) > 0) await project(slug, "ada");
    await loseStorage(slug, "ada");
    const rebuilt = await call("POST", `/enrollments/${slug}:ada/rebuild`, { token: await admin() });
    expect(rebuilt.status).toBe(200);
    const count = ({ sql }: DurableObjectStorage) =>
      sql.exec<{ n: number }>("SELECT count(*) AS n FROM submissions WHERE status = 'pending'").one().n;
    expect(await inObject(objectOf(slug, "ada"), count)).toBe(130);
  });
});
