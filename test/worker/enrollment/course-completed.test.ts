import { expect, it } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith, loseStorage } from "../../support/worker/faults.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { author, service, statesOf, unlocksSchema } from "../../support/worker/learners.ts";

// One course waits for another: told from enrollment to enrollment, through the queue's consumer.

const detailSchema = z.looseObject({ courses: z.record(z.string(), z.string()), policy_seq: z.number() });

async function twoCourses() {
  const [basics, advanced] = [freshSlug("basics"), freshSlug("advanced")];
  await publish({
    slug: basics,
    title: "Basics",
    options: { sticky: false },
    chapters: [
      {
        id: `${basics}.c`,
        title: "C",
        completion: { children: { all: true } },
        problems: [{ id: `${basics}.p`, title: "P" }],
      },
    ],
  });
  await publish({
    slug: advanced,
    title: "Advanced",
    options: { sticky: false },
    problems: [{ id: `${advanced}.x`, title: "X", rule: { course_completed: basics } }],
  });
  return { basics, advanced, x: `${advanced}.x` };
}

async function complete(basics: string) {
  const facts = [
    { user_id: "ada", item: `${basics}.p`, completed: true, at: new Date(Date.now() - 60_000).toISOString() },
  ];
  expect((await call("POST", "/progress/import", { token: await service(), body: { facts } })).status).toBe(200);
}

async function detail(slug: string) {
  return read(await call("GET", `/enrollments/${slug}:ada`, { token: await author() }), 200, detailSchema);
}

it("the completion of another course opens the items that ask for it, and taking it back locks them", async () => {
  const { basics, advanced, x } = await twoCourses();
  // Who asks may be here before the other course is begun.
  await enroll(advanced, "ada");
  await project(advanced, "ada");
  await enroll(basics, "ada");
  expect(await statesOf(advanced, "ada")).toEqual({ [x]: "locked" });
  await complete(basics);
  await project(basics, "ada");
  expect(await statesOf(advanced, "ada")).toEqual({ [x]: "unlocked" });
  const { courses, policy_seq } = await detail(advanced);
  expect(Object.keys(courses)).toEqual([basics]);
  // What is told again changes nothing.
  await project(basics, "ada");
  await project(advanced, "ada");
  expect((await detail(advanced)).policy_seq).toBe(policy_seq);

  await project(advanced, "ada");
  const broken = { ENROLLMENTS: brokenObjects().namespace };
  const fallback = await callWith(broken, "GET", `/courses/${advanced}/unlocks`, { token: await tokenOf("ada") });
  expect((await read(fallback, 200, unlocksSchema)).states).toEqual({ [x]: "unlocked" });
  await loseStorage(advanced, "ada");
  expect(await statesOf(advanced, "ada")).toEqual({ [x]: "unlocked" });

  const before = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const body = { item: `${basics}.p`, reason: "not by her" };
  expect((await call("POST", `/enrollments/${basics}:ada/revocations`, { token: await author(), body })).status).toBe(
    200,
  );
  await project(basics, "ada");
  expect(await statesOf(advanced, "ada")).toEqual({ [x]: "locked" });
  expect(await statesOf(advanced, "ada", `?at=${before}`)).toEqual({ [x]: "unlocked" });
});

it("a course knows completions from before it asked for them, and completions elsewhere that staff report", async () => {
  const { basics, advanced, x } = await twoCourses();
  await enroll(basics, "ada");
  await complete(basics);
  await project(basics, "ada");
  await enroll(advanced, "ada");
  expect(await statesOf(advanced, "ada")).toEqual({ [x]: "locked" });
  await project(advanced, "ada");
  expect(await statesOf(advanced, "ada")).toEqual({ [x]: "unlocked" });

  const other = await twoCourses();
  await enroll(other.advanced, "ada");
  const tell = (at: string | null) =>
    call("PATCH", `/enrollments/${other.advanced}:ada`, {
      token: staff,
      body: { courses: { [other.basics]: at } },
    });
  const staff = await author();
  expect((await tell("2026-01-01T00:00:00Z")).status).toBe(200);
  expect(await statesOf(other.advanced, "ada")).toEqual({ [other.x]: "unlocked" });
  expect((await detail(other.advanced)).courses).toEqual({ [other.basics]: "2026-01-01T00:00:00.000Z" });
  expect((await tell(null)).status).toBe(200);
  expect(await statesOf(other.advanced, "ada")).toEqual({ [other.x]: "locked" });
});
