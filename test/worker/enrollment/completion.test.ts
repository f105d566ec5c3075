import { expect, it } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, complete, deltaSchema, revoke, service, statesOf, submit } from "../../support/worker/learners.ts";
import { wholeHistory } from "../../support/worker/streams.ts";

const completionSchema = z.object({
  state: z.string(),
  takes_mark: z.boolean(),
  missing: z.array(z.looseObject({ code: z.string(), items: z.array(z.string()).optional() })),
  description: z.string(),
});
const rowsSchema = z.looseObject({
  results: z.array(
    z.looseObject({
      id: z.string(),
      status: z.string(),
      completed_at: z.string().nullable(),
      completion: completionSchema.optional(),
    }),
  ),
});
/** A problem document with all that it says. */
const refusal = (answer: Response, status: number) => read(answer, status, z.looseObject({ code: z.string() }));
const told = deltaSchema.extend({ completed: z.array(z.string()) });

/** A chapter that is complete by its three items: one opened, one marked, one scored; and a chapter that rests on it. */
async function course() {
  const slug = freshSlug("completion");
  const id = (name: string) => `${slug}.${name}`;
  const key = { kind: "exact" as const, values: ["yes"] };
  await publish({
    slug,
    title: "Completion",
    options: { sticky: false },
    chapters: [
      {
        id: id("one"),
        title: "One",
        completion: { children: { all: true } },
        problems: [
          { id: id("page"), title: "Page", kind: "page", completion: { view: true }, content: "Read." },
          { id: id("task"), title: "Task", completion: { mark: true } },
          {
            id: id("quiz"),
            title: "Quiz",
            answer: key,
            completion: { all: [{ submit: true }, { score: { min: 60 } }] },
          },
        ],
      },
      { id: id("two"), title: "Two", rule: { completed: id("one") }, problems: [{ id: id("last"), title: "Last" }] },
    ],
  });
  await enroll(slug, "ada");
  const token = await tokenOf("ada");
  const rows = async (query = "") => {
    const [chapters, problems] = await Promise.all(
      ["chapters", "problems"].map(async (kind) =>
        read(await call("GET", `/courses/${slug}/${kind}/${query}`, { token }), 200, rowsSchema),
      ),
    );
    return new Map(
      [...(chapters?.results ?? []), ...(problems?.results ?? [])].map((row) => [row.id.slice(slug.length + 1), row]),
    );
  };
  const mark = (name: string) => call("POST", `/problems/${id(name)}/mark_as_completed`, { token, body: {} });
  const open = async (name: string) => {
    const answer = await call("GET", `/problems/${id(name)}`, { token });
    await answer.body?.cancel();
  };
  return { slug, id, token, rows, mark, open };
}

it("a chapter completes with the last of its items, and the items that wait for it open in the same commit", async () => {
  const { slug, id, token, rows, mark, open } = await course();
  const refused = await refusal(await complete(slug, "ada", "one"), 409);
  expect(refused).toMatchObject({
    code: "incomplete",
    item: id("one"),
    missing: [{ code: "children_incomplete", remaining: 3, items: [id("page"), id("task"), id("quiz")] }],
    detail: expect.stringContaining("“Page”, “Task” and “Quiz”"),
  });
  expect((await refusal(await mark("quiz"), 409)).missing).toMatchObject([
    { code: "not_submitted" },
    { code: "score_too_low" },
  ]);
  expect((await problem(await mark("last"), 404)).code).toBe("item_not_found");
  await open("page");
  expect((await rows()).get("page")?.completion).toMatchObject({ state: "complete", missing: [] });
  expect(await read(await mark("task"), 200, told)).toMatchObject({ completed: [id("task")], unlocked: [] });
  expect((await rows()).get("one")?.completion).toMatchObject({
    state: "incomplete",
    missing: [{ code: "children_incomplete", required: 3, actual: 2, items: [id("quiz")] }],
    description: "Complete “Quiz”.",
  });
  const why = await call("GET", `/courses/${slug}/items/${id("two")}/why`, { token });
  expect(await why.json()).toMatchObject({
    reasons: [
      { code: "not_completed", item: id("one"), missing: [{ code: "children_incomplete", items: [id("quiz")] }] },
    ],
    to_unlock: [
      { action: "submit", item: id("quiz") },
      { action: "score", item: id("quiz"), min_score: 60 },
    ],
  });
  const passed = await read(await submit(slug, "ada", "quiz", "yes"), 201, told);
  expect(passed.completed).toEqual([id("quiz"), id("one")]);
  expect(passed.unlocked).toEqual([id("two"), id("last")]);
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("one")]: "completed", [id("two")]: "unlocked" });
  const again = await read(await complete(slug, "ada", "one"), 200, told);
  expect([again.completed, again.unlocked]).toEqual([[], []]);
});

