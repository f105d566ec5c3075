import type { Browser, Page } from "playwright-core";
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

const NARROW = { width: 390, height: 800 };
const SLUG = "northern";
const LOOKS = [
  { language: "en", theme: "light" },
  { language: "en", theme: "dark" },
  { language: "zh", theme: "light" },
  { language: "zh", theme: "dark" },
] as const;

describe.skipIf(!hasChromium)("the pages of organisations", () => {
  let site: Site;
  let browser: Browser;
  let operator: Person;
  let mona: Person;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    operator = await site.person("operator", "admin");
    mona = await site.person("mona");
    await site.person("omar");
    await site.chain(SLUG, 1);
    // One of everything for the tests of looks and of managers.
    const put = async (path: string, body: object) =>
      expectAnswer(await site.admin.put(`/api/v1/organizations/${path}`, body), 200, z.unknown());
    await put("south", { name: "South School" });
    await put("west", { name: "West School" });
    const people = [
      { email: "wanda@example.org", name: "Wanda West" },
      { email: "willi@example.org", name: "Willi West" },
    ];
    for (const person of people) {
      expectAnswer(await site.admin.post("/api/v1/organizations/west/people", person), 201, z.unknown());
    }
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  /** Puts somebody new into an organisation, and lets them manage it. */
  async function managerOf(organization: string, id: string): Promise<Person> {
    const person = await site.person(id);
    const users = [{ user_id: id, act: "move", organization_id: organization }];
    const moved = await site.admin.post("/api/v1/users/batch", { users });
    expectAnswer(moved, 200, z.object({ results: z.tuple([z.looseObject({ outcome: z.literal("done") })]) }));
    const named = await site.admin.put(`/api/v1/organizations/${organization}/managers/${id}`, {});
    expectAnswer(named, 200, z.object({ changed: z.literal(true) }));
    return person;
  }

  async function opened(person: Person, path: string, look: Look = {}) {
    const context = await newContext(browser, site.url, look);
    await site.signIn(context, person);
    const page = await context.newPage();
    const faults = watchFaults(page);
    const asked: string[] = [];
    page.on("dialog", (dialog) => {
      asked.push(dialog.message());
      void dialog.accept();
    });
    await page.goto(path);
    return { context, page, faults, asked };
  }

  const row = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });
  const view = (page: Page, name: string) => page.getByRole("radio", { name, exact: true }).check();

  it("an admin makes one, gives it another name, puts people and a course in, and names a manager", async () => {
    const { context, page, faults, asked } = await opened(operator, "/operator");
    await page.getByRole("link", { name: "Organisations" }).click();
    const form = page.getByRole("region", { name: "Make an organisation" });
    await form.getByLabel("Id").fill("south");
    await form.getByLabel("Name", { exact: true }).fill("Another South");
    await form.getByRole("button").click();
    // Sent, it would have given the one that is there another name.
    const said = await form.getByLabel("Id").evaluate((field: HTMLInputElement) => field.validationMessage);
    expect(said).toContain("There is one with this id.");
    await page.reload();
    await page.getByRole("link", { name: "South School" }).waitFor();
    await form.getByLabel("Id").fill("north");
    await form.getByLabel("Name", { exact: true }).fill("North");
    await form.getByRole("button").click();
    await page.getByRole("link", { name: "North", exact: true }).click();
    await page.getByText("Nobody is in it yet.").waitFor();

    await view(page, "Name");
    await page.getByLabel("Name", { exact: true }).last().fill("North School");
    await page.getByRole("button", { name: "Give it another name" }).click();
    await page.getByRole("heading", { name: "North School" }).waitFor();

    await view(page, "Add people");
    await page
      .getByRole("textbox", { name: "Put people in" })
      .fill(`mona\nomar@example.org\nnobody-here\nno@where.example`);
    await page.getByRole("button", { name: "Put in" }).click();
    await page.getByText("mona: done").waitFor();
    await page.getByText("omar@example.org: done").waitFor();
    await page.getByText("nobody-here: there is no such person").waitFor();
    await page.getByText("no@where.example: there is no such person").waitFor();

    await view(page, "Courses");
    await page.getByText("It has no courses yet.").waitFor();
    await page.getByLabel("Slug of the course").fill("no-course");
    await page.getByRole("button", { name: "Put a course in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Slug of the course").fill(SLUG);
    await page.getByRole("button", { name: "Put a course in" }).click();
    await page.getByRole("button", { name: `Take out: ${SLUG}` }).waitFor();

    await view(page, "People");
    await page.getByRole("button", { name: "Make a manager: Person mona" }).click();
    await row(page, "Person mona").getByText("Manager", { exact: true }).waitFor();
    await page.getByLabel("Select Person omar").check();
    await page.getByRole("button", { name: "Take out" }).click();
    await page.getByText("Person omar: done").waitFor();
    await row(page, "Person omar").waitFor({ state: "detached" });
    expect(asked).toEqual([
      "Let Person mona manage the people of this organisation?",
      "Take this person out of the organisation? They keep the courses that they are in.",
    ]);
    await screenshot(page, "organization-admin");
    expect(faults).toEqual([]);
    await context.close();

    // What was done is so for the manager, too: they find their way, and see the course.
    const manager = await opened(mona, "/account");
    await manager.page.getByRole("link", { name: "Courses" }).click();
    await manager.page.getByRole("link", { name: "My organisation" }).click();
    await manager.page.getByRole("heading", { name: "North School" }).waitFor();
    await view(manager.page, "Courses");
    await manager.page.getByRole("listitem").filter({ hasText: SLUG }).waitFor();
    expect(manager.faults).toEqual([]);
    await manager.context.close();
  });

  it("a manager invites somebody, suspends and returns several by keyboard, and sees what became of each", async () => {
    const manager = await managerOf("south", "mara");
    const { context, page, faults, asked } = await opened(manager, "/organizations", { size: NARROW });
    await page.waitForURL("**/organizations/south");
    await view(page, "Add people");
    expect(await page.getByText("Put people in").count()).toBe(0);
    await page.getByLabel("Name", { exact: true }).fill("Nia North");
    await page.getByLabel("E-mail address").fill("nia@example.org");
    await page.getByLabel("Role").selectOption("author");
    await page.getByRole("button", { name: "Create a user" }).click();
    await page.getByText("Nia North has an account now.").waitFor();
    const mail = await context.newPage();
    await mail.goto("/mail");
    await mail.locator("article", { hasText: "nia@example.org" }).getByRole("link").waitFor();
    await mail.close();

    await view(page, "People");
    await row(page, "Nia North").getByText("Author").waitFor();
    expect(await page.getByRole("button", { name: /manager/i }).count()).toBe(0);
    await page.getByLabel("Select all that are shown").press("Space");
    await page.getByText("2 selected").waitFor();
    await page.getByLabel("Reason").press("Enter");
    expect(asked).toEqual([]);
    await page.getByLabel("Reason").pressSequentially("left the school");
    await page.getByLabel("Reason").press("Enter");
    await page.getByText("Nia North: done").waitFor();
    await page.getByText("Person mara: refused Nobody changes their own role or ban.").waitFor();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain("Suspend these 2 people?");
    await row(page, "Nia North").getByText("left the school").waitFor();
    await screenshot(page, "organization-suspended");

    await page.getByLabel("Select Nia North").press("Space");
    await page.getByRole("button", { name: "End the suspension" }).press("Enter");
    await row(page, "Nia North").getByText("Active").waitFor();
    await page.getByLabel("Select Nia North").press("Space");
    await page.getByRole("combobox", { name: "Role" }).selectOption("learner");
    await page.getByRole("button", { name: "Change the role" }).press("Enter");
    await row(page, "Nia North").getByText("Learner").waitFor();
    await page.getByPlaceholder("A part of a name").fill("nia@");
    await row(page, "Person mara").waitFor({ state: "detached" });
    await row(page, "Nia North").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("nothing changes if a suspension is not confirmed", async () => {
    const { context, page } = await opened(operator, "/organizations/west");
    page.removeAllListeners("dialog");
    const closed = new Promise<void>((resolve) => page.once("dialog", (dialog) => void dialog.dismiss().then(resolve)));
    await page.getByLabel("Select Wanda West").check();
    await page.getByLabel("Reason").fill("by mistake");
    await page.getByRole("button", { name: "Suspend" }).click();
    await closed;
    await page.reload();
    await row(page, "Wanda West").getByText("Active").waitFor();
    await context.close();
  });

  it("learners are asked for nothing at their first view; whoever manages none any more loses the link", async () => {
    const manager = await managerOf("west", "max");
    const { context, page } = await opened(manager, "about:blank");
    const reads: string[] = [];
    page.on("request", (request) => reads.push(new URL(request.url()).pathname));
    await page.goto("/");
    await page.locator(".card").first().waitFor();
    await page.waitForLoadState("networkidle");
    expect(reads).not.toContain("/api/v1/organizations");
    await page.getByRole("link", { name: "Your account" }).click();
    await page.getByRole("link", { name: "My organisation" }).click();
    await page.waitForURL("**/organizations/west");
    await page.goto("/organizations/south");
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    // Known now: the link is there at once.
    await page.goto("/courses");
    const link = page.getByRole("link", { name: "My organisation" });
    await link.waitFor();
    const ended = await site.admin.del("/api/v1/organizations/west/managers/max");
    expectAnswer(ended, 200, z.object({ changed: z.literal(true) }));
    await link.click();
    await page.getByRole("heading", { name: "No access with this account" }).waitFor();
    await link.waitFor({ state: "detached" });
    await context.close();
  });

  it.each(LOOKS)("are no wider than a phone and keep nobody out: $language, $theme", async (look) => {
    const { context, page, faults } = await opened(operator, "/organizations", { ...look, size: NARROW });
    await page.getByRole("link", { name: "West School" }).waitFor();
    const isSound = async (name: string) => {
      await screenshot(page, `organizations-${name}-${look.language}-${look.theme}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      expect(await seriousFindings(page)).toEqual([]);
    };
    await isSound("all");
    await page.goto("/organizations/west");
    await row(page, "Wanda West").getByRole("checkbox").check();
    await isSound("people");
    for (const part of ["add", "courses", "settings"]) {
      await page.goto(`/organizations/west?view=${part}`);
      await page.locator("form button[type=submit]").first().waitFor();
      await isSound(part);
    }
    expect(faults).toEqual([]);
    await context.close();
  });
});
