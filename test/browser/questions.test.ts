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
import { type Person, Site } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

const COURSE = "questions";
const PHONE_390 = { width: 390, height: 844 };
const TEXT = [
  "| letter | value |\n|---|--:|\n| a | 1 |",
  "The sum is $\\frac{n(n+1)}{2}$.",
  "```python\ndef f(x):\n    return x\n```",
  "> [!TIP]\n> Try it.",
].join("\n\n");
const options = [
  { id: "red", text: "Red" },
  { id: "green", text: "Green, $x^2$" },
  { id: "blue", text: "Blue" },
];

describe.skipIf(!hasChromium)("a learner who answers questions", () => {
  let site: Site;
  let browser: Browser;
  let teacher: Person;
  let learner: Person;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    teacher = await site.person("teacher", "author");
    const own = await clientOf(site.url, teacher.id, "author");
    const problem = (name: string, rest: object) => ({
      id: `${COURSE}.${name}`,
      title: name,
      content: `What? (${name})`,
      ...rest,
    });
    const document = {
      slug: COURSE,
      title: "Questions",
      chapters: [{ id: `${COURSE}.text`, title: "Rich text", content: TEXT }],
      problems: [
        problem("choice", { question: { kind: "choice", options }, answer: { kind: "choice", option: "green" } }),
        problem("choices", {
          question: { kind: "choices", options },
          answer: { kind: "choices", options: ["red", "blue"] },
        }),
        problem("ordering", {
          question: { kind: "ordering", options },
          answer: { kind: "ordering", options: ["red", "green", "blue"] },
        }),
        problem("short", { question: { kind: "text" }, answer: { kind: "exact", values: ["bread"] } }),
        problem("number", {
          question: { kind: "number", units: ["m", "cm"] },
          answer: { kind: "numeric", value: 2, unit: "m", other_units: [{ unit: "cm", factor: 0.01 }] },
        }),
        problem("paper", { question: { kind: "file", max_files: 2, max_bytes: 1_000, endings: ["txt"] } }),
      ],
    };
    expectAnswer(await own.post("/api/v1/courses", { slug: COURSE, title: "Questions" }), 201, z.unknown());
    expectAnswer(await own.post(`/api/v1/courses/${COURSE}/versions`, { document }), 201, z.unknown());
    learner = await site.learner("writer", COURSE);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function opened(
    person: Person,
    look: Look = {},
  ): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
    const context = await newContext(browser, site.url, look);
    await site.signIn(context, person);
    const page = await context.newPage();
    return { context, page, faults: watchFaults(page) };
  }
  const go = async (page: Page, name: string) => {
    await page.goto(`/courses/${COURSE}/problems/${name}`);
    await page.getByText(`What? (${name})`).waitFor();
  };
  const submit = (page: Page) => page.getByRole("button", { name: "Submit" }).click();
  const verdict = (page: Page, status: string) => page.locator(`[data-verdict="${status}"]`).waitFor();

  it("chooses one option, and several options, by keyboard", async () => {
    const { context, page, faults } = await opened(learner);
    await go(page, "choice");
    await submit(page);
    await page.getByRole("alert").getByText("Answer first.").waitFor();
    await page.locator(".option math").waitFor();
    await page.locator(".options").getByRole("radio").nth(1).focus();
    await page.keyboard.press("Space");
    expect(await page.locator(".options").getByRole("radio").nth(1).isChecked()).toBe(true);
    await page.reload();
    expect(await page.locator(".options").getByRole("radio").nth(1).isChecked()).toBe(true);
    await submit(page);
    await verdict(page, "passed");
    await go(page, "choices");
    await page.getByLabel("Red").check();
    await submit(page);
    await verdict(page, "failed");
    await page.getByLabel("Blue").focus();
    await page.keyboard.press("Space");
    await submit(page);
    await verdict(page, "passed");
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("puts lines in order with the buttons, with arrows and by dragging", async () => {
    const { context, page, faults } = await opened(learner, { size: PHONE_390 });
    await go(page, "ordering");
    const order = () =>
      page.locator("[data-option]").evaluateAll((lines) => lines.map((line) => line.getAttribute("data-option")));
    expect(await order()).not.toEqual(["red", "green", "blue"]);
    const place = async (id: string) => (await order()).indexOf(id);
    const [red, blue] = [page.getByLabel("Move up: Red"), page.getByLabel("Move down: Blue")];
    while ((await place("red")) > 0) {
      await red.focus();
      await page.keyboard.press("ArrowUp");
    }
    while ((await place("blue")) < 2) await blue.click();
    expect(await order()).toEqual(["red", "green", "blue"]);
    await page.getByText("place 3 of 3").or(page.getByText("place 1 of 3")).first().waitFor({ state: "attached" });
    const grip = page.locator('[data-option="red"] .grip');
    const target = await page.locator('[data-option="blue"]').boundingBox();
    await grip.hover();
    await page.mouse.down();
    await page.mouse.move((target?.x ?? 0) + 20, (target?.y ?? 0) + (target?.height ?? 0) - 5, { steps: 6 });
    await page.mouse.up();
    expect(await order()).toEqual(["green", "blue", "red"]);
    await page.getByLabel("Move up: Red").click();
    await page.getByLabel("Move up: Red").click();
    await screenshot(page, "questions-ordering");
    await submit(page);
    await verdict(page, "passed");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("writes a short text, and a number with its unit", async () => {
    const { context, page } = await opened(learner);
    await go(page, "short");
    await page.getByLabel("Your answer").fill("Bread");
    await page.keyboard.press("Enter");
    await verdict(page, "passed");
    await go(page, "number");
    await page.getByLabel("Your number").fill("200");
    await page.getByLabel("Unit").selectOption("cm");
    await submit(page);
    await verdict(page, "passed");
    await page.getByLabel("Your number").fill("many");
    await submit(page);
    await page
      .getByText(/not a number/i)
      .first()
      .waitFor();
    await context.close();
  });

  it("submits files, which the grader reads and the learner keeps", async () => {
    const { context, page, faults } = await opened(learner, { size: PHONE_390 });
    await go(page, "paper");
    const chooser = page.locator('input[type="file"]');
    await chooser.setInputFiles({ name: "essay.pdf", mimeType: "application/pdf", buffer: Buffer.from("x") });
    await page.getByRole("alert").getByText("essay.pdf is not one of: .txt.").waitFor();
    await chooser.setInputFiles({ name: "essay.txt", mimeType: "text/plain", buffer: Buffer.from("my essay") });
    await page.getByLabel("Remove essay.txt").waitFor();
    await page.getByLabel("A word about it (optional)").fill("Late, sorry.");
    await page.reload();
    await page.getByLabel("Remove essay.txt").waitFor();
    await submit(page);
    await verdict(page, "pending");
    await page.locator("[data-submission]").getByRole("button", { name: "essay.txt" }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, "questions-file");
    expect(faults).toEqual([]);
    await context.close();

    const grader = await opened(teacher);
    await grader.page.goto("/grading");
    await grader.page.locator('a[href^="/grading/"]').first().click({ timeout: 60_000 });
    const saved = grader.page.waitForEvent("download");
    await grader.page.locator("article").getByRole("button", { name: "essay.txt" }).click();
    expect((await saved).suggestedFilename()).toBe("essay.txt");
    await grader.page.getByText("Late, sorry.").first().waitFor();
    await grader.context.close();
  });

  it.each([
    { theme: "light", size: PHONE_390 },
    { theme: "dark", language: "zh" },
  ] satisfies Look[])("reads tables, formulas, code and callouts, %j", async (look) => {
    const { context, page, faults } = await opened(learner, look);
    await page.goto(`/courses/${COURSE}/chapters/text`);
    await page.locator(".prose table").waitFor();
    await page.locator(".prose math mfrac").waitFor();
    await page.locator(".prose .hljs-keyword").first().waitFor();
    await page.locator(".prose .callout.is-tip").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1280);
    await screenshot(page, `questions-text-${look.theme}`);
    expect(faults).toEqual([]);
    await context.close();
  });
});