it("the devices of a learner are notified of chapters that complete by their items", async () => {
  const user = `ada-${crypto.randomUUID().slice(0, 8)}`;
  const { slug, id } = await course();
  await enroll(slug, user);
  const facts = ["page", "task", "quiz"].map((name) => ({
    user_id: user,
    item: id(name),
    completed: true,
    at: new Date().toISOString(),
  }));
  const answer = await call("POST", "/progress/import", { token: await service(), body: { facts } });
  const imported = await read(answer, 200, z.looseObject({ deltas: z.array(told.partial()) }));
  expect(imported.deltas).toMatchObject([
    { completed: facts.map(({ item }) => item).concat(id("one")), unlocked: [id("two"), id("last")] },
  ]);
  await project(slug, user);
  const events = await wholeHistory(user);
  expect(JSON.stringify(events)).toContain(id("one"));
});

it("[I2] states are the same from D1, at another instant, after a revocation and for staff", async () => {
  const { slug, id, token, rows, mark, open } = await course();
  await open("page");
  await mark("task");
  await submit(slug, "ada", "quiz", "yes");
  await project(slug, "ada");
  const fallback = () =>
    callWith({ ENROLLMENTS: brokenObjects().namespace }, "GET", `/courses/${slug}/chapters/`, { token });
  const fromD1 = await read(await fallback(), 200, rowsSchema);
  const own = await read(await call("GET", `/courses/${slug}/chapters/`, { token }), 200, rowsSchema);
  expect(fromD1.results).toEqual(own.results);
  expect(own.results[0]?.completed_at).not.toBeNull();
  const audience = await call("GET", `/courses/${slug}/items/${id("two")}/audience?state=open`, {
    token: await author(),
  });
  expect(JSON.stringify(await audience.json())).toContain("ada");
  const before = Date.now() + 1;
  while (Date.now() <= before) await new Promise((resolve) => setTimeout(resolve, 2));
  await revoke(slug, "ada", "task");
  const now = (await rows()).get("one");
  const then = (await rows(`?at=${new Date(before).toISOString()}`)).get("one");
  expect([now?.status, then?.status]).toEqual(["unlocked", "completed"]);
});

it("requirements that nobody can meet are refused, all of them in one answer", async () => {
  const slug = freshSlug("refused");
  const id = (name: string) => `${slug}.${name}`;
  const body = {
    document: {
      slug,
      title: "Refused",
      chapters: [
        { id: id("empty"), title: "Empty", completion: { children: { all: true } } },
        {
          id: id("loop"),
          title: "Loop",
          completion: { children: { count: 2 } },
          problems: [
            {
              id: id("in"),
              title: "In",
              rule: { completed: id("loop") },
              completion: { at_least: { count: 3, of: [{ view: true }] } },
            },
          ],
        },
        {
          id: id("scored"),
          title: "Scored",
          completion: { score: { min: 50 } },
          problems: [{ id: id("p"), title: "P" }],
        },
      ],
      problems: [
        {
          id: id("alone"),
          title: "Alone",
          completion: { any: [{ mark: true }, { children: { percent: 50, weights: { [id("p")]: 2 } } }] },
        },
      ],
    },
  };
  await call("POST", "/courses", { token: await author(), body: { slug, title: "Refused" } });
  const refused = await refusal(await call("POST", `/courses/${slug}/versions`, { token: await author(), body }), 422);
  const found = z.array(z.looseObject({ path: z.string(), rule: z.string() })).parse(refused.errors);
  expect(found.map(({ path, rule }) => `${rule} ${path}`).sort()).toEqual([
    "cycle chapters[1].problems[0].rule.completed",
    "no_children chapters[0].completion.children",
    "no_children problems[0].completion.any[1].children",
    "unsatisfiable chapters[1].completion.children.count",
    "unsatisfiable chapters[1].problems[0].completion.at_least.count",
  ]);
  expect(JSON.stringify(refused.warnings)).toContain("never_scored");
});
