import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { sampleCourse } from "../support/browser/sample-answers.ts";
import { itemOn, Site, signInOnPage, untilLive } from "../support/browser/site.ts";
import { readStates } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

const COURSE = "algorithms";
const LAST = "algorithms.capstone";
/** What only time, staff or other choices open. */
const NOT_TODAY = new Set([
  "algorithms.day-two",
  "algorithms.sorting-revisited",
  "algorithms.mentor-circle",
  "algorithms.leap-years",
  "algorithms.search-second-chance",
]);

describe.skipIf(!hasChromium)("a learner's journey", () => {
  let site: Site;
  let browser: Browser;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  it("goes from the sign-in page to the last item of the sample course, while a second tab follows live", async () => {
    const person = await site.person("traveller");
    const context = await newContext(browser, site.url);
    const page = await context.newPage();
    const faults = watchFaults(page);
    await signInOnPage(page, person);
    await page.getByRole("button", { name: "Enroll" }).click();
    await page.getByRole("link", { name: "Start" }).click();
    await itemOn(page, "algorithms.welcome", "unlocked").waitFor();
    await itemOn(page, "algorithms.complexity", "locked").click();
    await page.getByText("Complete the tutorial “Welcome”.").first().waitFor();
    await screenshot(page, "journey-1-why-locked");

    const second = await context.newPage();
    faults.push(...watchFaults(second));
    await second.goto(`/courses/${COURSE}`);
    await itemOn(second, "algorithms.complexity", "locked").waitFor();
    await untilLive(second);
    await second.evaluate(() => {
      document.title = "never reloaded";
      window.name = "never reloaded";
    });

    await page.bringToFront();
    // The step that the locked item itself proposes leads to the chapter that opens it.
    await page.getByRole("link", { name: "Mark “Welcome” as done" }).click();
    await page.getByRole("heading", { level: 1, name: "Welcome" }).waitFor();
    await page.getByRole("button", { name: "Mark this chapter as completed" }).click();
    await page.locator('[data-opened="algorithms.complexity"]').waitFor();
    await screenshot(page, "journey-2-just-opened");
    await itemOn(second, "algorithms.complexity", "unlocked").waitFor();
    await second.getByText("Just opened").first().waitFor();
    await screenshot(second, "journey-3-second-tab");

    // A wrong answer is said to be one, and opens what only asks for a try.
    await open(page, "algorithms.count-loop");
    await answer(page, "35");
    await page.locator('[data-verdict="failed"]').waitFor();
    await page.locator('[data-opened="algorithms.arrays"]').waitFor();
    await itemOn(second, "algorithms.arrays", "unlocked").waitFor();
    await itemOn(second, "algorithms.count-loop", "started").waitFor();
    await screenshot(page, "journey-4-wrong-answer");

    const rounds = await walk(page, site, person.id);
    expect(rounds).toBeGreaterThan(3);
    await itemOn(second, LAST, "unlocked").waitFor();
    expect(await second.evaluate(() => window.name)).toBe("never reloaded");
    await screenshot(second, "journey-5-last-lock-open");

    // Both tabs and the API agree about everything.
    const learner = await clientOf(site.url, person.id);
    const { states } = await readStates(learner, COURSE);
    for (const [item, state] of Object.entries(states)) {
      await itemOn(second, item, state).waitFor({ timeout: 5_000, state: "attached" });
    }
    expect(faults).toEqual([]);
    await context.close();
  });

  it("ends at the sign-in page again, in every tab", async () => {
    const person = await site.learner("leaver", COURSE);
    const context = await newContext(browser, site.url);
    await site.signIn(context, person);
    const [page, second] = [await context.newPage(), await context.newPage()];
    await page.goto("/courses");
    await second.goto(`/courses/${COURSE}`);
    await itemOn(second, "algorithms.welcome").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    for (const tab of [page, second]) await tab.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    await context.close();
  });
});

/** Opens a problem's page without loading the application again, as its links do. */
async function open(page: Page, item: string, kind = "problems"): Promise<void> {
  const name = item.slice(item.indexOf(".") + 1);
  await page.evaluate((path) => {
    history.pushState(null, "", path);
  }, `/courses/${COURSE}/${kind}/${name}`);
}

async function answer(page: Page, text: string): Promise<void> {
  await page.getByLabel("Your answer").fill(text);
  await page.getByRole("button", { name: "Submit" }).click();
}

/** Does whatever is open, round by round, until nothing is left to do. @returns the rounds. */
async function walk(page: Page, site: Site, person: string): Promise<number> {
  const { chapters, answers } = sampleCourse();
  const learner = await clientOf(site.url, person);
  for (let round = 1; ; round += 1) {
    const { states } = await readStates(learner, COURSE);
    const isOpen = (item: string) => states[item] === "unlocked" || states[item] === "started";
    const todo = [...chapters, ...answers.keys()].filter((item) => isOpen(item) && !NOT_TODAY.has(item));
    if (todo.length === 0) return round;
    for (const item of todo) {
      const text = answers.get(item);
      await open(page, item, text === undefined ? "chapters" : "problems");
      if (text === undefined) {
        await page.getByRole("button", { name: "Mark this chapter as completed" }).click();
        await page.getByText(/^Completed /).waitFor();
      } else {
        await answer(page, text);
        await page.locator('[data-verdict="passed"]').waitFor();
      }
    }
  }
}
