import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { itemOn, type Person, Site, untilLive } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

const COURSE = "algorithms";
const EDITOR = "Course document, JSON";

describe.skipIf(!hasChromium)("an author", () => {
  let site: Site;
  let browser: Browser;
  let author: Person;
  let reader: Person;
  let context: BrowserContext;
  let page: Page;
  let faults: string[];
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    author = await site.person("author", "author");
    reader = await site.learner("reader", COURSE);
    context = await newContext(browser, site.url);
    await site.signIn(context, author);
    page = await context.newPage();
    faults = watchFaults(page);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  const editor = () => page.getByLabel(EDITOR);
  /** What an earlier test has typed is on the server, too. */
  async function discardCopy(): Promise<void> {
    const client = await clientOf(site.url, "author", "author");
    const path = `/api/v1/courses/${COURSE}/working-copy`;
    const { revision } = expectAnswer(await client.get(path), 200, z.looseObject({ revision: z.int() }));
    expectAnswer(await client.put(path, { text: null, revision }), 200, z.unknown());
  }
  async function openCourse(): Promise<void> {
    await page.goto("/author");
    // What an earlier test has typed would come back.
    await page.evaluate(() => {
      for (const key of Object.keys(localStorage)) if (key.startsWith("latchkey.text")) localStorage.removeItem(key);
    });
    // The page that was left saves what was typed on it: that may arrive after a first discard.
    await expect
      .poll(
        async () => {
          await discardCopy();
          await page.goto(`/author/${COURSE}`);
          await page
            .getByText(/is in the editor\.$|^The working copy/)
            .first()
            .waitFor({ timeout: 5_000 })
            .catch(() => undefined);
          return page.getByText(/^Version \d+ is in the editor\.$/).isVisible();
        },
        { timeout: 40_000 },
      )
      .toBe(true);
  }
  async function replaceInEditor(from: string, to: string): Promise<void> {
    const text = await editor().inputValue();
    expect(text).toContain(from);
    await editor().fill(text.replace(from, to));
  }
  const outcome = (kind: string) => page.locator(`[data-outcome="${kind}"]`);

  it("sees every error of a document at its place in the text", async () => {
    await openCourse();
    // A rule about an item that does not exist, and a difficulty beyond the scale.
    await replaceInEditor('"attempted": "algorithms.count-loop"', '"attempted": "algorithms.no-such-item"');
    await page.getByRole("button", { name: "Publish" }).click();
    await outcome("refused").waitFor();
    const place = outcome("refused").getByRole("button").first();
    const text = await editor().inputValue();
    const line = text.slice(0, text.indexOf("algorithms.no-such-item")).split("\n").length;
    expect(await place.textContent()).toMatch(new RegExp(`^Line (${line}|${line - 1}), column \\d+$`));
    await place.click();
    expect(await editor().evaluate((area) => document.activeElement === area)).toBe(true);
    const selected = await editor().evaluate((area: HTMLTextAreaElement) =>
      area.value.slice(area.selectionStart, area.selectionEnd),
    );
    expect(selected).toMatch(/rule|attempted/);
    await page.locator(".gutter .is-marked").first().waitFor();
    await screenshot(page, "author-1-error-at-its-place");
    expect(await page.locator("[data-version]").count()).toBe(1);
  });

  it("sees the place at which a text is not JSON, without asking the server", async () => {
    await openCourse();
    await replaceInEditor('"sequential": false,', '"sequential": false');
    await page.getByRole("button", { name: "Show the effect" }).click();
    await outcome("refused")
      .getByText(/This is not JSON/)
      .waitFor();
    const text = await editor().inputValue();
    const line = text.slice(0, text.indexOf('"tutorial"')).split("\n").length;
    await outcome("refused").getByText(`Line ${line}, `).waitFor();
  });

  it("sees how many learners gain or lose items, publishes, and goes back to an older version", async () => {
    await openCourse();
    await replaceInEditor('"tutorial": "algorithms.welcome"', '"tutorial": null');
    await page.getByRole("button", { name: "Show the effect" }).click();
    await outcome("impact").getByText("1 learner", { exact: false }).waitFor();
    await outcome("impact").getByText("algorithms.complexity", { exact: true }).waitFor();
    await screenshot(page, "author-2-effect");
    expect(await page.locator("[data-version]").count()).toBe(1);

    // A learner who is looking sees the new rules without doing anything.
    const theirs = await newContext(browser, site.url);
    await site.signIn(theirs, reader);
    const watched = await theirs.newPage();
    await watched.goto(`/courses/${COURSE}`);
    await itemOn(watched, "algorithms.complexity", "locked").waitFor();
    await untilLive(watched);
    await page.getByLabel("Note").fill("No tutorial any more");
    await page.getByRole("button", { name: "Publish" }).click();
    await outcome("published").getByText("Published as version 2.").waitFor();
    await page.locator('[data-version="2"][data-active="true"]').waitFor();
    await page.getByText("No tutorial any more").waitFor();
    await itemOn(watched, "algorithms.complexity", "unlocked").waitFor();
    await screenshot(page, "author-3-published");

    await page.getByRole("button", { name: "Publish" }).click();
    await outcome("published").getByText("Nothing to publish").waitFor();

    await page.getByRole("button", { name: "Activate (Version 1)" }).click();
    await page.locator('[data-version="1"][data-active="true"]').waitFor();
    await theirs.close();
  });

  it("creates a course, drops a file into the editor, and publishes it", async () => {
    await page.goto("/author");
    await page.getByLabel("Short name for addresses").fill("algorithms-copy");
    await page.getByLabel("Title").fill("A copy");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("heading", { level: 1, name: "A copy" }).waitFor();
    await page.getByRole("radio", { name: "JSON" }).check();
    await page.getByText("Nothing has been published yet.").waitFor();
    const sample = readFileSync(fromRoot("samples/algorithms/course.json"), "utf8");
    const copy = sample.replaceAll("algorithms.", "algorithms-copy.").replace('"algorithms"', '"algorithms-copy"');
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "copy.json", mimeType: "application/json", buffer: Buffer.from(copy) });
    await page.getByText("copy.json has been read.").waitFor();
    await page.getByRole("button", { name: "Publish" }).click();
    await outcome("published").getByText("Published as version 1.").waitFor();
    await page.getByRole("link", { name: "Course map" }).click();
    await itemOn(page, "algorithms-copy.welcome").waitFor();
    await page.getByRole("radio", { name: "As a new learner sees it" }).check();
    await itemOn(page, "algorithms-copy.graphs", "locked").waitFor();
    await screenshot(page, "author-4-map-as-a-new-learner");
    expect(faults).toEqual([]);
  });
});
