import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seriousFindings } from "../support/browser/axe.ts";
import {
  hasChromium,
  launchChromium,
  newContext,
  PHONE,
  screenshot,
  watchFaults,
} from "../support/browser/chromium.ts";
import { type Person, Site } from "../support/browser/site.ts";
import { tarOf, zipOf } from "../support/courses/archives.ts";
import { backupOf } from "../support/courses/moodle-backup.ts";

/** One pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const HASH = "a".repeat(40);

/** Two pages: the second waits for the first by a condition, and by one that this server does not know. */
const BACKUP = {
  ...backupOf(
    "4.5.6 (Build: 20250811)",
    [{ id: 1, number: 0, sequence: [1, 2] }],
    [
      { id: 1, section: 1 },
      {
        id: 2,
        section: 1,
        availability: { op: "&", c: [{ type: "completion", cm: 1, e: 1 }, { type: "shopping" }], showc: [true, true] },
      },
    ],
  ),
  "files.xml": `<files><file id="1"><contenthash>${HASH}</contenthash><contextid>20</contextid><component>mod_page</component>
    <filearea>content</filearea><itemid>0</itemid><filepath>/</filepath><filename>plan.png</filename></file></files>`,
  "activities/page_1/page.xml": `<activity id="1" contextid="20"><page id="1"><name>A1</name>
    <content>&lt;img src="@@PLUGINFILE@@/plan.png" alt="the plan"&gt;</content></page></activity>`,
  [`files/aa/${HASH}`]: PNG,
};

describe.skipIf(!hasChromium)("an author who comes from another platform", () => {
  let site: Site;
  let browser: Browser;
  let author: Person;
  let context: BrowserContext;
  let page: Page;
  let faults: string[];
  let folder: string;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    author = await site.person("author", "author");
    context = await newContext(browser, site.url);
    await site.signIn(context, author);
    page = await context.newPage();
    faults = watchFaults(page);
    folder = mkdtempSync(join(tmpdir(), "imports-"));
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
    rmSync(folder, { recursive: true });
  });

  const file = (name: string, content: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it("chooses a backup, watches the import, reads the report about its rules, and publishes it", async () => {
    await page.goto("/author");
    await page.getByRole("link", { name: "Import a course" }).click();
    await page.locator('input[type="file"]').setInputFiles(file("Baking 101.mbz", zipOf(BACKUP)));
    expect(await page.getByLabel("Platform").inputValue()).toBe("moodle");
    expect(await page.getByLabel("Short name for addresses").inputValue()).toBe("baking-101");
    await screenshot(page, "imports-1-form");
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.locator('[data-import="done"]').waitFor();
    const second = page.locator('[data-item="baking-101.page-2"]');
    await second.locator('[data-verdict="unmapped"]').first().waitFor();
    await second.getByText("shopping").first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, "imports-2-report");
    await page.getByRole("button", { name: "Publish" }).click();
    await page.locator('[data-outcome="published"]').getByText("Version 1 is active now.").waitFor();
    await page.goto("/courses/baking-101/problems/page-1");
    const picture = page.getByAltText("the plan");
    await picture.waitFor();
    await page.waitForFunction(() => document.querySelector("img")?.naturalWidth === 1);
    expect(faults).toEqual([]);
  });

  it("drops a file that is not an archive, and reads why nothing was stored", async () => {
    await page.goto("/author/imports");
    const path = file("notes.zip", zipOf({ "notes.txt": "nothing" }));
    await page.locator('input[type="file"]').setInputFiles(path);
    await page.getByLabel("Platform").selectOption("canvas");
    await page.getByRole("button", { name: "Import", exact: true }).press("Enter");
    await page.locator('[data-import="failed"]').waitFor();
    await page.getByText("Nothing was stored").waitFor();
    await page.getByText("course_settings/module_meta.xml", { exact: true }).waitFor();
  });

  it("sends a large archive in parts, sees who is in it, and drops the draft and the import again", async () => {
    await page.goto("/author/imports");
    // More than is sent at once; the empty bytes are packed as they are.
    const film = new Uint8Array(52_000_000);
    const path = file("Large.mbz", await tarOf({ ...BACKUP, "files/film": film }));
    const puts: string[] = [];
    page.on("request", (sent) => {
      if (sent.method() === "PUT") puts.push(new URL(sent.url()).pathname.split("/").slice(-2).join("/"));
    });
    await page.locator('input[type="file"]').setInputFiles(path);
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.locator('[data-import="done"]').waitFor();
    expect(puts).toEqual([1, 2, 3, 4, 5, 6].map((part) => `parts/${part}`));
    await page.getByRole("button", { name: "Show the people" }).click();
    await page.locator('[data-people="roster done"]').getByText("learners in the archive").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, "imports-4-people");
    page.on("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Delete this draft" }).click();
    await page.getByRole("heading", { level: 1, name: "Import a course" }).waitFor();
    await page.getByRole("link", { name: "Large.mbz" }).click();
    await page.getByRole("button", { name: "Remove this import" }).click();
    await page.getByRole("heading", { level: 1, name: "Import a course" }).waitFor();
    await page.getByRole("link", { name: "Large.mbz" }).waitFor({ state: "detached" });
    expect(faults).toEqual([]);
  });

  it("reads the same in Chinese, on a small screen, in the other theme", async () => {
    const phone = await newContext(browser, site.url, { size: PHONE, theme: "dark", language: "zh" });
    await site.signIn(phone, author);
    const small = await phone.newPage();
    await small.goto("/author/imports");
    await small.getByRole("heading", { level: 1, name: "导入课程" }).waitFor();
    await small.getByRole("link", { name: "Baking 101.mbz" }).waitFor();
    const width = () => small.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBeLessThanOrEqual(PHONE.width);
    expect(await seriousFindings(small)).toEqual([]);
    await small.getByRole("link", { name: "Baking 101.mbz" }).click();
    await small.locator('[data-verdict="unmapped"]').first().waitFor();
    expect(await width()).toBeLessThanOrEqual(PHONE.width);
    expect(await seriousFindings(small)).toEqual([]);
    await screenshot(small, "imports-3-phone");
    await phone.close();
  });
});
