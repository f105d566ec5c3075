import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { SAMPLE_AUTHOR, SAMPLE_COURSE } from "../../scripts/lib/demo.ts";
import { makeDemoClass } from "../../scripts/lib/demo-class.ts";
import { seriousFindings } from "../support/browser/axe.ts";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { type Person, Site } from "../support/browser/site.ts";
import { zipOf } from "../support/courses/archives.ts";
import { clientOf } from "../support/node/api.ts";
import { until } from "../support/node/processes.ts";

const classSchema = z.looseObject({ results: z.array(z.looseObject({ completed_count: z.number() })).length(5) });
const NARROW = { width: 390, height: 800 };
const AUTHORS = `/author/${SAMPLE_COURSE}`;

describe.skipIf(!hasChromium)("a class that is managed on the pages", () => {
  let site: Site;
  let browser: Browser;
  let author: Person;
  /** Everybody keeps their browser from page to page, as people do. */
  const contexts = new Map<string, BrowserContext>();
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    author = await site.person(SAMPLE_AUTHOR, "author");
    await makeDemoClass(site.admin, Date.now());
    // Twice, as a start that was cut short would: the pages show the mirror, which follows the objects.
    await until("the class in D1", 60_000, async () => {
      const { body } = await site.admin.get(`/api/v1/courses/${SAMPLE_COURSE}/class?limit=5`);
      return classSchema.safeParse(body).success;
    });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function opened(
    path: string,
    look: Parameters<typeof newContext>[2] = {},
    person: Person = author,
  ): Promise<{ page: Page; faults: string[] }> {
    const key = JSON.stringify([person.id, look]);
    const context = contexts.get(key) ?? (await newContext(browser, site.url, look));
    if (!contexts.has(key)) await site.signIn(context, person);
    contexts.set(key, context);
    const page = await context.newPage();
    const faults = watchFaults(page);
    page.on("dialog", (dialog) => void dialog.accept());
    await page.goto(path);
    return { page, faults };
  }

  /** No wider than the screen, and nothing that keeps somebody out. */
  async function isSound(page: Page, name: string): Promise<void> {
    await screenshot(page, name);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    expect(await seriousFindings(page)).toEqual([]);
  }

  it("shows the roll, and lets staff search it, filter it and assign cohorts by keyboard", async () => {
    const { page, faults } = await opened(`${AUTHORS}/people`);
    await page.getByRole("row", { name: /Ana Abe/ }).waitFor();
    await isSound(page, "people-roll");
    const search = page.getByRole("searchbox");
    await search.focus();
    await page.keyboard.type("lena");
    await page.getByRole("row", { name: /Lena Eze/ }).waitFor();
    await expect.poll(() => page.getByRole("row").count()).toBe(6);
    await page.getByRole("checkbox", { name: "Select all that are shown" }).focus();
    await page.keyboard.press("Space");
    await page.getByText("5 selected").waitFor();
    await page.getByPlaceholder("Cohorts").focus();
    await page.keyboard.type("lenas, morning");
    await page.keyboard.press("Enter");
    await page.getByText("Done for 5 learners.").waitFor();
    await page.getByRole("row", { name: /Lena Abe.*lenas.*morning/ }).waitFor();
    await isSound(page, "people-cohorts");
    expect(faults).toEqual([]);
    await page.close();
  });

  it("invites by a link, which a newcomer follows to an account and into the course", async () => {
    const { page } = await opened(`${AUTHORS}/people?view=add`);
    await page.getByRole("button", { name: "Make a link" }).click();
    const link = await page.getByLabel("Link", { exact: true }).inputValue();
    await isSound(page, "people-add");
    const other = await newContext(browser, site.url, { size: NARROW });
    const visitor = await other.newPage();
    await visitor.goto(new URL(link).pathname);
    await visitor.getByText("You are invited").waitFor();
    await visitor.getByRole("button", { name: "Create an account" }).click();
    await isSound(visitor, "people-invited");
    await visitor.getByLabel("Name").fill("Nia Newcomer");
    await visitor.getByLabel("E-mail address").fill("nia@example.org");
    await visitor.getByLabel("Password").fill("a long walk on the beach");
    await visitor.locator("form button[type=submit]").click();
    await visitor.getByRole("button", { name: "Join the course" }).click();
    await visitor.waitForURL(`**/courses/${SAMPLE_COURSE}`);
    await other.close();
    await page.reload();
    await page.getByText("1 of 50 used").waitFor();
    await page.getByRole("button", { name: "End it" }).click();
    await page.getByText("Ended").waitFor();
    await page.close();
  });

  it("is changed to match a file: with a preview that survives a reload, a confirmation, and a second one before many learners are removed", async () => {
    const { page, faults } = await opened(`${AUTHORS}/people?view=file`);
    const paste = page.getByLabel("Or paste it here");
    await paste.fill("user_id,cohorts\nclass-01,evening\nnew-one,\n");
    // What was pasted and not sent yet is there after a reload.
    await page.reload();
    expect(await paste.inputValue()).toContain("new-one");
    await page.getByLabel("Withdraw who is not in the file").check();
    await page.getByRole("button", { name: "See what would change" }).click();
    await page.getByText("1 come").waitFor();
    const apply = page.getByRole("button", { name: "Apply" });
    expect(await apply.isDisabled()).toBe(true);
    await isSound(page, "people-roster");
    await page.reload();
    await page.getByText("1 come").waitFor();
    await page.getByRole("button", { name: "Another file" }).click();
    await paste.fill("user_id,cohorts\nclass-01,evening\nnew-one,\n");
    await page.getByRole("button", { name: "See what would change" }).click();
    await apply.click();
    await page.getByText("The class is as the file says now.").waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("accepts a OneRoster file, also on a phone, and says what is wrong with a bad one", async () => {
    const { page, faults } = await opened(`${AUTHORS}/people?view=file`, { size: NARROW });
    const choose = async (name: string, bytes: Uint8Array) => {
      await page
        .locator("input[type=file]")
        .setInputFiles({ name, mimeType: "application/zip", buffer: Buffer.from(bytes) });
    };
    const files = (role: string) => ({
      "manifest.csv": "propertyName,value\noneroster.version,1.1\nfile.users,bulk\nfile.enrollments,bulk\n",
      "users.csv": "sourcedId,role\nor-ada,student\nor-ben,student\n",
      "enrollments.csv": `sourcedId,classSourcedId,userSourcedId,${role}\ne1,k-1,or-ada,student\ne2,k-1,or-ben,student\n`,
    });
    await choose("bad.zip", zipOf(files("rolle")));
    await page.getByText("Chosen: bad.zip").waitFor();
    await page.getByRole("button", { name: "See what would change" }).click();
    await page.getByText("The header has no column role.").waitFor();
    await page.getByText("enrollments.csv line 1 role").waitFor();
    await page.getByRole("button", { name: "Another file" }).click();
    await choose("class.zip", zipOf(files("role")));
    await page.getByLabel("People are found by").first().selectOption("sourced_id");
    await page.getByRole("button", { name: "See what would change" }).click();
    await page.getByText("2 come").waitFor();
    await page.getByText("or-ada: k-1").waitFor();
    await isSound(page, "people-oneroster");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("The class is as the file says now.").waitFor();
    await page.reload();
    await page.getByText("Done").waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("sets up a roster that is fetched every night, and says why it failed", async () => {
    const { page } = await opened(`${AUTHORS}/people?view=file`);
    await page.getByLabel("Name", { exact: true }).fill("school");
    await page.getByLabel("Where it is").selectOption("bucket");
    await page.getByLabel("Address or key").fill("none.zip");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Has not run yet").waitFor();
    await isSound(page, "people-roster-sources");
    await page.getByRole("button", { name: "Fetch now" }).click();
    await page.getByText("The bucket has no file of this key.").first().waitFor();
    await page.getByRole("button", { name: "Remove: school" }).click();
    await page.getByText("No roster comes by itself.").waitFor();
    await page.close();
  });

  it("grants and removes rights", async () => {
    const { page } = await opened(`${AUTHORS}/people?view=rights`);
    await page.getByLabel("E-mail address or id").fill("class-02@example.org");
    await page.getByRole("button", { name: "Give rights" }).click();
    await page.getByRole("listitem").filter({ hasText: "class-02@example.org" }).getByText("Grader").waitFor();
    await isSound(page, "people-rights");
    await page.getByRole("button", { name: /^Remove: Ben/ }).click();
    await expect.poll(() => page.getByText("class-02@example.org").count()).toBe(0);
    await page.close();
  });

  it("shows one learner with what they see and why, and lets staff decide", async () => {
    const { page, faults } = await opened(`${AUTHORS}/people/class-05`);
    await page.getByRole("radio", { name: "List" }).check();
    const row = page.getByRole("button", { name: /Locked/ }).first();
    await row.focus();
    await page.keyboard.press("Enter");
    await page.getByText("Nothing was decided about this item.").waitFor();
    await page.getByLabel("Reason").fill("Was ill for a week");
    await page.getByRole("button", { name: "Decide", exact: true }).click();
    await page.getByText(/Was ill for a week/).waitFor();
    await isSound(page, "people-learner");
    await page.getByRole("button", { name: "Remove: Unlocked" }).click();
    await page.getByText("Nothing was decided about this item.").waitFor();
    await page.getByRole("radio", { name: "Map" }).check();
    await page.getByRole("group", { name: "The map of the course" }).or(page.locator(".map-plane")).first().waitFor();
    await isSound(page, "people-learner-map");
    expect(faults).toEqual([]);
    await page.close();
  });

  it("pauses a learner and writes to them: their map says why, until staff end the pause", async () => {
    const learner = await site.learner("traveller", SAMPLE_COURSE);
    const { page, faults } = await opened(`${AUTHORS}/people/${learner.id}`);
    await page.getByLabel("Why it is paused").fill("Abroad until spring");
    await page.getByRole("button", { name: "Pause the course" }).click();
    await page.getByText(/Paused since/).waitFor();
    await page.getByLabel("Text of the message").fill("Write to me when you are back.");
    await page.getByRole("button", { name: "Send the message" }).click();
    await page.getByText("Sent to 1 learner.").waitFor();
    await isSound(page, "people-paused");
    const theirs = await opened(`/courses/${SAMPLE_COURSE}`, {}, learner);
    await theirs.page.getByRole("heading", { name: "This course is paused for you" }).waitFor();
    await theirs.page.getByText("Reason: Abroad until spring").waitFor();
    await isSound(theirs.page, "map-paused");
    await page.getByRole("button", { name: "End the pause" }).click();
    await page.getByRole("button", { name: "Pause the course" }).waitFor();
    await theirs.page.reload();
    await theirs.page.getByRole("heading", { name: "Next", exact: true }).waitFor();
    expect(await theirs.page.getByText("This course is paused for you").count()).toBe(0);
    expect([...faults, ...theirs.faults]).toEqual([]);
    await theirs.page.close();
    await page.close();
  });

  it("pauses and resumes learners who are selected in the table of the class", async () => {
    const { page, faults } = await opened(`${AUTHORS}/class`);
    await page.getByRole("checkbox", { name: "Select Ana Abe" }).check();
    await page.getByRole("checkbox", { name: "Select Chen Abe" }).check();
    await page.getByText("2 selected").waitFor();
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByLabel("Why it is paused").fill("School is closed");
    await page.getByRole("button", { name: "Pause the course" }).click();
    await page.getByText("Done for 2 learners.").waitFor();
    await isSound(page, "class-selected");
    // The page still says the same of the pause: what counts is the answer.
    const resumed = page.waitForResponse((response) => response.url().endsWith("/resume/batch"));
    await page.getByRole("button", { name: "End the pause" }).click();
    expect(await (await resumed).json()).toMatchObject({ done: 2 });
    await page.getByText("Done for 2 learners.").waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("revokes a certificate from the page of its learner, and its own page says so", async () => {
    const learner = await site.learner("graduate", SAMPLE_COURSE);
    const item = `${SAMPLE_COURSE}.complexity`;
    const fact = { user_id: learner.id, item, completed: true, at: new Date().toISOString() };
    await site.admin.post("/api/v1/progress/import", { facts: [fact] });
    const { page, faults } = await opened(`${AUTHORS}/people/${learner.id}`);
    await page.getByRole("heading", { name: "Certificate" }).waitFor();
    await page.getByLabel("Why it is revoked").fill("Copied");
    await page.getByRole("button", { name: "Revoke the certificate" }).click();
    await page.getByText(/Revoked at/).waitFor();
    await isSound(page, "people-certificate");
    await page.getByRole("link", { name: "See the certificate" }).click();
    await page
      .getByText(/revoked/i)
      .first()
      .waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("shows the class as a table, with everybody's place", async () => {
    const { page, faults } = await opened(`${AUTHORS}/class`);
    await page.getByRole("rowheader", { name: "Ana Abe", exact: true }).waitFor();
    await isSound(page, "class-table");
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download CSV" }).click();
    expect((await download).suggestedFilename()).toBe(`${SAMPLE_COURSE}.csv`);
    await page.getByRole("combobox", { name: "Cohort" }).selectOption("evening");
    await expect.poll(() => page.getByRole("rowheader", { name: "Chen Abe" }).count()).toBe(0);
    await page.getByRole("radio", { name: "Who is where" }).check();
    await page
      .getByText(/here now/)
      .first()
      .waitFor();
    await isSound(page, "class-stuck");
    expect(faults).toEqual([]);
    await page.close();
  });

  it.each([
    ["people", "成员"],
    ["people?view=add", "成员"],
    ["people?view=rights", "成员"],
    ["people/class-05", "学员：class-05"],
    ["class", "班级"],
  ])("fits a narrow screen in the other theme, in Chinese: %s", async (path, heading) => {
    const { page } = await opened(`${AUTHORS}/${path}`, { size: NARROW, theme: "dark", language: "zh" });
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await page.waitForLoadState("networkidle").catch(() => null);
    await isSound(page, `narrow-${path.replaceAll(/\W+/g, "-")}`);
    await page.close();
  });

  it("[I8] shows learners none of these pages", async () => {
    const learner = await site.learner("curious", SAMPLE_COURSE);
    const { page } = await opened(`${AUTHORS}/people`, {}, learner);
    await page.getByRole("link", { name: "To the courses" }).waitFor();
    expect(await page.getByText("Ana Abe").count()).toBe(0);
    const api = await clientOf(site.url, "curious");
    expect((await api.get(`/api/v1/courses/${SAMPLE_COURSE}/people`)).status).toBe(403);
    await page.close();
  });
});
