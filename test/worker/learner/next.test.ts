import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, author, completed, override, setClock, submit } from "../../support/worker/learners.ts";

const DAY_MS = 86_400_000;
const NOW = Date.parse("2027-03-01T08:00:00Z");
const day = (days: number) => new Date(NOW + days * DAY_MS).toISOString();

/** Reading that is open, an essay that is due, an early quiz behind it, and what is hidden. */
function course(slug: string): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  return {
    slug,
    title: { en: "Writing", zh: "写作" },
    chapters: [
      {
        id: id("read"),
        title: { en: "Reading", zh: "阅读" },
        content: { en: "The *Otter* sleeps afloat.", zh: "水獭漂着睡觉。" },
        problems: [
          { id: id("quiz"), title: "Quiz", due: day(3), closes: day(4), answer: { kind: "exact", values: ["yes"] } },
          { id: id("essay"), title: "Essay", due: day(30), kind: "assignment", content: "Write about the otter." },
        ],
      },
      {
        id: id("later"),
        title: "Later",
        rule: { completed: id("read") },
        content: "The otter of later.",
        problems: [{ id: id("secret"), title: "Otter of the secret", visibility: "hidden", content: "otter" }],
      },
    ],
  };
}

const nextSchema = z.looseObject({
  results: z.array(
    z.looseObject({ item_id: z.string(), why: z.string(), sentence: z.string(), due_at: z.string().nullable() }),
  ),
  done: z.number(),
  total: z.number(),
});
const foundSchema = z.object({
  results: z.array(z.looseObject({ item_id: z.string(), is_locked: z.boolean(), excerpt: z.string().nullable() })),
  has_more: z.boolean(),
});

let slug = "";
beforeEach(async () => {
  setClock(NOW);
  slug = freshSlug("next");
  await publish(course(slug));
  await enroll(slug, "ada");
});
afterEach(() => {
  vi.useRealTimers();
});

const next = async (user = "ada", query = "") =>
  read(await call("GET", `/courses/${slug}/next${query}`, { token: await tokenOf(user) }), 200, nextSchema);
const find = async (q: string, options: { user?: string; lang?: string } = {}) => {
  const { user = "ada", lang = "en" } = options;
  const path = `/courses/${slug}/search?q=${encodeURIComponent(q)}&lang=${lang}`;
  return (await read(await call("GET", path, { token: await tokenOf(user) }), 200, foundSchema)).results;
};

describe("what is next", () => {
  it("lists what is due soon, then begun items, then open items, each with its reason in both languages", async () => {
    const first = await next();
    expect(first.results.map(({ item_id, why }) => [item_id, why])).toEqual([
      [`${slug}.quiz`, "due_soon"],
      [`${slug}.essay`, "open"],
    ]);
    expect(first.results[0]).toMatchObject({ sentence: "It is due in 3 days.", due_at: day(3) });
    expect((await next("ada", "?lang=zh")).results[0]?.sentence).toBe("还有 3 天截止。");
    await submit(slug, "ada", "quiz", "yes");
    const second = await next();
    expect(second.results.map(({ item_id }) => item_id)).toEqual([`${slug}.essay`]);
    expect(second).toMatchObject({ done: 1, total: 4 });
    // A due date that passed without an end: late, and still first.
    advanceClock(31 * DAY_MS);
    expect((await next()).results[0]).toMatchObject({ item_id: `${slug}.essay`, why: "overdue" });
  });

  it("follows an extension of the learner", async () => {
    await override(slug, "ada", "quiz", { kind: "extend", extend_to: day(20) });
    expect((await next()).results.find(({ item_id }) => item_id === `${slug}.quiz`)).toMatchObject({
      due_at: day(20),
      why: "open",
    });
  });

  it("[I8] is private: only the learner, staff and observers may read it", async () => {
    await problem(await call("GET", `/courses/${slug}/next?learner=ada`, { token: await tokenOf("eve") }), 403);
    await problem(await call("GET", `/courses/${slug}/next`, { token: await tokenOf("eve") }), 404);
    const staff = await call("GET", `/courses/${slug}/next?learner=ada`, { token: await author() });
    expect((await read(staff, 200, nextSchema)).results[0]?.item_id).toBe(`${slug}.quiz`);
  });
});

describe("search", () => {
  it("finds titles of visible items, and texts of open items, in the reader's language", async () => {
    expect(await find("OTTER")).toEqual([
      {
        item_id: `${slug}.read`,
        title: "Reading",
        kind: "chapter",
        is_locked: false,
        excerpt: "The Otter sleeps afloat.",
      },
      {
        item_id: `${slug}.essay`,
        title: "Essay",
        kind: "assignment",
        is_locked: false,
        excerpt: "Write about the otter.",
      },
    ]);
    expect((await find("水獭", { lang: "zh" })).map(({ item_id }) => item_id)).toEqual([`${slug}.read`]);
    expect(await find("水獭")).toEqual([]);
    expect((await find("later")).map(({ item_id, is_locked }) => [item_id, is_locked])).toEqual([
      [`${slug}.later`, true],
    ]);
    expect(await find("otter afloat sleeps")).toHaveLength(1);
    expect(await find("otter nowhere")).toEqual([]);
  });

  it("[I7] finds the text of a locked chapter once it opens, and never the text of a hidden item", async () => {
    await completed(slug, "ada", "read");
    expect((await find("otter")).map(({ item_id }) => item_id)).toEqual([
      `${slug}.read`,
      `${slug}.essay`,
      `${slug}.later`,
    ]);
    expect(await find("secret")).toEqual([]);
  });

  it("treats every character as text, and refuses an empty search", async () => {
    expect(await find("%_\"\\' OR 1=1 --")).toEqual([]);
    await problem(await call("GET", `/courses/${slug}/search?q=%20`, { token: await tokenOf("ada") }), 400);
    await problem(await call("GET", `/courses/${slug}/search?q=otter`, { token: await tokenOf("eve") }), 404);
  });
});
