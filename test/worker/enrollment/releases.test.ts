import { expect, it } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith, loseStorage, rowsOf } from "../../support/worker/faults.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { author, service, statesOf } from "../../support/worker/learners.ts";

// Scores and verdicts that wait for their release, and are released together.

const heldSchema = z.looseObject({ held: z.array(z.object({ item: z.string(), held_at: z.string() })) });
const releasedSchema = z.object({
  learners: z.number(),
  released: z.number(),
  unavailable: z.array(z.string()),
  remaining: z.boolean(),
});
const submissionSchema = z.looseObject({
  submission_id: z.string(),
  status: z.string(),
  score: z.number().nullable(),
  feedback: z.string().nullable(),
});

const listSchema = z.object({ results: z.array(z.looseObject({ status: z.string() })) });

async function course() {
  const slug = freshSlug("release");
  const id = (name: string) => `${slug}.${name}`;
  await publish({
    slug,
    title: "Release",
    options: { sticky: false },
    problems: [
      { id: id("exam"), title: "Exam" },
      { id: id("essay"), title: "Essay" },
      { id: id("next"), title: "Next", rule: { score: { item: id("exam"), min: 60 } } },
    ],
  });
  return { slug, id };
}

async function hold(item: string, ...users: string[]) {
  const at = new Date(Date.now() - 60_000).toISOString();
  const facts = users.map((user_id) => ({ user_id, item, score: 80, at, held: true }));
  expect((await call("POST", "/progress/import", { token: await service(), body: { facts } })).status).toBe(200);
}

const heldOf = async (slug: string, user: string) =>
  (await read(await call("GET", `/enrollments/${slug}:${user}`, { token: await author() }), 200, heldSchema)).held.map(
    ({ item }) => item,
  );

const release = async (slug: string, body: object) =>
  read(await call("POST", `/courses/${slug}/releases`, { token: await author(), body }), 200, releasedSchema);

it("a release covers a whole class, a cohort, one learner or one item at once; a repeat does nothing", async () => {
  const { slug, id } = await course();
  for (const user of ["ada", "bob", "cy"]) await enroll(slug, user);
  const body = { cohorts: ["evening"] };
  expect((await call("PATCH", `/enrollments/${slug}:bob`, { token: await author(), body })).status).toBe(200);
  await hold(id("exam"), "ada", "bob", "cy");
  await hold(id("essay"), "ada");
  for (const user of ["ada", "bob", "cy"]) await project(slug, user);
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("exam")]: "unlocked", [id("next")]: "locked" });

  const nothing = { unavailable: [], remaining: false, learners: 0, released: 0 };
  expect(await release(slug, { items: [id("next")] })).toEqual(nothing);
  expect(await release(slug, { cohort: "evening" })).toEqual({ ...nothing, learners: 1, released: 1 });
  expect([await heldOf(slug, "bob"), await heldOf(slug, "cy")]).toEqual([[], [id("exam")]]);
  expect(await release(slug, { user_ids: ["ada", "nobody"], items: [id("exam")] })).toEqual({
    ...nothing,
    learners: 1,
    released: 1,
  });
  expect(await heldOf(slug, "ada")).toEqual([id("essay")]);
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("exam")]: "started", [id("next")]: "unlocked" });
  expect(await release(slug, {})).toEqual({ ...nothing, learners: 2, released: 2 });
  expect(await release(slug, {})).toEqual(nothing);
  for (const user of ["ada", "bob", "cy"])
    expect(await statesOf(slug, user)).toMatchObject({ [id("next")]: "unlocked" });
});

it("a release refuses items of other courses, a cohort together with names, and people who are not staff of the course", async () => {
  const { slug } = await course();
  const send = async (token: string, body: object) =>
    (await call("POST", `/courses/${slug}/releases`, { token, body })).status;
  expect(await send(await author(), { items: ["other.exam"] })).toBe(400);
  expect(await send(await author(), { user_ids: ["ada"], cohort: "evening" })).toBe(400);
  expect(await send(await tokenOf("else", "author"), {})).toBe(403);
  expect(await send(await tokenOf("ada"), {})).toBe(403);
});

it("a release names the learners that it could not reach, and a repeat releases them", async () => {
  const { slug, id } = await course();
  await enroll(slug, "ada");
  await hold(id("exam"), "ada");
  await project(slug, "ada");
  const broken = { ENROLLMENTS: brokenObjects().namespace };
  const answer = await callWith(broken, "POST", `/courses/${slug}/releases`, { token: await author(), body: {} });
  expect(await read(answer, 200, releasedSchema)).toMatchObject({ released: 0, unavailable: ["ada"] });
  expect(await release(slug, {})).toMatchObject({ released: 1, unavailable: [] });
});

it("held scores are found again after an object was lost", async () => {
  const { slug, id } = await course();
  await enroll(slug, "ada");
  await hold(id("exam"), "ada");
  await project(slug, "ada");
  await loseStorage(slug, "ada");
  expect(await heldOf(slug, "ada")).toEqual([id("exam")]);
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("next")]: "locked" });
  expect(await release(slug, { user_ids: ["ada"] })).toMatchObject({ released: 1 });
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("next")]: "unlocked" });
});

