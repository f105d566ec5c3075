import { expect, it } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { rowsOf } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { service, submit, unlocks } from "../../support/worker/learners.ts";

const pendingSchema = z.object({ results: z.array(z.looseObject({ id: z.string() })) });
const judgedSchema = z.looseObject({ status: z.string(), unlocked: z.array(z.string()), progress_seq: z.number() });

/** A learner who submitted an answer that waits for its verdict, and then withdrew. */
async function gone() {
  const slug = freshSlug("gone");
  await publish({
    slug,
    title: "Gone",
    options: { sticky: false },
    problems: [
      { id: `${slug}.essay`, title: "Essay" },
      { id: `${slug}.next`, title: "Next", rule: { score: { item: `${slug}.essay`, min: 50 } } },
    ],
  });
  await enroll(slug, "ada");
  const answer = await submit(slug, "ada", "essay", "my essay");
  const { submission_id } = await read(answer, 201, z.looseObject({ submission_id: z.string() }));
  const left = await call("DELETE", `/courses/${slug}/enrollments`, { token: await tokenOf("ada") });
  expect(left.status).toBe(200);
  await project(slug, "ada");
  const pending = async () => {
    const list = await call("GET", "/submissions/pending?limit=1000", { token: await service() });
    return (await read(list, 200, pendingSchema)).results.some(({ id }) => id === submission_id);
  };
  const judge = async (score: number, headers: Record<string, string> = {}) =>
    call("POST", `/submissions/${submission_id}/verdict`, {
      token: await service(),
      body: { passed: true, score },
      headers,
    });
  return { slug, pending, judge };
}

it("[fault 30] a pending submission of a withdrawn learner is judged, and opens nothing until the learner returns", async () => {
  const { slug, pending, judge } = await gone();
  expect(await pending()).toBe(true);
  const key = { "idempotency-key": `verdict-${slug}` };
  const judged = await read(await judge(80, key), 200, judgedSchema);
  expect(judged).toMatchObject({ status: "passed", unlocked: [], locked: [] });
  const again = await judge(80, key);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect((await read(again, 200, judgedSchema)).progress_seq).toBe(judged.progress_seq);
  expect((await problem(await judge(20), 409)).code).toBe("already_judged");
  // Nobody was notified that anything opened, and nothing did.
  expect(await rowsOf(slug, "ada", "SELECT * FROM outbox WHERE kind = 'event'")).toEqual([]);
  for (const path of [`/courses/${slug}/unlocks`, `/problems/${slug}.essay`, `/problems/${slug}.next`]) {
    expect((await problem(await call("GET", path, { token: await tokenOf("ada") }), 404)).code).toBe("not_enrolled");
  }
  await project(slug, "ada");
  expect(await pending()).toBe(false);
  const back = await enroll(slug, "ada");
  expect(back.unlocked).toEqual([`${slug}.next`]);
  expect((await unlocks(slug, "ada")).states).toEqual({ [`${slug}.essay`]: "completed", [`${slug}.next`]: "unlocked" });
});

it("[fault 30] a withdrawn learner cannot submit", async () => {
  const { slug } = await gone();
  expect((await problem(await submit(slug, "ada", "essay", "another"), 404)).code).toBe("not_enrolled");
});
