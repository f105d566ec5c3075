import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { AUTHOR, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, completed, ladder, pageSchema, statesOf, unlocks, whySchema } from "../../support/worker/learners.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** The ladder with a draft chapter and a deprecated problem, neither of which a newcomer may see. */
function withHidden(slug: string) {
  const course = ladder(slug);
  return {
    ...course,
    chapters: [
      ...(course.chapters ?? []),
      { id: `${slug}.secret`, title: "Secret draft", status: "draft" as const, content: "# Secret" },
    ],
    problems: [{ id: `${slug}.old`, title: "Old gold", status: "deprecated" as const, content: "# Old" }],
  };
}

async function learner(document: (slug: string) => Parameters<typeof publish>[0] = ladder) {
  const slug = freshSlug("reads");
  await publish(document(slug));
  await enroll(slug, "ada");
  return { slug, token: await tokenOf("ada") };
}

const detailSchema = z.looseObject({ id: z.string(), content: z.string().nullable() });

describe("lists and details", () => {
  it.each(["/", ""])("answer with the address ending in %j", async (slash) => {
    const { slug, token } = await learner();
    for (const path of [`/courses/${slug}/chapters`, `/courses/${slug}/problems`, `/chapters/${slug}.one/problems`]) {
      expect((await call("GET", `${path}${slash}`, { token })).status).toBe(200);
    }
    expect((await call("GET", `/courses/${slug}/chapters/${slug}.one${slash}`, { token })).status).toBe(200);
    expect((await call("GET", `/problems/${slug}.p1${slash}`, { token })).status).toBe(200);
  });

  it("show the documented rows, in course order", async () => {
    const { slug, token } = await learner();
    const chapters = await read(await call("GET", `/courses/${slug}/chapters/`, { token }), 200, pageSchema);
    expect(chapters.results.map((row) => [row.id, row.order, row.is_locked])).toEqual([
      [`${slug}.one`, 1, false],
      [`${slug}.two`, 2, true],
      [`${slug}.three`, 3, true],
      [`${slug}.four`, 4, true],
    ]);
    expect(chapters.results[3]).toMatchObject({
      prerequisite_progress: { met: 0, total: 2, percent: 0 },
      unlock_condition_description: expect.stringMatching(/\w/),
    });
    const problems = await read(await call("GET", `/chapters/${slug}.one/problems/`, { token }), 200, pageSchema);
    expect(problems.results).toMatchObject([
      { id: `${slug}.p1`, chapter_id: `${slug}.one`, difficulty: 1, is_unlocked: true },
      { id: `${slug}.p2`, chapter_id: `${slug}.one`, difficulty: 3, is_unlocked: true },
    ]);
    expect(problems.next_cursor).toBeNull();
    expect((await problem(await call("GET", `/chapters/${slug}.p1/problems/`, { token }), 404)).code).toBe(
      "item_not_found",
    );
  });

  it("[I7] give content only if the item is open; a locked item answers with its reasons and no content", async () => {
    const { slug, token } = await learner();
    const open = await read(await call("GET", `/courses/${slug}/chapters/${slug}.one`, { token }), 200, detailSchema);
    expect(open.content).toBe("# Content of one");
    const zh = await call("GET", `/courses/${slug}/chapters/${slug}.one?lang=zh`, { token });
    expect((await read(zh, 200, detailSchema)).content).toBe("# 一的内容");
    for (const path of [`/courses/${slug}/chapters/${slug}.two`, `/problems/${slug}.p3`]) {
      const answer = await call("GET", path, { token });
      const text = await answer.clone().text();
      expect((await problem(answer, 403)).code).toBe("locked");
      expect(JSON.parse(text).reasons.length).toBeGreaterThan(0);
      expect(text).not.toMatch(/Content of|answer|"value"/);
      expect(answer.headers.get("etag")).toBeNull();
    }
    // The answer key leaves the server by no route, open or not.
    const detail = await (await call("GET", `/problems/${slug}.p1`, { token })).text();
    expect(detail).toContain("2 + 2?");
    expect(detail).not.toMatch(/"answer"|numeric|tolerance/);
    expect((await call("GET", `/problems/${slug}.one`, { token })).status).toBe(404);
    expect((await call("GET", `/courses/${slug}/chapters/${slug}.p1`, { token })).status).toBe(404);
  });

  it("[I7] never show drafts and deprecated items that the learner never started, by any route", async () => {
    const { slug, token } = await learner(withHidden);
    for (const list of [`/courses/${slug}/chapters`, `/courses/${slug}/problems`, `/courses/${slug}/unlocks`]) {
      const text = await (await call("GET", list, { token })).text();
      expect(text).not.toMatch(/secret|Secret|\.old|Old gold/);
    }
    for (const hidden of ["secret", "old"]) {
      for (const path of [
        `/courses/${slug}/chapters/${slug}.${hidden}`,
        `/problems/${slug}.${hidden}`,
        `/chapters/${slug}.${hidden}/problems`,
        `/courses/${slug}/items/${slug}.${hidden}/why`,
      ]) {
        expect((await problem(await call("GET", path, { token }), 404)).code).toBe("item_not_found");
      }
      for (const [method, path, body] of [
        ["POST", `/courses/${slug}/chapters/${slug}.${hidden}/mark_as_completed`, {}],
        ["POST", `/problems/${slug}.${hidden}/submissions`, { answer: "x" }],
      ] as const) {
        expect((await problem(await call(method, path, { token, body }), 404)).code).toBe("item_not_found");
      }
    }
    const staff = await call("GET", `/courses/${slug}/chapters`, { token: await author() });
    expect((await read(staff, 200, pageSchema)).results.map((row) => row.id)).toContain(`${slug}.secret`);
    // Who has started a deprecated item keeps seeing it.
    const fact = { user_id: "ada", item: `${slug}.old`, at: new Date().toISOString() };
    await call("POST", "/progress/import", { token: await tokenOf("importer", "service"), body: { facts: [fact] } });
    expect(Object.keys(await statesOf(slug, "ada"))).toContain(`${slug}.old`);
  });

  it("an explanation has every failing condition, the shortest plan, and one sentence in each language", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/items/${slug}.four/why`;
    const why = await read(await call("GET", path, { token }), 200, whySchema);
    expect(why.reasons.map(({ code, item }) => [code, item])).toEqual([
      ["not_completed", `${slug}.three`],
      ["not_attempted", `${slug}.p2`],
    ]);
    // In an order in which each can be done: two and three are locked until the one before them is completed.
    expect(why.to_unlock?.map(({ action, item }) => [action, item])).toEqual([
      ["complete", `${slug}.one`],
      ["complete", `${slug}.two`],
      ["complete", `${slug}.three`],
      ["attempt", `${slug}.p2`],
    ]);
    expect(why.sentence.en).toContain("Three");
    expect(why.sentence.zh).toContain("三");
    const zh = await read(await call("GET", `${path}?lang=zh`, { token }), 200, whySchema);
    expect(zh.reasons[0]?.title).toBe("三");
    const accept = await call("GET", path, { token, headers: { "accept-language": "fr, zh-CN;q=0.8, en;q=0.3" } });
    expect((await read(accept, 200, whySchema)).reasons[0]?.title).toBe("三");
    const open = await call("GET", `/courses/${slug}/items/${slug}.one/why`, { token });
    expect(await read(open, 200, whySchema)).toMatchObject({ is_locked: false, reasons: [], to_unlock: [] });
    expect((await call("GET", `${path}?lang=fr`, { token })).status).toBe(400);
  });
});

describe("paging", () => {
  it("reads a list page by page without a gap and without a duplicate", async () => {
    const { slug, token } = await learner();
    const ids: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "?limit=1" : `?limit=1&cursor=${cursor}`;
      const page = await read(await call("GET", `/courses/${slug}/chapters${query}`, { token }), 200, pageSchema);
      expect(page.results).toHaveLength(1);
      ids.push(...page.results.map((row) => row.id));
      cursor = page.next_cursor;
    }
    expect(ids).toEqual(["one", "two", "three", "four"].map((name) => `${slug}.${name}`));
  });

  it("[I9] refuses changed cursors, cursors of another list, and limits out of bounds", async () => {
    const { slug, token } = await learner();
    const list = `/courses/${slug}/chapters`;
    const { next_cursor: cursor } = await read(await call("GET", `${list}?limit=1`, { token }), 200, pageSchema);
    if (cursor === null) throw new Error("the ladder has a second page");
    const [position = "", signature = ""] = cursor.split(".");
    const other = btoa(`${slug}.three`).replace(/=+$/, "");
    for (const bad of [`${other}.${signature}`, position, `${position}.AAAA`, `${cursor}.x`, "%00", "no"]) {
      expect((await problem(await call("GET", `${list}?cursor=${bad}`, { token }), 400)).code).toBe("invalid_cursor");
    }
    for (const path of [`/courses/${slug}/problems`, `/chapters/${slug}.one/problems`]) {
      const answer = await call("GET", `${path}?cursor=${cursor}`, { token });
      expect((await problem(answer, 400)).code).toBe("invalid_cursor");
    }
    for (const limit of ["0", "1001", "-1", "1.5", "ten"]) {
      const answer = await call("GET", `${list}?limit=${limit}`, { token });
      expect((await problem(answer, 400)).errors?.[0]?.path).toBe("query.limit");
    }
    expect((await call("GET", `${list}?limit=1000`, { token })).status).toBe(200);
  });
});

describe("ETag", () => {
  const tagOf = async (path: string, token: string) => (await call("GET", path, { token })).headers.get("etag") ?? "";

  it("is strong, gives 304 if it is sent back, in a list or weakened too, and differs by language, page and list", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/chapters`;
    const tags = new Set<string>();
    const paths = [path, `${path}?lang=zh`, `${path}?limit=1`, `/courses/${slug}/problems`, `/courses/${slug}/unlocks`];
    for (const each of paths) tags.add(await tagOf(each, token));
    expect(tags.size).toBe(paths.length);
    const tag = await tagOf(path, token);
    expect(tag).toMatch(/^"[^"]+"$/);
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, `"a",W/${tag} , "b"`]) {
      const answer = await call("GET", path, { token, headers: { "if-none-match": header } });
      expect([answer.status, await answer.text(), answer.headers.get("etag")]).toEqual([304, "", tag]);
    }
    const other = await call("GET", path, { token, headers: { "if-none-match": '"other"' } });
    expect(other.status).toBe(200);
    expect(other.headers.get("cache-control")).toBe("private, no-cache");
  });

  it("[I2] [I3] [I8] of an answer kept in an isolate is confirmed by the object, and is not used for anybody else", async () => {
    const slug = freshSlug("memory");
    await publish(ladder(slug));
    for (const user of ["ada", "eve"]) await enroll(slug, user);
    const list = async (user: string, query = "") => {
      const answer = await call("GET", `/courses/${slug}/chapters/${query}`, { token: await tokenOf(user) });
      return { etag: answer.headers.get("etag"), text: await answer.text() };
    };
    const first = await list("ada");
    expect(await list("ada")).toEqual(first);
    expect((await list("ada", "?limit=1")).text).not.toBe(first.text);
    expect((await list("ada", "?lang=zh")).text).not.toBe(first.text);
    await completed(slug, "ada", "one");
    const second = await list("ada");
    expect(second.etag).not.toBe(first.etag);
    expect(JSON.parse(second.text)).toMatchObject({
      results: [{ status: "completed" }, { status: "unlocked" }, {}, {}],
    });
    expect(await list("ada")).toEqual(second);
    expect(JSON.parse((await list("eve")).text)).toMatchObject({
      results: [{ status: "unlocked" }, { status: "locked" }, {}, {}],
    });
  });

  it("changes with progress, policy and version", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/unlocks`;
    const tags = [await tagOf(path, token)];
    await completed(slug, "ada", "one");
    tags.push(await tagOf(path, token));
    await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body: { cohorts: ["spring"] } });
    tags.push(await tagOf(path, token));
    await publish({ ...ladder(slug), title: "Other" });
    await tagOf(path, token); // recomputed: the next is the one that lasts
    tags.push(await tagOf(path, token));
    expect(new Set(tags).size).toBe(tags.length);
    expect(await tagOf(path, token)).toBe(tags.at(-1));
  });
});

describe("the view of a read", () => {
  it("[I3] with min_seq includes the write; a min_seq that never happened is refused", async () => {
    const { slug, token } = await learner();
    const { progress_seq } = await completed(slug, "ada", "one");
    expect((await unlocks(slug, "ada", `?min_seq=${progress_seq}`)).snapshot.progress_seq).toBe(progress_seq);
    const ahead = await call("GET", `/courses/${slug}/unlocks?min_seq=${progress_seq + 1}`, { token });
    expect((await problem(ahead, 409)).code).toBe("sequence_ahead");
    expect((await call("GET", `/courses/${slug}/unlocks?min_seq=-1`, { token })).status).toBe(400);
  });

  it("[I8] is everything open, that of a new learner, or that of one learner for staff; others have only their own", async () => {
    const { slug, token } = await learner();
    await completed(slug, "ada", "one");
    const asStaff = async (query: string) =>
      read(await call("GET", `/courses/${slug}/chapters${query}`, { token: await author() }), 200, pageSchema);
    const all = await asStaff("");
    expect(all.results.every((row) => row.is_locked === false)).toBe(true);
    expect(all.snapshot.source).toBe("staff");
    const newcomer = await asStaff("?as=learner");
    expect(newcomer.results.map((row) => row.status)).toEqual(["unlocked", "locked", "locked", "locked"]);
    const ada = await asStaff("?learner=ada");
    expect(ada.results.map((row) => row.status)).toEqual(["completed", "unlocked", "locked", "locked"]);
    const unenrolled = await call("GET", `/courses/${slug}/chapters?learner=nobody`, { token: await author() });
    expect((await problem(unenrolled, 404)).code).toBe("not_enrolled");
    for (const stranger of [await tokenOf("eve"), await tokenOf("other-author", "author")]) {
      const answer = await call("GET", `/courses/${slug}/chapters?learner=ada`, { token: stranger });
      expect((await problem(answer, 403)).code).toBe("forbidden");
      const own = await call("GET", `/courses/${slug}/chapters`, { token: stranger });
      expect((await problem(own, 404)).code).toBe("not_enrolled");
    }
    const asked = await call("GET", `/courses/${slug}/chapters?as=learner&learner=ada`, { token });
    expect((await read(asked, 200, pageSchema)).results[1]?.status).toBe("unlocked");
    const locked = await call("GET", `/courses/${slug}/chapters/${slug}.four`, {
      token: await tokenOf(AUTHOR, "author"),
    });
    expect(locked.status).toBe(200);
  });
});

describe("the audience of an item", () => {
  const audienceSchema = z.object({
    results: z.array(
      z.looseObject({
        user_id: z.string(),
        is_open: z.boolean(),
        reasons: z.array(z.object({ code: z.string() }).loose()),
      }),
    ),
    next_cursor: z.string().nullable(),
  });

  it("[I8] says who can open it and who is blocked by which condition, page by page, to staff only", async () => {
    const slug = freshSlug("audience");
    await publish(ladder(slug));
    const users = ["ada", "bob", "cyd", "dan", "eve"];
    for (const user of users) await enroll(slug, user);
    for (const user of ["bob", "dan"]) await completed(slug, user, "one");
    for (const user of users) await project(slug, user);
    const path = `/courses/${slug}/items/${slug}.two/audience`;
    const ask = async (query: string) =>
      read(await call("GET", `${path}${query}`, { token: await author() }), 200, audienceSchema);
    expect((await ask("?state=open")).results.map((row) => row.user_id)).toEqual(["bob", "dan"]);
    const blocked = (await ask("?state=blocked")).results;
    expect(blocked.map((row) => row.user_id)).toEqual(["ada", "cyd", "eve"]);
    expect(blocked[0]?.reasons).toMatchObject([{ code: "not_completed", item: `${slug}.one` }]);
    const seen: string[] = [];
    let cursor: string | null = "";
    for (let pages = 0; cursor !== null && pages < 10; pages += 1) {
      const page: z.infer<typeof audienceSchema> = await ask(cursor === "" ? "?limit=2" : `?limit=2&cursor=${cursor}`);
      seen.push(...page.results.map((row) => row.user_id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(users);
    const first = await ask("?limit=2");
    const foreign = await call("GET", `${path}?state=open&cursor=${first.next_cursor}`, { token: await author() });
    expect((await problem(foreign, 400)).code).toBe("invalid_cursor");
    expect((await call("GET", path, { token: await tokenOf("ada") })).status).toBe(403);
    expect((await call("GET", path, { token: await tokenOf("other", "author") })).status).toBe(403);
  });
});
