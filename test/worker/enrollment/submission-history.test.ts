import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AUTHOR, enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { service, submit } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";

const pageOf = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      item: z.string(),
      answer: z.string(),
      status: z.string(),
      score: z.number().nullable(),
      feedback: z.string().nullable(),
      submitted_at: z.string(),
      judged_at: z.string().nullable(),
    }),
  ),
  next_cursor: z.string().nullable(),
});

async function course(): Promise<string> {
  const slug = freshSlug("history");
  await publish({
    slug,
    title: "History",
    chapters: [{ id: `${slug}.one`, title: "One", problems: [{ id: `${slug}.essay`, title: "Essay" }] }],
    problems: [],
  });
  await enroll(slug, "ada");
  return slug;
}

const history = async (slug: string, query = "", user = "ada", role: "learner" | "author" = "learner") =>
  read(
    await call("GET", `/problems/${slug}.essay/submissions${query}`, { token: await tokenOf(user, role) }),
    200,
    pageOf,
  );

describe("[fault 43] a learner's list of submissions", () => {
  it("has them after a reload, newest first, with the verdict and the comment", async () => {
    const slug = await course();
    const submitted = z.object({ submission_id: z.string() });
    const first = await read(await submit(slug, "ada", "essay", "my first try"), 201, submitted);
    const second = await read(await submit(slug, "ada", "essay", "my second try"), 201, submitted);
    await call("POST", `/submissions/${first.submission_id}/verdict`, {
      token: await service(),
      body: { passed: false, score: 20, feedback: "Say why." },
    });
    const { results } = await history(slug);
    expect(results.map(({ id }) => id).sort()).toEqual([first.submission_id, second.submission_id].sort());
    expect(results.find(({ id }) => id === first.submission_id)).toMatchObject({
      answer: "my first try",
      status: "failed",
      score: 20,
      feedback: "Say why.",
      judged_at: expect.any(String),
    });
    expect(results.find(({ id }) => id === second.submission_id)).toMatchObject({ status: "pending", judged_at: null });
  });

  it("comes page by page, each submission once, also if long texts fill a page before its limit", async () => {
    const slug = await course();
    const long = "长".repeat(9_900);
    for (let n = 0; n < 20; n += 1) expect((await submit(slug, "ada", "essay", `${n} ${long}`)).status).toBe(201);
    const seen: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page: z.infer<typeof pageOf> = await history(
        slug,
        `?limit=1000${cursor === null ? "" : `&cursor=${cursor}`}`,
      );
      expect(page.results.length).toBeGreaterThan(0);
      seen.push(...page.results.map(({ id }) => id));
      cursor = page.next_cursor;
      pages += 1;
    } while (cursor !== null);
    expect(pages).toBeGreaterThan(1);
    expect(new Set(seen).size).toBe(20);
    expect(seen).toHaveLength(20);
  });

  it("[I8] is shown to staff of the course, and to no other learner", async () => {
    const slug = await course();
    await submit(slug, "ada", "essay", "mine");
    await enroll(slug, "eve");
    expect((await history(slug, "?learner=ada", AUTHOR, "author")).results).toHaveLength(1);
    expect((await history(slug, "", "eve")).results).toEqual([]);
    expect((await history(slug, "", AUTHOR, "author")).results).toEqual([]);
    const stolen = await call("GET", `/problems/${slug}.essay/submissions?learner=ada`, {
      token: await tokenOf("eve"),
    });
    expect((await problem(stolen, 403)).code).toBe("forbidden");
    const absent = await call("GET", `/problems/${slug}.nothing/submissions`, { token: await tokenOf("ada") });
    expect((await problem(absent, 404)).code).toBe("item_not_found");
  });
});

describe("[fault 12] a page of long answers that wait", () => {
  it("is limited by bytes, and the next page continues after it", async () => {
    const slug = await course();
    const answer = "长".repeat(9_900);
    await spread.batch(
      Array.from({ length: 300 }, (_, n) =>
        spread
          .prepare(
            `INSERT INTO submissions (id, enrollment_id, item_id, answer, status, submitted_at)
           VALUES (?, ?, ?, ?, 'pending', 1)`,
          )
          .bind(`${slug}:ada:${String(n).padStart(32, "0")}`, `${slug}:ada`, `${slug}.essay`, answer),
      ),
    );
    const waiting = z.object({ results: z.array(z.object({ id: z.string() })), next_cursor: z.string().nullable() });
    const seen = new Set<string>();
    let pages = 0;
    for (let cursor: string | null = ""; cursor !== null; pages += 1) {
      const path: string = `/submissions/pending?limit=1000${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const answered = await (await call("GET", path, { token: await service() })).text();
      expect(answered.length).toBeLessThan(8_500_000);
      const page: z.infer<typeof waiting> = waiting.parse(JSON.parse(answered));
      for (const { id } of page.results) if (id.startsWith(`${slug}:`)) seen.add(id);
      cursor = page.next_cursor;
    }
    expect(seen.size).toBe(300);
    expect(pages).toBeGreaterThan(1);
  });
});
