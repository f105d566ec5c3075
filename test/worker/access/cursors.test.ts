import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { encodeCursor } from "../../../src/platform/http/pagination.ts";
import { AUTHOR, type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenDatabase, brokenObjects, callWith } from "../../support/worker/faults.ts";
import { type Call, call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { admin, advanceClock, pageSchema, unlocks } from "../../support/worker/learners.ts";
import { everywhere } from "../../support/worker/shards.ts";

afterEach(() => {
  vi.useRealTimers();
});

type Chapter = { name: string; problems?: string[]; status?: "active" | "draft" };

function course(slug: string, chapters: readonly Chapter[]): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  return {
    slug,
    title: "Pages",
    chapters: chapters.map(({ name, problems = [], status = "active" }) => ({
      id: id(name),
      title: name,
      status,
      problems: problems.map((problem) => ({ id: id(problem), title: problem })),
    })),
  };
}

async function change(slug: string, chapters: readonly Chapter[]): Promise<void> {
  await publish(course(slug, chapters));
  advanceClock(6_000); // the pointer that the isolate remembers is older than it may be
}

const named = (names: string): Chapter[] => names.split(" ").map((name) => ({ name }));

type Ask = (path: string, options: Call) => Promise<Response>;

const READERS: [string, "learner" | "author", Ask][] = [
  ["of the object", "learner", (path, options) => call("GET", path, options)],
  [
    "of D1, while the object does not answer",
    "learner",
    (path, options) => callWith({ ENROLLMENTS: brokenObjects().namespace }, "GET", path, options),
  ],
  ["of staff", "author", (path, options) => call("GET", path, options)],
];

describe.each(READERS)("[fault 26] a page %s", (_name, role, ask) => {
  /** Asks for page after page, and lets something happen after each. */
  async function walk(slug: string, list: string, limit: number, after: (page: number) => Promise<void>) {
    const token = await tokenOf(role === "author" ? AUTHOR : "ada", role);
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const answer = await ask(`${list}?limit=${limit}${query}`, { token });
      const page = await read(answer, 200, pageSchema);
      pages.push(page.results.map(({ id }) => id.slice(slug.length + 1)));
      cursor = page.next_cursor;
      await after(pages.length);
    } while (cursor !== null && pages.length < 50);
    return pages;
  }

  async function start(chapters: readonly Chapter[]): Promise<string> {
    const slug = freshSlug("pages");
    await publish(course(slug, chapters));
    await enroll(slug, "ada");
    await project(slug, "ada");
    return slug;
  }

  const BEFORE = "a b c d e f";
  it.each([
    ["is gone", "a c d e f", ["a", "b"], ["c", "d"]],
    ["is gone with all before it", "c d e f", ["a", "b"], ["c", "d"]],
    ["and the next are gone", "a e f", ["a", "b"], ["e", "f"]],
    ["stands at the end now", "a c d e f b", ["a", "b"], ["c", "d"]],
    ["stands at the start now", "b a c d e f", ["a", "b"], ["c", "d"]],
    ["has new ones before it", "x y a b c d", ["a", "b"], ["x", "y"]],
    ["stands still, and the last are gone", "a b", ["a", "b"], []],
  ])("continues when the row at its end %s", async (_what, then, first, second) => {
    const slug = await start(named(BEFORE));
    const pages = await walk(slug, `/courses/${slug}/chapters`, 2, async (page) => {
      if (page === 1) await change(slug, named(then));
    });
    expect(pages.slice(0, 2)).toEqual([first, second]);
    const all = pages.flat();
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(all)).toEqual(new Set([...first, ...then.split(" ")]));
  });

  it("continues when the row at its end is hidden", async () => {
    if (role === "author") return; // staff see drafts
    const slug = await start(named(BEFORE));
    const hidden = named(BEFORE).map((chapter) =>
      chapter.name === "b" ? { ...chapter, status: "draft" as const } : chapter,
    );
    const pages = await walk(slug, `/courses/${slug}/chapters`, 2, async (page) => {
      if (page === 1) await change(slug, hidden);
    });
    expect(pages).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e", "f"],
    ]);
  });

  it("continues when a new version is published after each page", async () => {
    const slug = await start(named("a b c d e f g h"));
    const versions = ["a c d e f g h b", "b a d e f g h", "h g f e d z", "h z"];
    const pages = await walk(slug, `/courses/${slug}/chapters`, 2, async (page) => {
      const next = versions[page - 1];
      if (next !== undefined) await change(slug, named(next));
    });
    const all = pages.flat();
    expect(pages.slice(0, 3)).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e", "f"],
    ]);
    // Nothing twice, and of what was there at the end nothing left out.
    expect(new Set(all).size).toBe(all.length);
    expect(all).toEqual(expect.arrayContaining(["h", "z"]));
  });

  it("continues in the problems of a chapter when the row at its end moved to another chapter", async () => {
    const slug = await start([
      { name: "one", problems: ["p", "q", "r", "s"] },
      { name: "two", problems: ["t"] },
    ]);
    const moved = [
      { name: "two", problems: ["t", "q"] },
      { name: "one", problems: ["p", "r", "s"] },
    ];
    const pages = await walk(slug, `/chapters/${slug}.one/problems`, 2, async (page) => {
      if (page === 1) await change(slug, moved);
    });
    expect(pages).toEqual([
      ["p", "q"],
      ["r", "s"],
    ]);
  });

  it("continues in the problems of a course when the row at its end is gone, and a row came from another chapter", async () => {
    const slug = await start([
      { name: "one", problems: ["p", "q", "r", "s"] },
      { name: "two", problems: ["t"] },
    ]);
    const pages = await walk(slug, `/courses/${slug}/problems`, 2, async (page) => {
      if (page === 1)
        await change(slug, [
          { name: "one", problems: ["t", "p"] },
          { name: "two", problems: ["r", "s"] },
        ]);
    });
    expect(pages).toEqual([["p", "q"], ["t", "r"], ["s"]]);
  });
});