it("a held verdict stays hidden after an object was lost", async () => {
  const { slug, id } = await course();
  await enroll(slug, "ada");
  const token = await tokenOf("ada");
  const path = `/problems/${id("exam")}/submissions`;
  const { submission_id } = await read(
    await call("POST", path, { token, body: { answer: "An essay." } }),
    201,
    submissionSchema,
  );
  const verdict = { passed: true, score: 75, held: true };
  await call("POST", `/submissions/${submission_id}/verdict`, { token: await service(), body: verdict });
  await project(slug, "ada");
  await loseStorage(slug, "ada");
  const seen = async () => (await read(await call("GET", path, { token }), 200, listSchema)).results;
  expect(await seen()).toMatchObject([{ status: "pending", score: null }]);
  expect(await release(slug, { user_ids: ["ada"] })).toMatchObject({ released: 1 });
  expect(await seen()).toMatchObject([{ status: "passed", score: 75 }]);
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("exam")]: "completed", [id("next")]: "unlocked" });
});

it("a submission with a held verdict waits for its learner until the release; another verdict replaces it", async () => {
  const { slug, id } = await course();
  await enroll(slug, "ada");
  const token = await tokenOf("ada");
  const submit = async (item: string) =>
    (
      await read(
        await call("POST", `/problems/${item}/submissions`, { token, body: { answer: "An essay." } }),
        201,
        submissionSchema,
      )
    ).submission_id;
  const judge = async (submission: string, body: object) =>
    read(
      await call("POST", `/submissions/${submission}/verdict`, { token: await service(), body }),
      200,
      submissionSchema,
    );
  const exam = await submit(id("exam"));
  const verdict = { passed: true, score: 75, feedback: "Good", held: true };
  // Who judges sees the verdict, its learner does not.
  expect(await judge(exam, verdict)).toMatchObject({ status: "passed", score: 75 });
  expect(await judge(exam, { ...verdict, score: 70, replaces: 1 })).toMatchObject({ status: "passed", score: 70 });
  const { results } = await read(await call("GET", `/problems/${id("exam")}/submissions`, { token }), 200, listSchema);
  expect(results).toMatchObject([{ status: "pending", score: null, feedback: null }]);
  expect(await heldOf(slug, "ada")).toEqual([id("exam")]);
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("exam")]: "started", [id("next")]: "locked" });

  expect(await release(slug, { user_ids: ["ada"] })).toMatchObject({ released: 1 });
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("exam")]: "completed", [id("next")]: "unlocked" });
  const rows = await rowsOf(slug, "ada", "SELECT status, score, feedback FROM submissions");
  expect(rows).toEqual([{ status: "passed", score: 70, feedback: "Good" }]);
  // Judged, it is judged: the same is harmless, another verdict is refused.
  expect(await judge(exam, { passed: true, score: 70, feedback: "Good" })).toMatchObject({
    status: "passed",
    score: 70,
  });

  await enroll(slug, "bob");
  const tries = await Promise.all(
    [40, 75].map(async (score, place) => {
      const answer = { answer: `Try ${place}.` };
      const path = `/problems/${id("exam")}/submissions`;
      const { submission_id } = await read(
        await call("POST", path, { token: await tokenOf("bob"), body: answer }),
        201,
        submissionSchema,
      );
      return { submission_id, score };
    }),
  );
  // The better try is judged first: the other one does not take its place.
  for (const { submission_id, score } of tries.toReversed())
    await judge(submission_id, { passed: false, score, held: true });
  expect(await release(slug, { user_ids: ["bob"] })).toMatchObject({ released: 1 });
  expect(await statesOf(slug, "bob")).toMatchObject({ [id("next")]: "unlocked" });

  const essay = await submit(id("essay"));
  await judge(essay, { passed: false, score: 20, held: true });
  expect(await judge(essay, { passed: true, score: 90, replaces: 1 })).toMatchObject({ status: "passed", score: 90 });
  expect(await heldOf(slug, "ada")).toEqual([]);
});

it("a held verdict stays hidden when the item is revoked; released, it is shown and does not count", async () => {
  const { slug, id } = await course();
  await enroll(slug, "ada");
  const token = await tokenOf("ada");
  const path = `/problems/${id("exam")}/submissions`;
  const submit = async () =>
    (await read(await call("POST", path, { token, body: { answer: "An essay." } }), 201, submissionSchema))
      .submission_id;
  const hold75 = async (submission: string) => {
    const body = { passed: true, score: 75, held: true };
    expect((await call("POST", `/submissions/${submission}/verdict`, { token: await service(), body })).status).toBe(
      200,
    );
  };
  const revoke = async () =>
    call("POST", `/enrollments/${slug}:ada/revocations`, {
      token: await author(),
      body: { item: id("exam"), reason: "copied" },
    });
  const seen = async () => (await read(await call("GET", path, { token }), 200, listSchema)).results;
  await hold75(await submit());
  expect((await revoke()).status).toBe(200);
  expect(await seen()).toMatchObject([{ status: "pending", score: null }]);
  expect(await release(slug, { user_ids: ["ada"] })).toMatchObject({ released: 1 });
  expect(await seen()).toMatchObject([{ status: "passed", score: 75 }]);
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("exam")]: "unlocked", [id("next")]: "locked" });

  // What is held after the item was revoked counts, unless it is revoked again.
  const second = await submit();
  await hold75(second);
  expect((await revoke()).status).toBe(200);
  expect(await release(slug, { user_ids: ["ada"] })).toMatchObject({ released: 1 });
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("exam")]: "unlocked", [id("next")]: "locked" });
  await hold75(await submit());
  expect(await release(slug, { user_ids: ["ada"] })).toMatchObject({ released: 1 });
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("exam")]: "completed", [id("next")]: "unlocked" });
});
