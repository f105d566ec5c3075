// Over 350 lines: verdicts, remarks, changes and their history are tried with one course.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AUTHOR, type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { type Call, call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, service, statesOf, submit } from "../../support/worker/learners.ts";

const submitted = z.looseObject({ submission_id: z.string() });
const verdictFields = {
  number: z.number(),
  status: z.string(),
  score: z.number().nullable(),
  feedback: z.string().nullable(),
  points: z.object({ points: z.number(), max: z.number() }).nullable(),
  rubric: z.array(z.looseObject({ criterion: z.string(), points: z.number(), comment: z.string().nullable() })),
  comments: z.array(z.object({ line: z.number(), to: z.number(), text: z.string() })),
};
const graded = z.looseObject({
  ...verdictFields,
  title: z.string().nullable(),
  content: z.string().nullable(),
  held: z.boolean(),
  judged_by: z.string().nullable(),
  criteria: z.array(z.looseObject({ id: z.string() })).nullable(),
  history: z.array(z.looseObject({ ...verdictFields, judged_by: z.string().nullable() })),
});
const judged = z.looseObject({ number: z.number(), unlocked: z.array(z.string()), locked: z.array(z.string()) });
const conflict = z.looseObject({ code: z.string(), verdict: z.looseObject(verdictFields) });
const queue = z.object({
  results: z.array(z.looseObject({ id: z.string(), learner: z.string(), item: z.string(), course_id: z.string() })),
  next_cursor: z.string().nullable(),
});
const mine = z.object({
  results: z.array(z.looseObject({ id: z.string(), ...verdictFields, history: z.array(z.looseObject(verdictFields)) })),
});

const RUBRIC = {
  criteria: [
    {
      id: "idea",
      title: { en: "Idea", zh: "想法" },
      points: 6,
      levels: [
        { id: "weak", title: "Weak", points: 2 },
        { id: "strong", title: "Strong", points: 6 },
      ],
    },
    { id: "style", title: "Style", points: 4 },
  ],
};

function essay(slug: string, options: Partial<DocumentInput["options"]> = {}): DocumentInput {
  return {
    slug,
    title: "Essays",
    options: { sticky: false, ...options },
    problems: [
      { id: `${slug}.essay`, title: "Essay", content: "Write about *bread*.", rubric: RUBRIC },
      { id: `${slug}.prize`, title: "Prize", rule: { score: { item: `${slug}.essay`, min: 50 } } },
      { id: `${slug}.other`, title: "Other" },
    ],
  };
}

async function course(options: Partial<DocumentInput["options"]> = {}, owner = AUTHOR): Promise<string> {
  const slug = freshSlug("graded");
  await publish(essay(slug, options), { author: owner });
  await enroll(slug, "ada");
  return slug;
}

async function tried(slug: string, answer = "first line\nsecond line", item = "essay", user = "ada"): Promise<string> {
  return (await read(await submit(slug, user, item, answer), 201, submitted)).submission_id;
}

const verdict = async (submission: string, body: object, token?: string) =>
  call("POST", `/submissions/${submission}/verdict`, { token: token ?? (await author()), body });
const give = async (submission: string, body: object) => read(await verdict(submission, body), 200, judged);
const look = async (submission: string, options: Call = {}) =>
  read(await call("GET", `/submissions/${submission}`, { token: await author(), ...options }), 200, graded);
const own = async (slug: string, user = "ada") =>
  (await read(await call("GET", `/problems/${slug}.essay/submissions`, { token: await tokenOf(user) }), 200, mine))
    .results;

