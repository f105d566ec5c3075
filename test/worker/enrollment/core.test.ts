import { describe, expect, it } from "vitest";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, d1Queries, problem, tokenOf } from "../../support/worker/http.ts";

/** Two chapters, the second behind the first; two problems. */
function smallCourse(slug: string) {
  return {
    slug,
    title: { en: "Small", zh: "小" },
    options: { sticky: true },
    chapters: [
      {
        id: `${slug}.one`,
        title: "One",
        content: "# One",
        problems: [
          { id: `${slug}.p1`, title: "P1", content: "2 + 2?", answer: { kind: "numeric" as const, value: 4 } },
        ],
      },
      { id: `${slug}.two`, title: "Two", content: "# Two", rule: { completed: `${slug}.one` } },
    ],
    problems: [{ id: `${slug}.p2`, title: "P2", rule: { score: { item: `${slug}.p1`, min: 50 } } }],
  };
}

describe("the unlock core through HTTP", () => {
  it("[I3] the items that a completion opens are open at once, and warm reads and writes need no D1 query", async () => {
    const slug = freshSlug();
    await publish(smallCourse(slug));
    const enrolled = await enroll(slug, "ada");
    expect(enrolled.unlocked.sort()).toEqual([`${slug}.one`, `${slug}.p1`]);
    const token = await tokenOf("ada");
    const locked = await call("GET", `/courses/${slug}/chapters/${slug}.two/`, { token });
    const document = await problem(locked, 403);
    expect(document.code).toBe("locked");
    const done = await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`, { token });
    expect(done.status).toBe(200);
    expect(d1Queries(done)).toBe(0);
    expect(await done.json()).toMatchObject({ unlocked: [`${slug}.two`], locked: [], progress_seq: 1 });
    const list = await call("GET", `/courses/${slug}/chapters/?min_seq=1`, { token });
    expect(d1Queries(list)).toBe(0);
    const etag = list.headers.get("etag") ?? "";
    expect(await list.json()).toMatchObject({
      results: [
        { id: `${slug}.one`, status: "completed", is_locked: false },
        { id: `${slug}.two`, status: "unlocked", is_locked: false },
      ],
      snapshot: { source: "snapshot", progress_seq: 1 },
    });
    const again = await call("GET", `/courses/${slug}/chapters/?min_seq=1`, {
      token,
      headers: { "if-none-match": etag },
    });
    expect(again.status).toBe(304);
    const submitted = await call("POST", `/problems/${slug}.p1/submissions/`, { token, body: { answer: "4.0" } });
    expect(await submitted.json()).toMatchObject({ status: "passed", unlocked: [`${slug}.p2`] });
    const result = await project(slug, "ada");
    expect(result.explicitAcks).toHaveLength(1);
  });
});
