import { beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, completed, submit } from "../../support/worker/learners.ts";

function course(slug: string): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  return {
    slug,
    title: "News",
    chapters: [
      {
        id: id("one"),
        title: "One",
        problems: [
          { id: id("essay"), title: "Essay" },
          { id: id("soon"), title: "Soon", due: new Date(Date.now() + 86_400_000).toISOString() },
        ],
      },
      {
        id: id("two"),
        title: "Two",
        rule: { completed: id("one") },
        problems: [{ id: id("secret"), title: "S", visibility: "hidden" }],
      },
    ],
  };
}

const noticesSchema = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      at: z.string(),
      items: z.array(z.object({ id: z.string(), title: z.string() })),
      text: z.string().nullable(),
      is_read: z.boolean(),
    }),
  ),
  unread: z.number(),
  read_at: z.string().nullable(),
});
const placesSchema = z.object({ results: z.array(z.looseObject({ item_id: z.string(), place: z.number() })) });

let slug = "";
let ada = "";
beforeEach(async () => {
  slug = freshSlug("news");
  ada = `ada-${crypto.randomUUID().slice(0, 8)}`;
  await publish(course(slug));
  await enroll(slug, ada);
});

const notices = async () =>
  read(await call("GET", `/courses/${slug}/notices`, { token: await tokenOf(ada) }), 200, noticesSchema);
const say = async (token: string, text: string, users = [ada]) =>
  call("POST", `/courses/${slug}/messages`, { token, body: { user_ids: users, text } });

describe("notices", () => {
  it("say what opened, was graded and is due soon, and show the teacher's messages; read on one device is read on all", async () => {
    await completed(slug, ada, "one");
    const sent = await read(
      await submit(slug, ada, "essay", "text"),
      201,
      z.looseObject({ submission_id: z.string() }),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    const verdict = { passed: true, score: 80, feedback: "good" };
    const judged = await call("POST", `/submissions/${sent.submission_id}/verdict`, {
      token: await author(),
      body: verdict,
    });
    expect(judged.status, await judged.text()).toBeLessThan(300);
    const answer = await read(
      await say(await author(), "See me on Monday.", [ada, "nobody"]),
      200,
      z.object({ results: z.array(z.unknown()) }),
    );
    expect(answer.results).toEqual([
      { user_id: ada, outcome: "sent" },
      { user_id: "nobody", outcome: "not_enrolled" },
    ]);
    await project(slug, ada);
    const first = await vi.waitFor(async () => {
      const found = await notices();
      expect(new Set(found.results.map(({ kind }) => kind))).toEqual(
        new Set(["opened", "graded", "due_soon", "message"]),
      );
      return found;
    });
    expect(first.unread).toBe(first.results.length);
    expect(first.results.find(({ kind }) => kind === "graded")?.items).toEqual([
      { id: `${slug}.essay`, title: "Essay" },
    ]);
    expect(first.results.find(({ kind }) => kind === "due_soon")?.items[0]?.title).toBe("Soon");
    expect(first.results.find(({ kind }) => kind === "message")?.text).toBe("See me on Monday.");
    expect(JSON.stringify(first)).not.toContain("secret");
    const token = await tokenOf(ada);
    const until = first.results[0]?.at;
    await read(await call("PUT", `/courses/${slug}/notices/read`, { token, body: { until } }), 200, z.looseObject({}));
    expect((await notices()).unread).toBe(0);
    // What was read stays read, and what comes after is new.
    const past = { until: "2020-01-01T00:00:00Z" };
    await read(await call("PUT", `/courses/${slug}/notices/read`, { token, body: past }), 200, z.looseObject({}));
    await read(await say(await author(), "And bring the book."), 200, z.looseObject({}));
    expect((await notices()).unread).toBe(1);
  });

  it("[I8] are private, and only staff write messages", async () => {
    await problem(await say(await tokenOf(ada), "hello"), 403);
    await problem(await say(await tokenOf("other-author", "author"), "hello"), 403);
    await say(await author(), "For ada alone.");
    await enroll(slug, "eve");
    const eve = await call("GET", `/courses/${slug}/notices`, { token: await tokenOf("eve") });
    expect(await eve.text()).not.toContain("ada alone");
    await problem(await call("GET", `/courses/${slug}/notices`, { token: await tokenOf("stranger") }), 404);
  });
});

describe("where a learner stopped reading", () => {
  const set = async (item: string, place: number, user = ada) =>
    call("PUT", `/courses/${slug}/places/${slug}.${item}`, { token: await tokenOf(user), body: { place } });
  const places = async (user = ada) =>
    (await read(await call("GET", `/courses/${slug}/places`, { token: await tokenOf(user) }), 200, placesSchema))
      .results;

  it("is the same on every device, only for open items, and private", async () => {
    await read(await set("one", 420), 200, z.looseObject({}));
    await read(await set("essay", 10), 200, z.looseObject({}));
    await read(await set("one", 640), 200, z.looseObject({}));
    expect((await places()).map(({ item_id, place }) => [item_id, place])).toEqual([
      [`${slug}.one`, 640],
      [`${slug}.essay`, 10],
    ]);
    await problem(await set("two", 5), 403);
    await problem(await set("secret", 5), 404);
    await problem(await set("one", 1_001), 400);
    expect(await places("eve")).toEqual([]);
  });

  it("is kept for the latest hundred items", async () => {
    const many = freshSlug("many");
    const problems = Array.from({ length: 103 }, (_, at) => ({ id: `${many}.p${at}`, title: `P${at}` }));
    await publish({ slug: many, title: "Many", problems });
    await enroll(many, ada);
    slug = many;
    for (let at = 0; at < 103; at += 1) await read(await set(`p${at}`, at), 200, z.looseObject({}));
    const kept = await places();
    expect(kept).toHaveLength(100);
    expect(kept[0]?.item_id).toBe(`${many}.p102`);
  });
});

describe("the list of observed learners", () => {
  it("is shown only to the observer, and ends with the observation", async () => {
    const parent = `parent-${crypto.randomUUID().slice(0, 8)}`;
    const observed = async (user: string) => {
      const answer = await call("GET", "/observed", { token: await tokenOf(user) });
      return (await read(answer, 200, z.object({ results: z.array(z.unknown()) }))).results;
    };
    expect(await observed(parent)).toEqual([]);
    const path = `/courses/${slug}/observers/${parent}/learners/${ada}`;
    expect((await call("PUT", path, { token: await author() })).status).toBe(200);
    expect(await observed(parent)).toEqual([{ course: slug, title: "News", learner_id: ada, name: null }]);
    expect(await observed(ada)).toEqual([]);
    const next = await call("GET", `/courses/${slug}/next?learner=${ada}`, { token: await tokenOf(parent) });
    expect(next.status, await next.text()).toBe(200);
    await call("DELETE", path, { token: await author() });
    expect(await observed(parent)).toEqual([]);
  });
});
