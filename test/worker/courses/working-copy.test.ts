import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MAX_DOCUMENT_BYTES } from "../../../src/courses/document.ts";
import { AUTHOR, enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, ladder } from "../../support/worker/learners.ts";

const stamp = z.looseObject({ revision: z.int(), saved_by: z.string().nullable() });
const copy = z.looseObject({ revision: z.int(), text: z.string().nullable(), base_version: z.int().nullable() });
const writers = z.looseObject({ revision: z.int(), others: z.array(z.looseObject({ user_id: z.string() })) });

async function course(): Promise<string> {
  const slug = freshSlug("copy");
  await publish(ladder(slug));
  const member = { token: await author(), body: { role: "co_author" } };
  await read(await call("PUT", `/courses/${slug}/members/second`, member), 200, z.unknown());
  return slug;
}
const path = (slug: string) => `/courses/${slug}/working-copy`;
const save = (slug: string, token: string, body: object, key?: string) =>
  call("PUT", path(slug), { token, body, ...(key === undefined ? {} : { headers: { "idempotency-key": key } }) });

describe("the working copy of a course", () => {
  it("may be any text, is returned unchanged, and is gone after it is discarded", async () => {
    const slug = await course();
    const token = await author();
    expect(await read(await call("GET", path(slug), { token }), 200, copy)).toMatchObject({ revision: 0, text: null });
    const text = '{ "slug": not JSON yet — 课程 \u0000';
    const saved = await read(await save(slug, token, { text, revision: 0, base_version: 1 }), 200, stamp);
    expect(saved).toMatchObject({ revision: 1, saved_by: AUTHOR, base_version: 1 });
    expect(await read(await call("GET", path(slug), { token }), 200, copy)).toMatchObject({ revision: 1, text });
    await read(await save(slug, token, { text: null, revision: 1 }), 200, stamp);
    expect(await read(await call("GET", path(slug), { token }), 200, copy)).toMatchObject({ revision: 2, text: null });
  });

  it("[I5] refuses a save made from another revision and names who saved the present one; a repeated save gets its first answer", async () => {
    const slug = await course();
    const [first, second] = [await author(), await tokenOf("second", "learner")];
    const made = await read(await save(slug, first, { text: "a", revision: 0 }, "one"), 200, stamp);
    expect(await read(await save(slug, first, { text: "a", revision: 0 }, "one"), 200, stamp)).toEqual(made);
    await read(await save(slug, second, { text: "b", revision: 1 }), 200, stamp);
    const refused = await save(slug, first, { text: "mine", revision: 1 });
    expect(z.looseObject({}).parse(await refused.clone().json())).toMatchObject({ revision: 2, saved_by: "second" });
    expect((await problem(refused, 409)).code).toBe("working_copy_changed");
    expect((await problem(await save(slug, first, { text: "mine", revision: 0 }), 409)).code).toBe(
      "working_copy_changed",
    );
    expect(await read(await call("GET", path(slug), { token: first }), 200, copy)).toMatchObject({ text: "b" });
  });

  it("accepts one of two simultaneous saves", async () => {
    const slug = await course();
    const tokens = [await author(), await tokenOf("second", "learner")];
    const answers = await Promise.all(tokens.map((token, n) => save(slug, token, { text: `text ${n}`, revision: 0 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const winner = answers.findIndex(({ status }) => status === 200);
    const there = await read(await call("GET", path(slug), { token: await author() }), 200, copy);
    expect(there).toMatchObject({ revision: 1, text: `text ${winner}` });
  });

  it("[I11] accepts the largest document with quotes in it, and refuses one byte more", async () => {
    const slug = await course();
    const token = await author();
    const text = '"'.repeat(MAX_DOCUMENT_BYTES);
    await read(await save(slug, token, { text, revision: 0 }), 200, stamp);
    expect((await read(await call("GET", path(slug), { token }), 200, copy)).text).toBe(text);
    const more = await save(slug, token, { text: "a".repeat(MAX_DOCUMENT_BYTES + 1), revision: 1 });
    expect((await problem(more, 400)).errors).toMatchObject([{ path: "text", rule: "too_big" }]);
  });

  it("names for a minute who else has it open", async () => {
    const slug = await course();
    const beat = async (token: string) => read(await call("POST", `${path(slug)}/writers`, { token }), 200, writers);
    const [first, second] = [await author(), await tokenOf("second", "learner")];
    expect((await beat(first)).others).toEqual([]);
    expect((await beat(second)).others.map(({ user_id }) => user_id)).toEqual([AUTHOR]);
    expect((await beat(first)).others.map(({ user_id }) => user_id)).toEqual(["second"]);
    await env.DB.prepare("UPDATE course_writers SET seen_at = ? WHERE user_id = 'second'")
      .bind(Date.now() - 61_000)
      .run();
    expect((await beat(first)).others).toEqual([]);
    const left = await env.DB.prepare("SELECT count(*) AS n FROM course_writers WHERE course_slug = ?")
      .bind(slug)
      .first<{ n: number }>();
    expect(left?.n).toBe(1);
  });

  it("[I8] is for those who may manage the course", async () => {
    const slug = await course();
    for (const token of [await tokenOf("ada", "learner"), await tokenOf("stranger", "author")]) {
      expect((await problem(await call("GET", path(slug), { token }), 403)).code).toBe("forbidden");
      expect((await problem(await save(slug, token, { text: "x", revision: 0 }), 403)).code).toBe("forbidden");
    }
  });
});

describe("the preview of a document", () => {
  const answer = z.looseObject({
    warnings: z.array(z.unknown()),
    items: z.array(
      z.object({ item: z.string(), state: z.string(), needs: z.array(z.object({ on: z.string(), code: z.string() })) }),
    ),
  });

  it("shows what an invented learner would see, and what each card waits for", async () => {
    const slug = await course();
    const token = await author();
    const document = ladder(slug);
    const look = async (learner: object) => {
      const { items } = await read(
        await call("POST", `/courses/${slug}/preview`, { token, body: { document, learner } }),
        200,
        answer,
      );
      return items;
    };
    const newcomer = await look({});
    expect(newcomer.find(({ item }) => item === `${slug}.two`)).toMatchObject({
      state: "locked",
      needs: [{ on: `${slug}.one` }],
    });
    const further = await look({ completed: [`${slug}.one`] });
    expect(further.find(({ item }) => item === `${slug}.one`)?.state).toBe("completed");
    expect(further.find(({ item }) => item === `${slug}.two`)).toMatchObject({
      state: "unlocked",
      needs: [{ on: `${slug}.one` }],
    });
  });

  it("lists errors of form and of meaning in one answer, and stores nothing", async () => {
    const slug = await course();
    const document = ladder(slug);
    const [first, ...rest] = document.chapters ?? [];
    const broken = {
      ...document,
      chapters: [
        { ...first, titel: "x" },
        ...rest,
        { id: `${slug}.z`, title: "Z", rule: { completed: `${slug}.none` } },
      ],
    };
    const refused = await problem(
      await call("POST", `/courses/${slug}/preview`, { token: await author(), body: { document: broken } }),
      400,
    );
    const rules = refused.errors?.map(({ rule }) => rule);
    expect(rules).toContain("unrecognized_keys");
    expect(rules).toContain("dangling");
  });
});

it("a dry run names the learners for whom something would change", async () => {
  const slug = await course();
  await enroll(slug, "ada");
  const document = ladder(slug);
  const chapters = (document.chapters ?? []).map((chapter, n) =>
    n === 0 ? { ...chapter, rule: { cohort: "nobody" } } : chapter,
  );
  const options = { ...document.options, sticky: false };
  const answer = await call("POST", `/courses/${slug}/versions?dry_run=true`, {
    token: await author(),
    body: { document: { ...document, options, chapters }, policy: "relock" },
  });
  const learners = z.looseObject({
    impact: z.looseObject({ learners: z.array(z.looseObject({ user_id: z.string(), lose: z.array(z.string()) })) }),
  });
  const { impact } = await read(answer, 200, learners);
  expect(impact.learners).toMatchObject([{ user_id: "ada" }]);
  expect(impact.learners[0]?.lose).toContain(`${slug}.one`);
});
