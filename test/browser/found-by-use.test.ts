import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  hasChromium,
  launchChromium,
  newContext,
  PHONE,
  STEP_MS,
  screenshot,
  watchFaults,
} from "../support/browser/chromium.ts";
import { itemOn, type Person, Site, untilLive } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

const SLUG = "found-by-use";
const TEXT = "Tom &amp; Jerry run 100&nbsp;km, &copy; 2026, &notanentity; and &#8364;5 &lt;b&gt;not bold&lt;/b&gt;.";

describe.skipIf(!hasChromium)("faults found by use", () => {
  let site: Site;
  let browser: Browser;
  let author: Person;
  let learner: Person;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    author = await site.person("author", "author");
    const document = {
      slug: SLUG,
      title: "Found by use",
      chapters: [
        {
          id: `${SLUG}.one`,
          title: "Characters &amp; all",
          content: TEXT,
          problems: [{ id: `${SLUG}.signs`, title: "Signs", content: TEXT }],
        },
        { id: `${SLUG}.two`, title: "Two", rule: { completed: `${SLUG}.one` }, problems: [] },
        // Plain text, so that each fault is seen alone.
        {
          id: `${SLUG}.plain`,
          title: "Plain",
          content: "Nothing special.",
          problems: ["essay", "draft", "graded"].map((name) => ({
            id: `${SLUG}.${name}`,
            title: `Problem ${name}`,
            content: "Write something.",
          })),
        },
        {
          id: `${SLUG}.checks`,
          title: "Checks",
          completion: { children: { all: true } },
          problems: [{ id: `${SLUG}.walk`, title: "Take a walk", content: "Outside.", completion: { mark: true } }],
        },
        {
          id: `${SLUG}.dated`,
          title: "Dated",
          rule: {
            all: [
              { attempted: `${SLUG}.draft` },
              { score: { item: `${SLUG}.graded`, min: 80 } },
              { from: "2031-01-01T20:00:00Z" },
            ],
          },
          problems: [],
        },
      ],
    };
    expectAnswer(await site.admin.post("/api/v1/courses", { slug: SLUG, title: document.title }), 201, z.unknown());
    expectAnswer(await site.admin.post(`/api/v1/courses/${SLUG}/versions`, { document }), 201, z.unknown());
    learner = await site.learner("reader", SLUG);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function pageOf(person: Person, path: string, look: Parameters<typeof newContext>[2] = {}): Promise<Page> {
    const context = await newContext(browser, site.url, look);
    await site.signIn(context, person);
    const page = await context.newPage();
    await page.goto(path);
    return page;
  }

  it("a problem that learners mark as done says so, and has the button", async () => {
    const page = await pageOf(learner, `/courses/${SLUG}/chapters/checks`);
    await page.getByText("Take a walk").first().waitFor();
    expect(await page.getByRole("button", { name: "Mark this chapter as completed" }).count()).toBe(0);
    await page.goto(`/courses/${SLUG}/problems/walk`);
    await page.getByRole("button", { name: "Mark as done" }).click();
    await page.getByRole("button", { name: "Mark as done" }).waitFor({ state: "detached" });
    // The chapter asks for its problems alone, so it is complete by this one.
    await page.goto(`/courses/${SLUG}/chapters/checks`);
    await page.getByText(/^Completed /).waitFor();
    await page.context().close();
  });

  it("[fault 42] named entities in a course's text are shown as characters", async () => {
    const page = await pageOf(learner, `/courses/${SLUG}/chapters/one`);
    const faults = watchFaults(page);
    await page.reload();
    const prose = page.locator(".prose").first();
    // The renderer comes a moment after the text.
    await expect
      .poll(() => prose.textContent(), { timeout: STEP_MS })
      .toContain("Tom & Jerry run 100\u00a0km, © 2026, &notanentity; and €5 <b>not bold</b>.");
    await page.goto(`/courses/${SLUG}/problems/signs`);
    await page.locator(".prose").first().waitFor();
    expect(faults).toEqual([]);
  });

  it("[fault 43] a typed answer that is not submitted is still there after a reload", async () => {
    const page = await pageOf(learner, `/courses/${SLUG}/problems/draft`);
    const answer = page.getByLabel("Your answer");
    await answer.fill("my essay, first line\nsecond line");
    await page.reload();
    await expect.poll(() => answer.inputValue(), { timeout: STEP_MS }).toBe("my essay, first line\nsecond line");
  });

  it("[fault 43] a submission, its verdict and its comment are still there after a reload, also in another tab", async () => {
    const page = await pageOf(learner, `/courses/${SLUG}/problems/essay`);
    await page.getByLabel("Your answer").fill("my essay, first line\nsecond line");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText("You will see the verdict here.").first().waitFor();
    await page.reload();
    const pending = page.locator('[data-submission="pending"]');
    await pending.getByText("my essay, first line").waitFor();
    // The list of graders is the database's: it follows the object within a second or two.
    const waiting = async () => {
      const schema = z.object({ results: z.array(z.object({ id: z.string(), item: z.string() })) });
      const list = expectAnswer(await site.admin.get("/api/v1/submissions/pending"), 200, schema);
      return list.results.find(({ item }) => item === `${SLUG}.essay`)?.id;
    };
    await expect.poll(waiting, { timeout: 30_000 }).toBeDefined();
    const id = await waiting();
    const verdict = { passed: false, score: 35, feedback: "Say why it works." };
    await untilLive(page);
    expectAnswer(await site.admin.post(`/api/v1/submissions/${id}/verdict`, verdict), 200, z.unknown());
    const judged = page.locator('[data-submission="failed"]');
    // Without a reload: the verdict reaches the page that waits for it.
    await judged.getByText("Say why it works.").waitFor({ timeout: 60_000 });
    await page.reload();
    await judged.getByText("score 35").waitFor();
    await screenshot(page, "submissions-verdict");
  });

  it("[fault 44] a card shows its dates in one zone, quotes titles, and says which conditions are met", async () => {
    const walker = await site.learner("traveller", SLUG);
    const client = await clientOf(site.url, walker.id, "learner");
    const tried = await client.post(`/api/v1/problems/${SLUG}.draft/submissions`, { answer: "a try" });
    expectAnswer(tried, 201, z.unknown());
    const page = await pageOf(walker, `/courses/${SLUG}`, { zone: "Asia/Shanghai" });
    await itemOn(page, `${SLUG}.dated`, "locked").click();
    const panel = page.getByRole("region", { name: "Details" });
    await panel.getByRole("heading", { name: "Why it is locked" }).waitFor();
    const told = await panel.innerText();
    // 20:00 UTC is 04:00 of the day after in Shanghai: in the sentence, in the list of what is missing and in the steps.
    expect(told).toContain("2031-01-02 04:00 GMT+8");
    expect(told).toContain("2 Jan 2031, 04:00");
    expect(told).not.toMatch(/UTC|20:00|2031-01-01|1 Jan 2031/);
    expect(told).toContain("“Problem graded” has not been scored yet, 80 is needed");
    expect(told).toMatch(/Already met\s+“?Problem draft/i);
  });

  it("[fault 45] an author's text survives a visit to another page and a reload, and is never replaced without a question", async () => {
    const page = await pageOf(author, "/author");
    await page.getByRole("link", { name: "A first course in algorithms" }).click();
    await page.getByRole("radio", { name: "JSON" }).check();
    await page.getByText(/^Version \d+ is in the editor\.$/).waitFor();
    const editor = page.getByLabel("Course document, JSON");
    const typed = `${await editor.inputValue()}\n\n`;
    await editor.fill(typed);
    await page.getByRole("link", { name: "Courses", exact: true }).first().click();
    await page.waitForURL("**/courses");
    await page.goto("/author/algorithms");
    await expect.poll(async () => (await editor.inputValue()) === typed, { timeout: STEP_MS }).toBe(true);
    await page.getByText("Your earlier text is here again.").waitFor();
    await page.reload();
    await page.getByText("Your earlier text is here again.").waitFor();
    expect(await editor.inputValue()).toBe(typed);
    page.once("dialog", (dialog) => void dialog.dismiss());
    await page
      .getByRole("button", { name: /^Load into the editor/ })
      .first()
      .click();
    expect(await editor.inputValue()).toBe(typed);
    page.once("dialog", (dialog) => void dialog.accept());
    await page
      .getByRole("button", { name: /^Load into the editor/ })
      .first()
      .click();
    await page.getByText(/^Version \d+ is in the editor\.$/).waitFor();
    await page.reload();
    await page.getByText(/^Version \d+ is in the editor\.$/).waitFor();
    expect(await editor.inputValue()).not.toBe(typed);
  });

  it("[fault 45] the Chinese workbench names each finding in Chinese, of every kind at once", async () => {
    const page = await pageOf(author, "/author/algorithms", { language: "zh" });
    const editor = page.getByRole("textbox", { name: /JSON/ });
    await expect.poll(() => editor.inputValue(), { timeout: STEP_MS }).toContain('"algorithms.count-loop"');
    const text = await editor.inputValue();
    // One fault of form, one of meaning: a difficulty beyond the scale, and an item that does not exist.
    const broken = text
      .replace('"attempted": "algorithms.count-loop"', '"attempted": "algorithms.no-such-item"')
      .replace(/"difficulty": \d+/, '"difficulty": 99');
    await editor.fill(broken);
    await page.getByRole("button", { name: "查看影响" }).click();
    const refused = page.locator('[data-outcome="refused"]');
    await refused.getByText("没有这个项目").waitFor();
    await refused.getByText("太大或太长").waitFor();
    await screenshot(page, "author-zh-findings");
  });

  it("[fault 46] an address of a missing page says so, and offers no retry", async () => {
    for (const path of [
      "/courses/no-such-course",
      "/courses/NOT%20A%20SLUG",
      `/courses/${SLUG}/chapters/nothing`,
      `/courses/${SLUG}/problems/nothing`,
      "/courses/no-such-course/chapters/one",
    ]) {
      const page = await pageOf(learner, path);
      const [said, again] = [
        page.getByRole("heading", { level: 1, name: "There is no such page" }),
        page.getByRole("button", { name: "Try again" }),
      ];
      await said.or(again).first().waitFor();
      expect([path, await said.count(), await again.count()]).toEqual([path, 1, 0]);
      await page.context().close();
    }
  });

  it("[fault 46] an address with the API's own id shows the same page", async () => {
    const page = await pageOf(learner, `/courses/${SLUG}/chapters/${SLUG}.plain`);
    await page.getByRole("heading", { level: 1, name: "Plain" }).waitFor();
    await page.goto(`/courses/${SLUG}/problems/${SLUG}.essay`);
    await page.getByRole("heading", { level: 1, name: "Problem essay" }).waitFor();
  });

  it("[fault 46] an API address with a slash at its end gives the same answer, not a page", async () => {
    const look = async (path: string) => {
      const answer = await fetch(`${site.url}${path}`, { headers: { accept: "text/html" } });
      const text = await answer.text();
      const head = /<title>[^<]*/.exec(text)?.[0] ?? text.slice(0, 60);
      return { path: path.replace(/\/$/, ""), status: answer.status, type: answer.headers.get("content-type"), head };
    };
    for (const path of ["/docs", "/health", "/openapi.json", "/ready", "/metrics"]) {
      expect(await look(`${path}/`)).toEqual(await look(path));
    }
    const docs = await pageOf(learner, "/docs/");
    await docs.getByRole("heading", { level: 1, name: /Latchkey/ }).waitFor();
    expect(await docs.getByText("/api/v1/courses/{course}/chapters").count()).toBeGreaterThan(0);
  });

  it("[fault 46] Escape closes the map's panel and returns the focus to the card", async () => {
    const page = await pageOf(learner, `/courses/${SLUG}`);
    const card = itemOn(page, `${SLUG}.two`, "locked");
    await card.click();
    const panel = page.getByRole("region", { name: "Details" });
    await panel.getByRole("heading", { name: "Two" }).waitFor();
    await page.keyboard.press("Escape");
    await panel.getByText("Choose a chapter").waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("data-item"));
    await expect.poll(focused, { timeout: STEP_MS }).toBe(`${SLUG}.two`);
  });

  it("[fault 46] the list on a phone shows the current place, and folds the rest", async () => {
    const page = await pageOf(await site.learner("walker", "algorithms"), "/courses/algorithms", { size: PHONE });
    await page.locator(".outline").waitFor();
    const heightOf = () => page.evaluate(() => document.documentElement.scrollHeight);
    const height = await heightOf();
    const folded = page.locator("details:not([open])").first();
    const before = await page.locator("details[open]").count();
    await folded.locator("summary").click();
    expect(await page.locator("details[open]").count()).toBe(before + 1);
    await screenshot(page, "phone-list-folded");
    await page.evaluate(() => {
      for (const each of document.querySelectorAll("details")) each.open = true;
    });
    expect(height).toBeLessThan((await heightOf()) / 2);
  });
});
