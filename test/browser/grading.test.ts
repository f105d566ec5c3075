import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { seriousFindings } from "../support/browser/axe.ts";
import {
  hasChromium,
  type Look,
  launchChromium,
  newContext,
  screenshot,
  watchFaults,
} from "../support/browser/chromium.ts";
import { type Person, Site, untilLive } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

const COURSE = "essays";
const ESSAY = `${COURSE}.essay`;
const REVIEW = `${COURSE}.review`;
const PRIZE = `${COURSE}.prize`;
const PHONE_390 = { width: 390, height: 844 };

const submitted = z.looseObject({ submission_id: z.string() });

describe.skipIf(!hasChromium)("a grader", () => {
  let site: Site;
  let browser: Browser;
  let teacher: Person;
  let learner: Person;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    teacher = await site.person("teacher", "author");
    const own = await clientOf(site.url, teacher.id, "author");
    const rubric = {
      criteria: [
        {
          id: "idea",
          title: { en: "Idea", zh: "想法" },
          description: "Is there one?",
          points: 6,
          levels: [
            { id: "weak", title: "Weak", points: 2 },
            { id: "strong", title: "Strong", points: 6 },
          ],
        },
        { id: "style", title: "Style", points: 4 },
      ],
    };
    const document = {
      slug: COURSE,
      title: "Essays",
      problems: [
        { id: ESSAY, title: "Essay", content: "Write about **bread**." },
        { id: REVIEW, title: "Review", content: "Review a book.", rubric },
        { id: PRIZE, title: "Prize", content: "Well done.", rule: { completed: ESSAY } },
      ],
    };
    expectAnswer(await own.post("/api/v1/courses", { slug: COURSE, title: "Essays" }), 201, z.unknown());
    expectAnswer(await own.post(`/api/v1/courses/${COURSE}/versions`, { document }), 201, z.unknown());
    learner = await site.learner("writer", COURSE);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function sent(item: string, answer: string, who: Person = learner): Promise<string> {
    const client = await clientOf(site.url, who.id);
    return expectAnswer(await client.post(`/api/v1/problems/${item}/submissions`, { answer }), 201, submitted)
      .submission_id;
  }

  async function opened(person: Person, look: Look = {}): Promise<{ context: BrowserContext; page: Page }> {
    const context = await newContext(browser, site.url, look);
    await site.signIn(context, person);
    return { context, page: await context.newPage() };
  }

  /** The queue is a mirror, which follows the learner's object within a moment. */
  async function waiting(page: Page, ...ids: string[]): Promise<void> {
    for (const id of ids) {
      const row = page.locator(`.grading-queue a[href="/grading/${id}"]`);
      const look = async () => {
        await page.goto("/grading");
        await page.locator(".grading-queue").waitFor({ state: "attached" });
        await page.getByText(/left|Nothing waits/).waitFor();
        return row.count();
      };
      await expect.poll(look, { timeout: 60_000, interval: 1_000 }).toBe(1);
    }
  }

  it("judges one answer after the other with only the keyboard, and the learner sees it at once and after a reload", async () => {
    const [first, second] = [await sent(ESSAY, "Flour.\nWater.\nTime."), await sent(REVIEW, "A good book.")];
    const watched = await opened(learner);
    await watched.page.goto(`/courses/${COURSE}/problems/essay`);
    await untilLive(watched.page);
    const { context, page } = await opened(teacher);
    const faults = watchFaults(page);
    await page.goto("/grading");
    await waiting(page, first, second);
    await page.keyboard.press("n");
    await page.locator(`[data-submission="${first}"]`).waitFor();
    await page.getByText("Write about bread.").waitFor();
    // A remark on the second line, by keys: the field of the line stands before its text.
    await page.getByLabel("Line", { exact: true }).focus();
    await page.keyboard.type("2");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type("How **much**?");
    await page.keyboard.press("Enter");
    await page.locator('[data-line="2"] .remark strong').waitFor();
    await page.getByRole("heading", { level: 2 }).focus();
    await page.keyboard.press("a");
    await page.keyboard.press("c");
    await page.keyboard.type("Good *bread*.");
    await page.getByText("Preview").click();
    await page.locator("details em", { hasText: "bread" }).waitFor();
    await screenshot(page, "grading-work");
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press("Control+Enter");
    // The next one comes by itself, and the focus is on it.
    await page.locator(`[data-submission="${second}"]`).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Review");

    const theirs = watched.page.locator('[data-submission="passed"]');
    await theirs.waitFor();
    await theirs.locator("em", { hasText: "bread" }).waitFor();
    await watched.page.reload();
    await watched.page.locator('[data-submission="passed"] .remark strong', { hasText: "much" }).waitFor();
    await screenshot(watched.page, "grading-learner");
    expect(await seriousFindings(watched.page)).toEqual([]);

    // By the rubric: a form that is not whole says what is missing.
    await page.keyboard.press("a");
    await page.getByRole("button", { name: "Give the verdict" }).click();
    await page.getByText("Every criterion needs points or a level.").waitFor();
    await page.getByLabel("Strong · 6").check();
    await page.locator('[data-criterion="style"]').getByLabel("Points").fill("3.5");
    await page.getByText("9.5 of 10 points").waitFor();
    await screenshot(page, "grading-rubric");
    await page.getByRole("button", { name: "Give the verdict" }).click();
    await page.getByText("All done. Nothing waits for you.").waitFor();
    await screenshot(page, "grading-empty");
    await watched.page.goto(`/courses/${COURSE}/problems/review`);
    await watched.page.locator(".marks").getByText("3.5 / 4").waitFor();
    expect(faults).toEqual([]);
    await Promise.all([context.close(), watched.context.close()]);
  });

  it("loses no typed text in a reload, and sees the verdict of the grader who was first", async () => {
    const id = await sent(ESSAY, "Another try.");
    const { context, page } = await opened(teacher);
    await page.goto(`/grading/${id}`);
    await page.locator(`[data-submission="${id}"]`).waitFor();
    await page.getByLabel(/^Comment/).fill("Half done");
    await page.getByLabel("Not passed", { exact: true }).check();
    await page.getByLabel(/^Score/).fill("3/12");
    await page.reload();
    await page.getByText("What you typed here before is back.").waitFor();
    expect(await page.getByLabel(/^Comment/).inputValue()).toBe("Half done");
    expect(await page.getByLabel(/^Score/).inputValue()).toBe("3/12");
    const verdict = { passed: true, score: 60, feedback: "Enough." };
    expectAnswer(await site.admin.post(`/api/v1/submissions/${id}/verdict`, verdict), 200, z.unknown());
    await page.getByRole("button", { name: "Give the verdict" }).click();
    const conflict = page.locator('[data-conflict="1"]');
    await conflict.getByText("Enough.").waitFor();
    await screenshot(page, "grading-conflict");
    expect(await seriousFindings(page)).toEqual([]);
    await conflict.getByRole("button", { name: "Put mine in its place" }).click();
    await page.getByText(/^Judged: .*writer\.$/).waitFor();
    await page.goto(`/grading/${id}`);
    await page.getByText("It is judged already.").waitFor();
    await page.getByText("The verdict before", { exact: true }).click();
    await page.getByText("Enough.").waitFor();
    expect(await page.getByLabel(/^Score/).inputValue()).toBe("3/12");
    await context.close();
  });

  it("has the same page on a phone, in the other theme and in Chinese, without serious findings and without sideways scrolling", async () => {
    const id = await sent(REVIEW, `One line\n${"word ".repeat(80)}\nlast`);
    for (const [name, look] of [
      ["phone", { size: PHONE_390 }],
      ["dark", { theme: "dark" }],
      ["zh", { language: "zh", size: PHONE_390 }],
    ] as const) {
      const { context, page } = await opened(teacher, look);
      await page.goto(`/grading/${id}`);
      await page.locator(`[data-submission="${id}"]`).waitFor();
      await page.locator(".grading-queue").waitFor({ state: "attached" });
      await screenshot(page, `grading-${name}`);
      expect(await seriousFindings(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        look.size?.width ?? 1280,
      );
      await context.close();
    }
  });

  it("is only a user with rights in a course", async () => {
    const { context, page } = await opened(learner);
    await page.goto("/grading");
    await page.getByRole("heading", { level: 1, name: "No access with this account" }).waitFor();
    await context.close();
  });
});
