import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
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

const PHONE_390 = { width: 390, height: 844 };
/** Nothing that a rule can say yet. */
const FUTURE = { moon: { phase: "full" } };

const kept = z.looseObject({
  chapters: z.array(z.looseObject({ id: z.string(), rule: z.unknown() })),
  problems: z.array(z.looseObject({ id: z.string() })),
});

const copySchema = z.looseObject({ revision: z.int(), text: z.string().nullable() });

describe.skipIf(!hasChromium)("an author of one item", () => {
  let site: Site;
  let browser: Browser;
  let teacher: Person;
  /** Each test has a course of its own: a working copy outlives the page that wrote it. */
  let course: string;
  const item = (name: string) => `${course}.${name}`;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    teacher = await site.person("teacher", "author");
    await site.person("ann");
  });
  let made = 0;
  beforeEach(async () => {
    made += 1;
    course = `built-${made}`;
    const own = await clientOf(site.url, teacher.id, "author");
    const document = {
      slug: course,
      title: "Built",
      chapters: [
        { id: item("one"), title: "Chapter 1", content: "First." },
        { id: item("two"), title: "Chapter 2", rule: { completed: item("one") } },
        { id: item("three"), title: "Chapter 3", rule: { completed: item("two") } },
      ],
      problems: [{ id: item("quiz"), title: "Quiz", content: "1 + 1?", answer: { kind: "numeric", value: 2 } }],
    };
    expectAnswer(await own.post("/api/v1/courses", { slug: course, title: "Built" }), 201, z.unknown());
    expectAnswer(await own.post(`/api/v1/courses/${course}/versions`, { document }), 201, z.unknown());
    const path = `/api/v1/courses/${course}/enrollments`;
    expectAnswer(await site.admin.post(path, { user_id: "ann" }), [200, 201], z.unknown());
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function opened(look: Look = {}): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
    const context = await newContext(browser, site.url, look);
    await site.signIn(context, teacher);
    const page = await context.newPage();
    return { context, page, faults: watchFaults(page) };
  }
  const go = async (page: Page, name: string) => {
    await page.goto(`/author/${course}/studio?item=${item(name)}`);
    await page.locator(`[data-rule-of="${item(name)}"]`).waitFor();
  };
  const learner = (page: Page, number: number) => page.locator(`[data-learner="${number}"]`);
  const state = (page: Page, number: number, outcome: string) =>
    page.locator(`[data-learner="${number}"][data-outcome="${outcome}"]`).waitFor();
  /** The working copy as the server has it. */
  async function draft(page: Page) {
    await page.locator('[data-save="saved"]').waitFor();
    const client = await clientOf(site.url, teacher.id, "author");
    const answer = await client.get(`/api/v1/courses/${course}/working-copy`);
    return kept.parse(JSON.parse(expectAnswer(answer, 200, copySchema).text ?? "null"));
  }
  const ruleOf = async (page: Page, name: string) =>
    (await draft(page)).chapters.find(({ id }) => id === item(name))?.rule;

  it("builds a rule as a sentence, and sees at once for whom it opens", async () => {
    const { context, page, faults } = await opened();
    await go(page, "two");
    await page.getByText("Opens when Chapter 1 is complete.").waitFor();
    await state(page, 1, "locked");
    await state(page, 4, "open");
    await learner(page, 1).getByText("Learner 1").click();
    await learner(page, 1).getByLabel("What was done with Chapter 1").selectOption("passed");
    await state(page, 1, "open");
    // A chapter that waits for this one, and the chapter itself, cannot be asked for.
    const chosen = page.locator(".rule-field").getByLabel("Item", { exact: true });
    await chosen.focus();
    const offered = await chosen.locator("option").allTextContents();
    expect(offered).toEqual(["Chapter 1", "Quiz"]);
    await chosen.selectOption(item("quiz"));
    await page.locator(".rule-field").getByLabel("Condition", { exact: true }).selectOption("score");
    await page.locator(".rule-field").getByLabel("at least", { exact: true }).fill("70");
    await page.getByText("Opens when the score in Quiz is at least 70 %.").waitFor();
    await state(page, 3, "locked");
    await state(page, 4, "open");
    await learner(page, 3).getByText("Learner 3").click();
    await learner(page, 3).getByLabel("Score in Quiz, percent").fill("70");
    await state(page, 3, "open");
    await page.getByRole("button", { name: "Not", exact: true }).click();
    await state(page, 3, "locked");
    await page.getByRole("button", { name: "Take “not” away" }).click();
    await page.getByRole("button", { name: "Hide while false" }).click();
    await page.getByText("Opens when the score in Quiz is at least 70 % (hidden until then).").waitFor();
    await state(page, 1, "hidden");
    expect(await ruleOf(page, "two")).toEqual({ hide: { score: { item: item("quiz"), min: 70 } } });
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, "rule-builder");
    await page.reload();
    await page.getByText("(hidden until then)").waitFor();
    await go(page, "one");
    await page.getByRole("button", { name: "Add a rule" }).click();
    await page.locator(".rule-parts").waitFor();
    // Nothing of the rule lies under the learners beside it.
    const right = await page.locator(".rule-builder").evaluate((builder) => builder.getBoundingClientRect().right);
    const rights = await page
      .locator(".rule-builder :is(select, button, .rule-part)")
      .evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().right));
    expect(Math.max(...rights)).toBeLessThanOrEqual(right);
    await page.locator(".rule-builder").getByRole("button", { name: "Remove", exact: true }).first().click();
    await page.getByText("Open from the start: there is no rule.").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("builds groups in groups by keyboard, on a phone and in Chinese", async () => {
    const { context, page, faults } = await opened({ size: PHONE_390, language: "zh", theme: "dark" });
    await go(page, "one");
    await page.getByText("从一开始就开放").waitFor();
    await page.getByRole("button", { name: "添加规则" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("开放条件：Quiz 已完成。").waitFor();
    await page.getByRole("button", { name: "添加条件组" }).focus();
    await page.keyboard.press("Enter");
    await page.locator('[data-part="any"]').waitFor();
    const inner = page.locator('[data-part="any"]');
    await inner.getByLabel("条件").last().selectOption("cohort");
    await inner.getByLabel("班组", { exact: true }).last().fill("spring");
    await page.keyboard.press("Tab");
    await page.getByText("开放条件：全部：Quiz 已完成；[任一：学员属于 spring]。").waitFor();
    expect(await ruleOf(page, "one")).toEqual({ all: [{ completed: item("quiz") }, { any: [{ cohort: "spring" }] }] });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, "rule-builder-390");
    expect(faults).toEqual([]);
    await context.close();
  });

  it("keeps parts that the builder cannot show, and edits a rule as JSON and back", async () => {
    const { context, page } = await opened();
    await go(page, "three");
    const ruleJson = page.locator(".rule-json");
    await ruleJson.getByText("As JSON").click();
    const json = ruleJson.getByRole("textbox");
    await json.fill('{"completed": 5}');
    await ruleJson.getByRole("button", { name: "Use this" }).click();
    await page.getByText("This is not a rule.").waitFor();
    await json.fill(JSON.stringify({ any: [{ viewed: item("one") }, { until: "2099-01-01T00:00:00Z" }] }));
    await ruleJson.getByRole("button", { name: "Use this" }).click();
    await page.getByText(/any of: Chapter 1 was opened; it is before/).waitFor();
    // Another release may have written this.
    const text = JSON.stringify({
      ...(await draft(page)),
      chapters: (await draft(page)).chapters.map((chapter) =>
        chapter.id === item("three") ? { ...chapter, rule: { all: [FUTURE, { completed: item("one") }] } } : chapter,
      ),
    });
    const client = await clientOf(site.url, teacher.id, "author");
    const path = `/api/v1/courses/${course}/working-copy`;
    const { revision } = expectAnswer(await client.get(path), 200, copySchema);
    expectAnswer(await client.put(path, { text, revision }), 200, z.unknown());
    await page.reload();
    await page.locator('[data-part="unknown"]').getByText("moon").waitFor();
    await page.getByText("a part that only JSON shows; Chapter 1 is complete").waitFor();
    await page.getByRole("button", { name: "Add a condition" }).click();
    const rule = z.object({ all: z.array(z.unknown()) }).parse(await ruleOf(page, "three"));
    expect(rule.all).toHaveLength(3);
    expect(rule.all[0]).toEqual(FUTURE);
    await context.close();
  });

  it("sees which learners can open it now, and what publishing would change", async () => {
    const { context, page } = await opened();
    await go(page, "one");
    await page.locator(".rule-names").getByText("Person ann").waitFor();
    await page.getByRole("button", { name: "Add a rule" }).click();
    await page.getByRole("button", { name: "Ask what publishing this would change" }).click();
    await page.getByText(/Publishing the draft would/).waitFor();
    await context.close();
  });

  it("writes a text with a live preview, with a picture dropped in, and asks a question", async () => {
    const { context, page, faults } = await opened();
    await go(page, "quiz");
    await page.locator('[data-editor="ready"]').waitFor();
    const editor = page.locator(".cm-content");
    await editor.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("Add $1+1$ and **think**.");
    const preview = page.locator(".content-preview");
    await preview.locator("strong").getByText("think").waitFor();
    await preview.locator("math").waitFor();
    await page.keyboard.press("Control+z");
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const dropped = await page.evaluateHandle((bytes) => {
      const data = new DataTransfer();
      const decoded = Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0));
      data.items.add(new File([decoded], "dot.png", { type: "image/png" }));
      return data;
    }, png);
    await editor.dispatchEvent("drop", { dataTransfer: dropped });
    await preview.locator('img[data-file][src^="data:image/png"]').waitFor();
    await page.getByLabel("What learners answer with").selectOption("choice");
    await page.getByLabel("Text of option 1").fill("Two");
    await page.getByLabel("Text of option 2").fill("Three");
    await page.getByLabel("Option 1 is right").check();
    const quiz = (await draft(page)).problems[0];
    expect(quiz).toMatchObject({
      question: {
        kind: "choice",
        options: [
          { id: "a", text: { en: "Two" } },
          { id: "b", text: { en: "Three" } },
        ],
      },
      answer: { kind: "choice", option: "a" },
    });
    const address = `![dot.png](/api/v1/courses/${course}/items/${item("quiz")}/files/`;
    expect(JSON.stringify(quiz?.content)).toContain(address);
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, "content-editor");
    expect(faults).toEqual([]);
    // What was built is published as it is.
    await page.getByRole("radio", { name: "Publish" }).check();
    await page.getByRole("button", { name: "Publish", exact: true }).waitFor();
    await context.close();
  });

  it("writes every kind of question, on a phone and in Chinese", async () => {
    const { context, page, faults } = await opened({ size: PHONE_390, language: "zh" });
    await go(page, "quiz");
    await page.locator('[data-editor="ready"]').waitFor();
    for (const kind of ["choices", "ordering", "text", "number", "file", "any", "choice"]) {
      await page.getByLabel("学员如何作答").selectOption(kind);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), kind).toBeLessThanOrEqual(390);
      expect(await seriousFindings(page), kind).toEqual([]);
    }
    await screenshot(page, "content-editor-390");
    expect(faults).toEqual([]);
    await context.close();
  });
});
