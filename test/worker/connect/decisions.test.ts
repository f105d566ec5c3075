import { expect, it } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { type Call, call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, completed, service } from "../../support/worker/learners.ts";

// Decisions in the form of the Authorization API 1.0 (OpenID AuthZEN).

const decisionSchema = z.object({
  decision: z.boolean(),
  context: z.looseObject({
    reason: z.string().optional(),
    explanation: z.looseObject({ sentence: z.object({ en: z.string() }) }).optional(),
    error: z.object({ status: z.number(), code: z.string(), message: z.string() }).optional(),
  }),
});
const batchSchema = z.object({ evaluations: z.array(decisionSchema) });
const open = { name: "open" };
const user = (id: string) => ({ type: "user", id });
const item = (id: string) => ({ type: "item", id });

async function course() {
  const slug = freshSlug("decide");
  const id = (name: string) => `${slug}.${name}`;
  await publish({
    slug,
    title: "Decide",
    options: { sticky: false },
    chapters: [
      { id: id("first"), title: "First" },
      { id: id("second"), title: "Second", rule: { completed: id("first") } },
      { id: id("secret"), title: "Secret", rule: { hide: { completed: id("first") } } },
    ],
    problems: [],
  });
  await enroll(slug, "ada");
  await enroll(slug, "bob");
  return { slug, id };
}

const ask = (body: object, options: Call) => call("POST", "/decisions", { body, ...options });

it("decides one question of a learner about themselves, as the rules say now", async () => {
  const { slug, id } = await course();
  const token = await tokenOf("ada");
  const question = (name: string) => ({ subject: user("ada"), action: open, resource: item(id(name)) });
  const decided = async (name: string) => read(await ask(question(name), { token }), 200, decisionSchema);
  expect(await decided("first")).toMatchObject({ decision: true, context: { snapshot: { source: "snapshot" } } });
  // An item that is hidden is told like one that is locked, and like one that is not there.
  for (const name of ["second", "secret", "nothing"])
    expect(await decided(name)).toMatchObject({ decision: false, context: { reason: "not_open" } });
  await completed(slug, "ada", "first");
  for (const name of ["second", "secret"]) expect(await decided(name)).toMatchObject({ decision: true });
});

it("decides many questions of staff, each enrollment once, in their order", async () => {
  const { slug, id } = await course();
  await completed(slug, "ada", "first");
  const token = await author();
  const evaluations = [
    { subject: user("ada"), resource: item(id("second")) },
    { subject: user("bob"), resource: item(id("second")) },
    { subject: user("cy"), resource: item(id("first")) },
    { subject: user("bob"), resource: item(id("first")), context: { max_stale: 60 } },
    { subject: user("bob"), resource: item("elsewhere.item") },
  ];
  const body = { action: open, context: { source: "gateway" }, evaluations };
  const answer = await read(await ask(body, { token }), 200, batchSchema);
  expect(answer.evaluations.map(({ decision, context }) => [decision, context.reason ?? null])).toEqual([
    [true, null],
    [false, "not_open"],
    [false, "not_enrolled"],
    [true, null],
    [false, "error"],
  ]);
  expect(answer.evaluations[4]?.context.error).toMatchObject({ status: 404, code: "course_not_found" });
  const until = async (evaluations_semantic: string) =>
    (await read(await ask({ ...body, options: { evaluations_semantic } }, { token }), 200, batchSchema)).evaluations;
  expect(await until("deny_on_first_deny")).toHaveLength(2);
  expect(await until("permit_on_first_permit")).toHaveLength(1);
});

it("says why, in the learner's words, only where it is asked to", async () => {
  const { id } = await course();
  const evaluations = [{ resource: item(id("second")) }, { resource: item(id("secret")) }];
  const body = { subject: user("ada"), action: open, evaluations, options: { reasons: true } };
  const [second, secret] = (await read(await ask(body, { token: await tokenOf("ada") }), 200, batchSchema)).evaluations;
  expect(second?.context.explanation?.sentence.en).toContain("First");
  expect(secret?.context).not.toHaveProperty("explanation");
});

it("sees the caller's own write with min_seq, and refuses one that nobody has made", async () => {
  const { slug, id } = await course();
  const { progress_seq } = await completed(slug, "ada", "first");
  const token = await tokenOf("ada");
  const question = { subject: user("ada"), action: open, resource: item(id("second")) };
  const decided = await ask({ ...question, context: { min_seq: progress_seq, max_stale: 60 } }, { token });
  expect(await read(decided, 200, decisionSchema)).toMatchObject({ decision: true });
  await problem(await ask({ ...question, context: { min_seq: progress_seq + 1 } }, { token }), 409);
});

it("tells nobody about other learners who may not read them", async () => {
  const { id } = await course();
  const question = { subject: user("bob"), action: open, resource: item(id("first")) };
  await problem(await ask(question, { token: await tokenOf("ada") }), 403);
  const evaluations = [question, { ...question, subject: user("ada") }];
  const { evaluations: answers } = await read(
    await ask({ evaluations }, { token: await tokenOf("ada") }),
    200,
    batchSchema,
  );
  expect(answers).toMatchObject([
    { decision: false, context: { error: { status: 403, code: "forbidden" } } },
    { decision: true },
  ]);
  expect((await ask(question, {})).status).toBe(401);
});

it("answers a thousand questions about fifty learners, and refuses one more", async () => {
  const { slug, id } = await course();
  const learners = Array.from({ length: 50 }, (_, i) => `many-${i}`);
  await Promise.all(learners.map((one) => enroll(slug, one)));
  const evaluations = Array.from({ length: 1_000 }, (_, i) => ({
    subject: user(learners[i % 50] ?? ""),
    resource: item(id(i % 2 === 0 ? "first" : "second")),
  }));
  const token = await service();
  const { evaluations: answers } = await read(await ask({ action: open, evaluations }, { token }), 200, batchSchema);
  expect(answers.filter(({ decision }) => decision)).toHaveLength(500);
  const tooMany = await problem(await ask({ action: open, evaluations: [...evaluations, {}] }, { token }), 400);
  expect(tooMany.errors).toMatchObject([{ path: "evaluations" }]);
});

it("names what a question leaves out, and what is not known here", async () => {
  const token = await tokenOf("ada");
  const errorsOf = async (body: object) => (await problem(await ask(body, { token }), 400)).errors;
  expect(await errorsOf({ action: open, evaluations: [{ subject: user("ada") }] })).toMatchObject([
    { path: "evaluations[0].resource", rule: "required" },
  ]);
  expect(await errorsOf({ subject: user("ada"), action: { name: "delete" }, resource: item("a.b") })).toMatchObject([
    { path: "action.name" },
  ]);
  const many = Array.from({ length: 101 }, () => ({}));
  const body = { subject: user("ada"), action: open, resource: item("a.b"), evaluations: many };
  expect(await errorsOf({ ...body, options: { reasons: true } })).toMatchObject([{ path: "options.reasons" }]);
});

it("is announced to clients that look for it", async () => {
  const { exports } = await import("cloudflare:workers");
  const found = await exports.default.fetch("http://latchkey.test/.well-known/authzen-configuration");
  expect(await found.json()).toMatchObject({
    policy_decision_point: "http://latchkey.test",
    access_evaluation_endpoint: "http://latchkey.test/api/v1/decisions",
    access_evaluations_endpoint: "http://latchkey.test/api/v1/decisions",
  });
});
