import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { SAMPLE_COURSE } from "../../scripts/lib/demo.ts";
import { seriousFindings } from "../support/browser/axe.ts";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { type Person, Site } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

const NARROW = { width: 390, height: 800 };
const MAP = `/courses/${SAMPLE_COURSE}`;

describe.skipIf(!hasChromium)("the pages for a learner's work", () => {
  let site: Site;
  let browser: Browser;
  let ada: Person;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    ada = await site.learner("ada", SAMPLE_COURSE);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function opened(
    path: string,
    look: Parameters<typeof newContext>[2] = {},
    person: Person | null = ada,
  ): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
    const context = await newContext(browser, site.url, look);
    if (person !== null) await site.signIn(context, person);
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(path);
    return { context, page, faults };
  }

  /** No wider than the screen, and nothing that keeps somebody out. */
  async function isSound(page: Page, name: string): Promise<void> {
    await screenshot(page, name);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    expect(await seriousFindings(page)).toEqual([]);
  }

  it("say what is next and why, and find texts with only the keyboard", async () => {
    const { context, page, faults } = await opened(MAP);
    const next = page.getByRole("region", { name: "Next" });
    await next.getByText("Welcome").first().waitFor();
    await next.getByText("It is due in 3 days.").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("recipe exact");
    const found = page.locator(".course-search-found");
    await found.getByRole("link", { name: "Welcome" }).waitFor();
    expect(await found.innerText()).toContain("algorithm is a recipe");
    await isSound(page, "learning-map");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/chapters\/welcome$/);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("let a learner subscribe a calendar on a phone, and end its address", async () => {
    const { context, page, faults } = await opened(MAP, { size: NARROW });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByText("Due dates in your calendar").click();
    await page.getByRole("button", { name: "Subscribe" }).click();
    const address = await page.getByLabel("Address for your calendar").inputValue();
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByText("Copied.").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(address);
    expect(await (await fetch(address)).text()).toContain("SUMMARY:Due: Say that you are ready");
    await isSound(page, "learning-calendar-phone");
    await page.getByRole("button", { name: "End the address" }).click();
    await page.getByText("The address has ended.").waitFor();
    expect((await fetch(address)).status).toBe(404);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("show the teacher's message, and what is read on one device is read on another", async () => {
    const body = { user_ids: [ada.id], text: "See me on Monday." };
    expectAnswer(await site.admin.post(`/api/v1/courses/${SAMPLE_COURSE}/messages`, body), 200, z.unknown());
    const first = await opened(MAP);
    await first.page.getByText(/^Notices \(\d+ new\)$/).click();
    await first.page.getByText("See me on Monday.").waitFor();
    await isSound(first.page, "learning-notices");
    await first.page.getByRole("button", { name: "Mark all as read" }).click();
    await first.page.getByText("Notices", { exact: true }).waitFor();
    const second = await opened(MAP, { size: NARROW, language: "zh", theme: "dark" });
    await second.page.getByText("通知", { exact: true }).waitFor();
    await second.page.getByRole("region", { name: "下一步" }).getByText("还有 3 天截止。").waitFor();
    await isSound(second.page, "learning-phone-zh");
    await first.context.close();
    await second.context.close();
  });

  it("remember in this browser which chapters are folded", async () => {
    const { context, page } = await opened(MAP);
    await page.getByRole("radio", { name: "List" }).check();
    const chapter = page.locator(".outline-chapters > li").first();
    await chapter.locator("details[open]").waitFor();
    await chapter.locator("summary").click();
    await chapter.locator("details:not([open])").waitFor();
    await page.reload();
    await page.getByRole("radio", { name: "List" }).check();
    await chapter.locator("details:not([open])").waitFor();
    // Another chapter is as it was.
    await page.locator(".outline-chapters > li").nth(1).locator("details[open]").waitFor();
    await context.close();
  });

  it("bring a reader back to where they stopped, also on another device", async () => {
    const slug = "reading";
    const content = Array.from({ length: 120 }, (_, at) => `Paragraph ${at + 1} of a long text.`).join("\n\n");
    const chapters = [{ id: `${slug}.long`, title: "Long", content }];
    expectAnswer(await site.admin.post("/api/v1/courses", { slug, title: "Reading" }), 201, z.unknown());
    const document = { slug, title: "Reading", chapters };
    expectAnswer(await site.admin.post(`/api/v1/courses/${slug}/versions`, { document }), 201, z.unknown());
    const reader = await site.learner("reader", slug);
    const first = await opened(`/courses/${slug}/chapters/long`, {}, reader);
    await first.page.locator('.reading-place[data-ready="true"]').waitFor({ state: "attached" });
    await first.page.getByText("Paragraph 70 of", { exact: false }).evaluate((paragraph) => {
      window.scrollTo(0, paragraph.getBoundingClientRect().top + window.scrollY);
    });
    const noted = first.page.waitForResponse((answer) => answer.url().includes("/places/") && answer.status() === 200);
    // Who stays for a moment reads there. A click by hand would first scroll up.
    await first.page.waitForTimeout(3_000);
    await first.page
      .getByRole("link", { name: "Courses", exact: true })
      .first()
      .evaluate((link) => {
        if (link instanceof HTMLElement) link.click();
      });
    await noted;
    const second = await opened(`/courses/${slug}/chapters/long`, {}, reader);
    await second.page.getByText("You are where you stopped reading.").waitFor({ state: "attached" });
    const inSight = second.page.getByText("Paragraph 70 of", { exact: false });
    await expect
      .poll(
        () => inSight.evaluate((paragraph) => Math.abs(paragraph.getBoundingClientRect().top) < window.innerHeight),
        { timeout: 20_000 },
      )
      .toBe(true);
    await first.context.close();
    await second.context.close();
  });

  it("give a certificate that anybody can verify, in both languages, and say when it was revoked", async () => {
    const learner = await clientOf(site.url, ada.id, "learner");
    for (const chapter of ["welcome", "complexity"]) {
      const path = `/api/v1/courses/${SAMPLE_COURSE}/chapters/${SAMPLE_COURSE}.${chapter}/mark_as_completed`;
      expectAnswer(await learner.post(path, {}), 200, z.unknown());
    }
    const own = await opened(MAP);
    await own.page.getByText("You have earned a certificate.").waitFor();
    await own.page.getByRole("link", { name: "See your certificate" }).click();
    await own.page.getByText("Person ada").waitFor();
    const address = own.page.url();
    await own.context.close();
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    expect([answer.status, answer.headers.get("x-robots-tag")]).toEqual([200, "noindex"]);
    // Somebody else, who never signs in.
    const stranger = await opened(address, { size: NARROW }, null);
    await stranger.page.getByText("A first course in algorithms").waitFor();
    await stranger.page.getByText("Valid", { exact: true }).waitFor();
    const [file] = await Promise.all([
      stranger.page.waitForEvent("download"),
      stranger.page.getByRole("button", { name: "Download the credential" }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/^certificate-.+\.json$/);
    await isSound(stranger.page, "learning-certificate-phone");
    expect(stranger.faults).toEqual([]);
    await stranger.context.close();
    const id = address.slice(address.lastIndexOf("/") + 1);
    const revoke = `/api/v1/courses/${SAMPLE_COURSE}/certificates/${id}/revoke`;
    expectAnswer(await site.admin.post(revoke, { reason: "copied" }), 200, z.unknown());
    const chinese = await opened(address, { language: "zh", theme: "dark" }, null);
    await chinese.page.getByText(/^已于 .* 撤销$/).waitFor();
    await isSound(chinese.page, "learning-certificate-revoked-zh");
    await chinese.context.close();
  });

  it("list the observed learners, and show a learner's map", async () => {
    const parent = await site.person("parent");
    const path = `/api/v1/courses/${SAMPLE_COURSE}/observers/parent/learners/${ada.id}`;
    expectAnswer(await site.admin.put(path, {}), 200, z.unknown());
    const { context, page, faults } = await opened("/courses", { size: NARROW }, parent);
    await page.getByRole("link", { name: "Learners you observe" }).click();
    await page.getByRole("heading", { name: "Person ada" }).waitFor();
    await isSound(page, "learning-observed");
    await page.getByRole("link", { name: /See the map/ }).click();
    await page.getByText("What they see and why.").waitFor();
    expect(await page.getByRole("button", { name: "Decide" }).count()).toBe(0);
    expect(faults).toEqual([]);
    await context.close();
  });
});