describe("[fault 26] cursors of the release before", () => {
  it("continue after their row; they are refused, not taken for the end, if the row is missing", async () => {
    const slug = freshSlug("before");
    await publish(course(slug, named("a b c")));
    await enroll(slug, "ada");
    const token = await tokenOf("ada");
    const old = await encodeCursor(env.AUTH_SECRET, `chapters ${slug}`, `${slug}.a`);
    const ask = () => call("GET", `/courses/${slug}/chapters?cursor=${old}`, { token });
    expect((await read(await ask(), 200, pageSchema)).results.map(({ title }) => title)).toEqual(["b", "c"]);
    await change(slug, named("b c"));
    await unlocks(slug, "ada"); // the object has moved to the new version
    expect((await problem(await ask(), 400)).code).toBe("invalid_cursor");
  });

  it("a version that cannot be read is reported as such, and does not end the list", async () => {
    const slug = freshSlug("dark");
    await publish(course(slug, named("a b c")));
    const token = await tokenOf(AUTHOR, "author");
    const unknown = await encodeCursor(env.AUTH_SECRET, `chapters ${slug}`, "7:1");
    const answer = await call("GET", `/courses/${slug}/chapters?cursor=${unknown}`, { token });
    expect((await problem(answer, 400)).code).toBe("invalid_cursor");
    const down = await callWith(
      { ...everywhere(brokenDatabase) },
      "GET",
      `/courses/${slug}/chapters?cursor=${unknown}`,
      {
        token,
      },
    );
    expect((await problem(down, 503)).code).toBe("unavailable");
  });
});

describe("[fault 26] other lists", () => {
  it("continue when the row of their cursor is gone", async () => {
    const slug = freshSlug("others");
    await publish(course(slug, named("a")));
    const users = ["u1", "u2", "u3", "u4"].map((user) => `${user}-${slug}`);
    for (const user of users) await enroll(slug, user);
    const token = await tokenOf(AUTHOR, "author");
    const list = `/courses/${slug}/enrollments?limit=2`;
    const first = await (await call("GET", list, { token })).json<{ next_cursor: string }>();
    await call("DELETE", `/courses/${slug}/enrollments`, { token: await tokenOf(users[1] ?? "") });
    const next = await call("GET", `${list}&cursor=${first.next_cursor}`, { token });
    expect(await next.json()).toMatchObject({
      results: [{ user_id: users[2] }, { user_id: users[3] }],
      next_cursor: null,
    });
  });

  it("name all models that have the same instant", async () => {
    for (const hash of ["m1", "m2", "m3"]) {
      const metrics = JSON.stringify({ train: [], test: [], rows: [], blend: 0.5, cut_offs: [] });
      const insert = "INSERT INTO insight_models VALUES (?, 'r', 'd', '1+local', 1, ?, 'Better.', NULL)";
      await env.DB.prepare(insert).bind(hash, metrics).run();
    }
    const token = await admin();
    const hashes: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const answer = await call("GET", `/insight/models?limit=1${query}`, { token });
      const page: { results: { hash: string }[]; next_cursor: string | null } = await answer.json();
      hashes.push(...page.results.map(({ hash }) => hash));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(hashes).toEqual(["m3", "m2", "m1"]);
  });
});
