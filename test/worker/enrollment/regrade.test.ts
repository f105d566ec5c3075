import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, statesOf, submit } from "../../support/worker/learners.ts";

const answerSchema = z.looseObject({
  version: z.number(),
  looked_at: z.number(),
  results: z.array(
    z.looseObject({
      learner: z.string(),
      changed: z.number(),
      changes: z.array(
        z.looseObject({ before: z.looseObject({ score: z.number() }), after: z.looseObject({ score: z.number() }) }),
      ),
      unlocked: z.array(z.string()),
      locked: z.array(z.string()),
    }),
  ),
  next_cursor: z.string().nullable(),
});

function quiz(slug: string, value: number): DocumentInput {
  return {
    slug,
    title: "Quiz",
    problems: [
      { id: `${slug}.sum`, title: "Sum", answer: { kind: "numeric", value } },
      { id: `${slug}.prize`, title: "Prize", rule: { completed: `${slug}.sum` } },
      { id: `${slug}.essay`, title: "Essay" },
    ],
  };
}

const USERS = { right: "4", wrong: "5", both: "4" } as const;

/** Three learners, of whom one has tried twice; then another key is published. */
async function course(): Promise<string> {
  const slug = freshSlug("regraded");
  await publish(quiz(slug, 4));
  for (const [user, answer] of Object.entries(USERS)) {
    await enroll(slug, user);
    await (await submit(slug, user, "sum", answer)).body?.cancel();
  }
  await (await submit(slug, "both", "sum", "5")).body?.cancel();
  await enroll(slug, "idle");
  for (const user of [...Object.keys(USERS), "idle"]) await project(slug, user);
  await publish(quiz(slug, 5));
  return slug;
}

const ask = async (slug: string, body: object, item = "sum") =>
  call("POST", `/courses/${slug}/items/${slug}.${item}/regrade`, { token: await author(), body });
const regrade = async (slug: string, body: object) => read(await ask(slug, body), 200, answerSchema);
const prize = async (slug: string, user: string) => (await statesOf(slug, user))[`${slug}.prize`];
const scores = async (slug: string, user: string) => {
  const answer = await call("GET", `/problems/${slug}.sum/submissions`, { token: await tokenOf(user) });
  const page = await read(answer, 200, z.looseObject({ results: z.array(z.looseObject({ score: z.number() })) }));
  return page.results.map(({ score }) => score);
};

describe("judging all submissions of a problem again after its answer key changed", () => {
  it("has a preview of changed scores, unlocks and locks, and the preview changes nothing", async () => {
    const slug = await course();
    const preview = await regrade(slug, { relock: true });
    expect(preview).toMatchObject({ version: 2, looked_at: 4, next_cursor: null });
    const [both, right, wrong] = preview.results;
    expect(both).toMatchObject({ learner: "both", changed: 2, unlocked: [], locked: [] });
    expect(right).toMatchObject({ learner: "right", changed: 1, unlocked: [], locked: [`${slug}.prize`] });
    expect(right?.changes).toMatchObject([
      { before: { status: "passed", score: 100 }, after: { status: "failed", score: 0 } },
    ]);
    expect(wrong).toMatchObject({ learner: "wrong", unlocked: [`${slug}.prize`], locked: [] });
    expect(await scores(slug, "right")).toEqual([100]);
    expect(await prize(slug, "right")).toBe("unlocked");
    expect(await prize(slug, "wrong")).toBe("locked");
    // Without a relock a sticky course takes nothing away.
    expect((await regrade(slug, {})).results.flatMap(({ locked }) => locked)).toEqual([]);
  });

  it("gives the results of the preview, each once, in as many calls as needed", async () => {
    const slug = await course();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: z.infer<typeof answerSchema> = await regrade(slug, {
        dry_run: false,
        relock: true,
        limit: 1,
        cursor,
      });
      seen.push(...page.results.map(({ learner }) => learner));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(["both", "right", "wrong"]);
    expect(await scores(slug, "right")).toEqual([0]);
    expect(await scores(slug, "both")).toEqual([100, 0]);
    expect(await prize(slug, "right")).toBe("locked");
    expect(await prize(slug, "wrong")).toBe("unlocked");
    expect((await regrade(slug, { dry_run: false })).results).toEqual([]);
  });

  it("does not change what a person has judged", async () => {
    const slug = await course();
    const token = await author();
    const page = await read(
      await call("GET", `/problems/${slug}.sum/submissions?learner=right`, { token }),
      200,
      z.looseObject({ results: z.array(z.looseObject({ id: z.string() })) }),
    );
    const path = `/submissions/${page.results[0]?.id}/verdict`;
    const body = { passed: true, score: 70, feedback: "The question was unclear.", replaces: 1 };
    expect((await call("POST", path, { token, body })).status).toBe(200);
    const done = await regrade(slug, { dry_run: false, relock: true });
    expect(done.results.map(({ learner }) => learner)).toEqual(["both", "wrong"]);
    expect(await scores(slug, "right")).toEqual([70]);
  });

  it("is refused for a problem without an answer key, and to people without rights in the course", async () => {
    const slug = await course();
    await (await submit(slug, "right", "essay", "x")).body?.cancel();
    await project(slug, "right");
    expect((await problem(await ask(slug, {}, "essay"), 409)).code).toBe("no_effect");
    const token = await tokenOf("right");
    const refused = await call("POST", `/courses/${slug}/items/${slug}.sum/regrade`, { token, body: {} });
    expect((await problem(refused, 403)).code).toBe("forbidden");
  });
});