describe("grading in one's own courses", () => {
  it("the list of an author has the waiting submissions of their courses, oldest first, and none of others", async () => {
    const owner = `owner-${crypto.randomUUID().slice(0, 8)}`;
    const [first, second, foreign] = [await course({}, owner), await course({}, owner), await course()];
    const sent = [await tried(first), await tried(second), await tried(first, "more", "other"), await tried(foreign)];
    for (const slug of [first, second, foreign]) await project(slug, "ada");
    const list = async (query = "", user = owner) =>
      read(await call("GET", `/submissions/pending${query}`, { token: await tokenOf(user, "author") }), 200, queue);
    expect((await list()).results.map(({ id }) => id)).toEqual(sent.slice(0, 3));
    expect((await list(`?course=${first}`)).results.map(({ id }) => id)).toEqual([sent[0], sent[2]]);
    expect((await list(`?item=${first}.other`)).results.map(({ id }) => id)).toEqual([sent[2]]);
    const page = await list("?limit=2");
    expect(page.results.map(({ id }) => id)).toEqual(sent.slice(0, 2));
    expect((await list(`?limit=2&cursor=${page.next_cursor}`)).results.map(({ id }) => id)).toEqual([sent[2]]);
    const token = await tokenOf(owner, "author");
    expect((await problem(await call("GET", `/submissions/pending?course=${foreign}`, { token }), 403)).code).toBe(
      "forbidden",
    );
    expect((await problem(await call("GET", `/submissions/${sent[3]}`, { token }), 403)).code).toBe("forbidden");
    expect((await problem(await verdict(sent[3] ?? "", { passed: true, score: 1 }, token), 403)).code).toBe(
      "forbidden",
    );
    expect((await list("", "author-of-nothing")).results).toEqual([]);
  });

  it("a grader of the course may judge, though they are a learner elsewhere; other learners may not", async () => {
    const slug = await course();
    const submission = await tried(slug);
    await project(slug, "ada");
    await env.DB.prepare(
      "INSERT INTO course_members (course_slug, user_id, role, added_at) VALUES (?, 'tutor', 'grader', 1)",
    )
      .bind(slug)
      .run();
    const token = await tokenOf("tutor");
    const found = await read(await call("GET", "/submissions/pending", { token }), 200, queue);
    expect(found.results.map(({ id }) => id)).toContain(submission);
    expect((await look(submission, { token })).content).toBe("Write about *bread*.");
    await read(await verdict(submission, { passed: true, score: 80 }, token), 200, judged);
    const other = await tokenOf("somebody");
    expect((await problem(await call("GET", `/submissions/${submission}`, { token: other }), 403)).code).toBe(
      "forbidden",
    );
    expect((await problem(await verdict(submission, { passed: true, score: 1 }, other), 403)).code).toBe("forbidden");
  });

  it("the answers of one cohort are listed page by page, however many other answers lie between them", async () => {
    const slug = await course();
    const users = Array.from({ length: 6 }, (_, n) => `cohort-${n}`);
    const sent: string[] = [];
    for (const user of users) {
      await enroll(slug, user);
      if (user.endsWith("1") || user.endsWith("4")) {
        const path = `/enrollments/${slug}:${user}`;
        await (await call("PATCH", path, { token: await author(), body: { cohorts: ["evening"] } })).body?.cancel();
      }
      sent.push(await tried(slug, "answer", "essay", user));
      await project(slug, user);
    }
    const path = `/submissions/pending?course=${slug}&cohort=evening&limit=1`;
    const first = await read(await call("GET", path, { token: await author() }), 200, queue);
    expect(first.results.map(({ id }) => id)).toEqual([sent[1]]);
    const next = await call("GET", `${path}&cursor=${first.next_cursor}`, { token: await author() });
    const second = await read(next, 200, queue);
    expect(second.results.map(({ id }) => id)).toEqual([sent[4]]);
  });

  it("waiting submissions are counted by problem", async () => {
    const slug = await course();
    await tried(slug);
    await tried(slug);
    await tried(slug, "x", "other");
    await project(slug, "ada");
    const counts = await read(
      await call("GET", `/submissions/pending/counts?course=${slug}`, { token: await author() }),
      200,
      z.looseObject({
        results: z.array(z.looseObject({ item: z.string(), pending: z.number() })),
        pending: z.number(),
      }),
    );
    expect(counts.pending).toBe(3);
    expect(counts.results.map(({ item, pending }) => [item, pending])).toEqual([
      [`${slug}.essay`, 2],
      [`${slug}.other`, 1],
    ]);
  });
});

