import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { hasChromium, launchChromium, newContext, screenshot } from "../support/browser/chromium.ts";
import { longestTasks } from "../support/browser/longest-task.ts";
import { type Person, Site } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

const CHAPTERS = 100;
const PROBLEMS = 49;
const LEARNERS = 2_000;
const COURSE = "large";

/** The largest course with a large class, as those who use it see it. The studio has a test of its own. */
describe.skipIf(!hasChromium)("pages of 5,000 items and 2,000 learners", () => {
  let site: Site;
  let browser: Browser;
  let author: Person;
  let learner: Person;

  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    author = await site.person("author", "author");
    learner = await site.person("ada");
    const client = await clientOf(site.url, author.id, "author");
    const document = {
      slug: COURSE,
      title: "Large",
      chapters: Array.from({ length: CHAPTERS }, (_, c) => ({
        id: `${COURSE}.c${c}`,
        title: `Chapter ${c}`,
        ...(c === 0 ? {} : { rule: { completed: `${COURSE}.c${c - 1}` } }),
        problems: Array.from({ length: PROBLEMS }, (__, p) => ({
          id: `${COURSE}.c${c}-p${p}`,
          title: `Item ${c}.${p}`,
          content: "What is two and two?",
          ...(p < 3 ? {} : { rule: { completed: `${COURSE}.c${c}-p${p - 1}` } }),
        })),
      })),
    };
    expectAnswer(await client.post("/api/v1/courses", { slug: COURSE, title: "Large" }), 201, z.unknown());
    expectAnswer(await client.post(`/api/v1/courses/${COURSE}/versions`, { document }), 201, z.unknown());
    const rows = Array.from({ length: LEARNERS - 1 }, (_, n) => `learner-${n},${n % 2 === 0 ? "autumn" : "spring"}`);
    const csv = `user_id,cohorts\nada,autumn\n${rows.join("\n")}\n`;
    expectAnswer(await client.put(`/api/v1/courses/${COURSE}/roster`, { csv }), 200, z.unknown());
    const hers = await clientOf(site.url, learner.id, "learner");
    for (let p = 0; p < 3; p += 1) {
      const path = `/api/v1/problems/${COURSE}.c0-p${p}/submissions`;
      expectAnswer(await hers.post(path, { answer: "four" }), [201, 202, 409], z.unknown());
    }
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function pageOf(person: Person) {
    const context = await newContext(browser, site.url);
    await site.signIn(context, person);
    return { context, page: await context.newPage() };
  }
  const show = async (page: Page, path: string, ready: string) => {
    await page.goto(path);
    await page.locator(ready).first().waitFor({ timeout: 60_000 });
  };
  const down = async (page: Page) => {
    for (const key of ["PageDown", "End", "Home"]) await page.keyboard.press(key);
  };

  it("[I11] are fast for a learner: no task over 100 ms", async () => {
    const { context, page } = await pageOf(learner);
    const map = `/courses/${COURSE}`;
    const figures = await longestTasks(browser, page, {
      map: () => show(page, map, ".map-card"),
      walk: async () => {
        await page.locator(".map-card").first().focus();
        for (const key of ["ArrowRight", "ArrowDown", "End", "Home"]) await page.keyboard.press(key);
      },
      list: async () => {
        await page.getByRole("radio", { name: "List" }).check();
        await down(page);
      },
      search: async () => {
        await page.getByRole("searchbox").first().fill("two");
        await page.waitForTimeout(1_000);
      },
      item: () => show(page, `${map}/problems/${COURSE}.c0-p0`, "h1"),
    });
    expect(Object.entries(figures).filter(([, most]) => most > 100)).toEqual([]);
    await page.goto(`${map}?item=c0`);
    await page.getByRole("radio", { name: "Map" }).check();
    await page.locator(".map-card").first().waitFor();
    await screenshot(page, "full-size-map");
    await context.close();
  });

  it("[I11] are fast for a teacher: no task over 100 ms", async () => {
    const { context, page } = await pageOf(author);
    const figures = await longestTasks(browser, page, {
      course: () => show(page, `/author/${COURSE}/studio?view=publish`, "h1"),
      preview: () => show(page, `/author/${COURSE}/studio?view=map`, ".map-card"),
      people: () => show(page, `/author/${COURSE}/people`, "tbody tr"),
      "more people": () => down(page),
      learner: () => show(page, `/author/${COURSE}/people/ada`, "h1"),
      class: () => show(page, `/author/${COURSE}/class`, "tbody tr"),
      "more of the class": () => down(page),
      grading: () => show(page, "/grading", "h1"),
    });
    expect(Object.entries(figures).filter(([, most]) => most > 100)).toEqual([]);
    await context.close();
  });
});