describe("a verdict", () => {
  it("has points, a comment and remarks on lines, and the learner sees all of it", async () => {
    const slug = await course();
    const submission = await tried(slug);
    const comments = [{ line: 2, text: "Nice **word**." }];
    const { unlocked } = await give(submission, {
      passed: true,
      points: { points: 9, max: 12 },
      feedback: "Good *work*.",
      comments,
    });
    expect(unlocked).toEqual([`${slug}.prize`]);
    const [seen] = await own(slug);
    expect(seen).toMatchObject({
      number: 1,
      status: "passed",
      score: 75,
      points: { points: 9, max: 12 },
      feedback: "Good *work*.",
      comments: [{ line: 2, to: 2, text: "Nice **word**." }],
      history: [],
    });
    expect(seen).not.toHaveProperty("judged_by");
  });

  it("follows the rubric of the problem, and a refusal names the criteria without a mark", async () => {
    const slug = await course();
    const submission = await tried(slug);
    expect((await look(submission)).criteria?.map(({ id }) => id)).toEqual(["idea", "style"]);
    const refused = async (rubric: object[]) =>
      (await problem(await verdict(submission, { passed: true, rubric }), 400)).errors?.map(({ rule }) => rule);
    expect(await refused([{ criterion: "idea", level: "strong" }])).toEqual(["criterion_missing"]);
    expect(
      await refused([
        { criterion: "idea", level: "good" },
        { criterion: "style", points: 5 },
      ]),
    ).toEqual(["no_such_level", "too_many_points"]);
    expect(
      await refused([{ criterion: "idea" }, { criterion: "style", points: 1 }, { criterion: "x", points: 1 }]),
    ).toEqual(["no_such_criterion", "no_points"]);
    const rubric = [
      { criterion: "style", points: 3.5, comment: "Shorter sentences." },
      { criterion: "idea", level: "strong" },
    ];
    await give(submission, { passed: true, rubric });
    const [seen] = await own(slug);
    expect(seen?.score).toBe(95);
    expect(seen?.rubric).toMatchObject([
      { criterion: "idea", title: { en: "Idea", zh: "想法" }, level: "strong", points: 6, max: 6 },
      { criterion: "style", level: null, points: 3.5, max: 4, comment: "Shorter sentences." },
    ]);
    const other = await tried(slug, "x", "other");
    expect((await problem(await verdict(other, { passed: true, rubric }), 400)).errors?.[0]?.rule).toBe("no_rubric");
  });

  it("is refused if it names two scores, a line that does not exist, or too much text", async () => {
    const slug = await course();
    const submission = await tried(slug);
    const rules = async (body: object) =>
      (await problem(await verdict(submission, { passed: true, ...body }), 400)).errors?.map(({ rule }) => rule);
    expect(await rules({})).toEqual(["one_score"]);
    expect(await rules({ score: 5, points: { points: 1, max: 2 } })).toEqual(["one_score"]);
    expect(await rules({ points: { points: 3, max: 2 } })).toEqual(["more_than_max"]);
    expect(await rules({ score: 5, comments: [{ line: 3, text: "?" }] })).toEqual(["no_such_line"]);
    expect(await rules({ score: 5, relock: true })).toEqual(["nothing_replaced"]);
    const comments = Array.from({ length: 20 }, () => ({ line: 1, text: "长".repeat(700) }));
    expect(await rules({ score: 5, comments })).toEqual(["too_many_bytes"]);
    expect((await look(submission)).status).toBe("pending");
  });

  it("of a second grader is refused and the refusal has the first verdict; repeating the same verdict is no conflict", async () => {
    const slug = await course();
    const submission = await tried(slug);
    const first = { passed: true, score: 90, feedback: "Yes.", comments: [{ line: 1, text: "here" }] };
    await give(submission, first);
    const second = await read(await verdict(submission, { passed: false, score: 10 }), 409, conflict);
    expect(second.code).toBe("already_judged");
    expect(second.verdict).toMatchObject({
      number: 1,
      status: "passed",
      score: 90,
      feedback: "Yes.",
      judged_by: AUTHOR,
    });
    await give(submission, first);
    expect((await look(submission)).number).toBe(1);
  });

  it("is changed only by somebody who has seen it, keeps its history, and the fact is computed again", async () => {
    const slug = await course();
    const submission = await tried(slug);
    await give(submission, { passed: true, score: 90, feedback: "Yes." });
    expect((await statesOf(slug, "ada"))[`${slug}.prize`]).toBe("unlocked");
    const { locked, number } = await give(submission, { passed: false, score: 20, feedback: "Copied.", replaces: 1 });
    expect(number).toBe(2);
    expect(locked).toEqual([`${slug}.prize`]);
    expect((await statesOf(slug, "ada"))[`${slug}.essay`]).toBe("started");
    const late = await read(await verdict(submission, { passed: true, score: 50, replaces: 1 }), 409, conflict);
    expect(late.verdict).toMatchObject({ number: 2, feedback: "Copied." });
    const [seen] = await own(slug);
    expect(seen).toMatchObject({ number: 2, status: "failed", score: 20 });
    expect(seen?.history).toMatchObject([{ number: 1, status: "passed", score: 90, feedback: "Yes." }]);
    expect((await look(submission)).history).toMatchObject([{ number: 1, judged_by: AUTHOR }]);
  });

  it("that is lowered leaves the best of the other tries; a sticky course keeps items open, unless it asks for a relock", async () => {
    const slug = await course({ sticky: true });
    const [first, second] = [await tried(slug), await tried(slug)];
    await give(first, { passed: true, score: 60 });
    await give(second, { passed: true, score: 90 });
    await give(second, { passed: false, score: 0, replaces: 1 });
    const best = async () => {
      const answer = await call("GET", `/problems/${slug}.essay`, { token: await tokenOf("ada") });
      return await read(answer, 200, z.looseObject({ best_score: z.number().nullable(), status: z.string() }));
    };
    expect(await best()).toMatchObject({ best_score: 60, status: "completed" });
    expect((await give(first, { passed: false, score: 10, replaces: 1 })).locked).toEqual([]);
    expect(await best()).toMatchObject({ best_score: 10, status: "started" });
    expect((await give(first, { passed: false, score: 11, replaces: 2, relock: true })).locked).toEqual([
      `${slug}.prize`,
    ]);
  });

  it("that is held is shown to its learner and counts only after its release", async () => {
    const slug = await course();
    const submission = await tried(slug);
    const { unlocked } = await give(submission, { passed: true, score: 80, feedback: "Kept.", held: true });
    expect(unlocked).toEqual([]);
    expect(await own(slug)).toMatchObject([{ status: "pending", score: null, feedback: null, number: 0 }]);
    expect(await look(submission)).toMatchObject({ status: "passed", held: true, feedback: "Kept." });
    await project(slug, "ada");
    const list = await call("GET", `/submissions/pending?course=${slug}`, { token: await author() });
    expect((await read(list, 200, queue)).results).toEqual([]);
    // A change of what nobody has seen is no news either.
    await give(submission, { passed: true, score: 85, feedback: "Better.", held: true, replaces: 1 });
    const facts = [{ user_id: "ada", item: `${slug}.essay`, release: true, at: new Date().toISOString() }];
    const released = await call("POST", "/progress/import", { token: await service(), body: { facts } });
    expect(released.status).toBe(200);
    await released.body?.cancel();
    expect(await own(slug)).toMatchObject([{ status: "passed", score: 85, feedback: "Better.", history: [] }]);
    expect((await statesOf(slug, "ada"))[`${slug}.prize`]).toBe("unlocked");
    const seen = await problem(await verdict(submission, { passed: true, score: 1, held: true, replaces: 2 }), 409);
    expect(seen.code).toBe("already_judged");
  });

  it("and each change of it notifies the learner once in the live events", async () => {
    const slug = await course();
    const user = `hears-${crypto.randomUUID().slice(0, 8)}`;
    await enroll(slug, user);
    const submission = await tried(slug, "x", "essay", user);
    await give(submission, { passed: true, score: 90 });
    await give(submission, { passed: false, score: 20, replaces: 1 });
    await project(slug, user);
    const history = await read(
      await call("GET", "/events/history", { token: await tokenOf(user) }),
      200,
      z.looseObject({ results: z.array(z.looseObject({ type: z.string(), data: z.looseObject({}) })) }),
    );
    const told = history.results.filter(({ type }) => type === "submission.judged").map(({ data }) => data);
    expect(told).toMatchObject([
      { submission_id: submission, status: "passed", score: 90 },
      { submission_id: submission, status: "failed", score: 20 },
    ]);
  });
});

describe("a rubric in a course document", () => {
  it("is refused with all its errors in one answer, and is stored as it was written", async () => {
    const slug = await course();
    const token = await author();
    const send = (rubric: object) =>
      call("POST", `/courses/${slug}/versions`, {
        token,
        body: { document: { slug, title: "E", problems: [{ id: `${slug}.essay`, title: "Essay", rubric }] } },
      });
    const levels = [{ id: "a", title: "A", points: 9 }];
    const bad = await problem(
      await send({
        criteria: [
          { id: "x", title: "X", points: 0, levels },
          { id: "x", title: "X", points: 0 },
        ],
      }),
      400,
    );
    expect(bad.errors?.map(({ rule }) => rule).sort()).toEqual(["duplicate_id", "no_points", "too_many_points"]);
    const stored = await read(
      await call("GET", `/courses/${slug}/versions/1`, { token }),
      200,
      z.looseObject({
        problems: z.array(z.looseObject({ rubric: z.looseObject({ criteria: z.array(z.unknown()) }).optional() })),
      }),
    );
    expect(stored.problems[0]?.rubric?.criteria).toHaveLength(2);
  });
});
