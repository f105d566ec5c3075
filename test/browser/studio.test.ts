// Over 350 lines: one course is built, shared, lost and found again, step by step, in one browser.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { seriousFindings } from "../support/browser/axe.ts";
import {
  hasChromium,
  launchChromium,
  newContext,
  PHONE,
  screenshot,
  watchFaults,
} from "../support/browser/chromium.ts";
import { itemOn, type Person, Site, signInOnPage } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf, tokenFor } from "../support/node/api.ts";

const copySchema = z.looseObject({ revision: z.int(), text: z.string().nullable() });

describe.skipIf(!hasChromium)("an author's studio", () => {
  let site: Site;
  let browser: Browser;
  let author: Person;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    author = await site.person("author", "author");
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function pageOf(person: Person, path: string, look: Parameters<typeof newContext>[2] = {}) {
    const context = await newContext(browser, site.url, look);
    await site.signIn(context, person);
    const page = await context.newPage();
    await page.goto(path);
    return { context, page };
  }
  async function newCourse(slug: string, title: string, document?: object): Promise<void> {
    const client = await clientOf(site.url, "author", "author");
    expectAnswer(await client.post("/api/v1/courses", { slug, title }), 201, z.unknown());
    if (document !== undefined) {
      expectAnswer(await client.post(`/api/v1/courses/${slug}/versions`, { document }), 201, z.unknown());
    }
  }
  const saved = (page: Page) => page.locator('[data-save="saved"]').waitFor();
  const row = (page: Page, title: string) =>
    page.getByRole("treeitem").filter({ has: page.getByText(title, { exact: true }) });
  const titles = (page: Page) => page.locator(".studio-row .studio-title").allInnerTexts();
  const tool = (page: Page, name: string) => page.getByRole("toolbar").getByRole("button", { name, exact: true });
  const title = (page: Page) => page.getByLabel("Title (English)");
  const setRule = async (page: Page, rule: object) => {
    const json = page.locator(".rule-json");
    if ((await json.getAttribute("open")) === null) await json.getByText("As JSON").click();
    await json.getByRole("textbox").fill(JSON.stringify(rule));
    await json.getByRole("button", { name: "Use this" }).click();
  };

  it("builds a course of ten items by pointer and keyboard, sees each fault at its place, and publishes it", async () => {
    const { context, page } = await pageOf(author, "/author");
    const faults = watchFaults(page);
    await page.getByLabel("Short name for addresses").fill("garden");
    await page.getByLabel("Title", { exact: true }).fill("A garden");
    await page.getByRole("button", { name: "Create" }).click();
    await row(page, "Welcome").waitFor();

    // By pointer: a chapter, and three items in it.
    await tool(page, "Add chapter").click();
    await title(page).fill("Soil");
    await page.getByLabel("Title (Chinese)").fill("土壤");
    for (const name of ["Sand", "Clay", "Loam"]) {
      await tool(page, "Add item").click();
      await title(page).fill(name);
    }
    // By keyboard alone: another chapter with three items, from the tree.
    const tree = page.getByRole("tree");
    await row(page, "Soil").click();
    await page.keyboard.press("Shift+Insert");
    await expect.poll(() => title(page).evaluate((field) => document.activeElement === field)).toBe(true);
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("Seeds");
    for (const name of ["Beans", "Peas", "Carrots"]) {
      await tree.focus();
      await page.keyboard.press("Insert");
      await expect.poll(() => title(page).inputValue()).toBe("New item");
      await expect.poll(() => title(page).evaluate((field) => document.activeElement === field)).toBe(true);
      await page.keyboard.press("ControlOrMeta+A");
      await page.keyboard.type(name);
    }
    await expect
      .poll(() => titles(page))
      .toEqual(["Welcome", "Soil", "Sand", "Clay", "Loam", "Seeds", "Beans", "Peas", "Carrots"]);
    // A copy is the tenth item; undo and redo.
    await row(page, "Carrots").click();
    await page.keyboard.press("ControlOrMeta+D");
    await row(page, "Carrots (copy)").waitFor();
    await page.keyboard.press("ControlOrMeta+Z");
    await row(page, "Carrots (copy)").waitFor({ state: "detached" });
    await page.keyboard.press("ControlOrMeta+Y");
    await row(page, "Carrots (copy)").click();
    await title(page).fill("Harvest");

    // Moved by keyboard: up within the chapter, and said so.
    await row(page, "Peas").click();
    await page.keyboard.press("Alt+ArrowUp");
    await page.getByText("“Peas” is in “Seeds” now, at place 1.").waitFor({ state: "attached" });
    // Moved by pointer: Loam from Soil to below Peas.
    const [from, to] = [await row(page, "Loam").boundingBox(), await row(page, "Peas").boundingBox()];
    if (from === null || to === null) throw new Error("the lines are not to be seen");
    await page.mouse.move(from.x + 80, from.y + 20);
    await page.mouse.down();
    await page.mouse.move(to.x + 80, to.y + 10, { steps: 4 });
    await page.mouse.move(to.x + 80, to.y + 34, { steps: 4 });
    await page.locator(".studio-drop").waitFor();
    await page.mouse.up();
    await expect
      .poll(() => titles(page))
      .toEqual(["Welcome", "Soil", "Sand", "Clay", "Seeds", "Peas", "Loam", "Beans", "Carrots", "Harvest"]);

    // Conditions, requirements, windows, visibility and answers, each in the form.
    await row(page, "Soil").click();
    await setRule(page, { completed: "garden.nothing" });
    // The problem stands at its item, at its field and in the list; and goes when it is mended.
    await row(page, "Soil").locator(".studio-count.is-bad").waitFor();
    await page.locator(".studio-findings .is-bad").getByText("garden.nothing").waitFor();
    await screenshot(page, "studio-1-problem-at-its-field");
    await setRule(page, { completed: "garden.welcome" });
    await page.locator('.studio-problems[data-errors="0"]').waitFor();
    await row(page, "Sand").click();
    await page.getByLabel("What learners answer with").selectOption("number");
    await page.getByLabel("Right number").fill("42");
    await row(page, "Clay").click();
    await page.getByRole("combobox", { name: "It is complete", exact: true }).selectOption("view");
    await page.getByRole("combobox", { name: "Due", exact: true }).selectOption("days");
    await page.getByLabel("Due: days").fill("14");
    await row(page, "Harvest").click();
    await page.getByLabel("Visibility").selectOption("unlisted");
    await page.getByLabel("Only for cohorts").fill("spring, autumn");
    await page.getByRole("button", { name: "Course settings", exact: true }).click();
    const certificate = page.getByRole("combobox", { name: "Certificate" });
    await certificate.selectOption({ label: "The whole course" });
    await certificate.selectOption({ label: "None" });
    await certificate.selectOption({ label: "Welcome" });
    // Another short name: what names the item follows.
    await row(page, "Welcome").click();
    await page.getByLabel("Short name").fill("gate");
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Course settings", exact: true }).click();
    expect(await certificate.inputValue()).toBe("garden.gate");
    await row(page, "Soil").click();
    await page.getByText("Opens when Welcome is complete.").waitFor();
    // What waits for an item is named before it is deleted.
    await row(page, "Welcome").click();
    await tool(page, "Delete").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Soil", { exact: true }).waitFor();
    await screenshot(page, "studio-2-delete-names-dependents");
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await saved(page);

    // The map as it will look, to somebody who exists only here.
    await page.getByRole("radio", { name: "Map" }).check();
    await itemOn(page, "garden.chapter", "locked").waitFor();
    await itemOn(page, "garden.gate", "unlocked").click();
    await page.getByLabel("“Welcome” is complete").check();
    await itemOn(page, "garden.chapter", "unlocked").waitFor();
    await screenshot(page, "studio-3-preview");

    await page.getByRole("radio", { name: "Publish" }).check();
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByText("Published as version 1.").waitFor();
    await page.getByText("No changes.").waitFor();
    // What comes next is one press away: from here, and from the empty list of people.
    await page.getByRole("link", { name: "Invite people" }).click();
    await page.getByRole("heading", { name: "Invite by a link" }).waitFor();
    await page.goto("/author/garden/people");
    await page.getByText("Nobody here yet.").waitFor();
    await page.getByRole("link", { name: "Add people" }).click();
    await page.getByRole("heading", { name: "Invite by a link" }).waitFor();
    expect(faults).toEqual([]);
    await context.close();

    // A learner opens it.
    const learner = await site.learner("gardener", "garden");
    const theirs = await pageOf(learner, "/courses/garden");
    await itemOn(theirs.page, "garden.chapter", "locked").waitFor();
    await theirs.page.goto("/courses/garden/chapters/gate");
    await theirs.page.getByRole("button", { name: "Mark this chapter as completed" }).click();
    await theirs.page.getByText(/^Completed /).waitFor();
    await theirs.page.goto("/courses/garden/chapters/chapter");
    await theirs.page.getByRole("heading", { level: 1, name: "Soil" }).waitFor();
    await theirs.page.getByText("Sand").waitFor();
    await theirs.context.close();
    const earned = await site.admin.get("/api/v1/courses/garden/certificates?user_id=gardener");
    expect(earned.body).toMatchObject({ results: [{ user_id: "gardener" }] });

    // What publishing the next version would do, by title and learner; and what differs.
    const again = await pageOf(author, "/author/garden/studio");
    await row(again.page, "Soil").click();
    await title(again.page).fill("Earth");
    await setRule(again.page, { cohort: "nobody" });
    await saved(again.page);
    await again.page.getByRole("radio", { name: "Publish" }).check();
    await again.page.getByLabel("For learners who are in the course").selectOption("relock");
    await again.page.getByRole("button", { name: "Show the effect" }).click();
    const impact = again.page.locator('[data-outcome="impact"]');
    await impact.getByText("Earth: locks for 1").waitFor();
    await impact.getByText("Person gardener").waitFor();
    await again.page.getByRole("button", { name: "Compare" }).click();
    await again.page.locator('[data-difference="changed"]').getByText("title, when it opens").waitFor();
    expect(await again.page.locator("[data-difference]").count()).toBe(1);
    await screenshot(again.page, "studio-4-publish");
    await again.context.close();
  });

  it("keeps fields that a form does not know, from outline to text and back", async () => {
    const document = {
      slug: "odd",
      title: { zh: "奇怪" },
      options: { beta: { cohorts: ["early"], days: 2 } },
      chapters: [
        {
          rule: { any: [{ hide: { cohort: "x" } }, { after_enrollment: { days: 0.5 } }] },
          id: "odd.a",
          title: "A",
          completion: { children: { percent: 50, weights: { "odd.p": 2 } } },
          problems: [{ id: "odd.p", title: "P", rubric: { criteria: [{ id: "c", title: "C", points: 2 }] } }],
        },
      ],
    };
    await newCourse("odd", "Odd");
    const { context, page } = await pageOf(author, "/author/odd");
    const editor = page.getByLabel("Course document, JSON");
    await editor.fill(JSON.stringify({ ...document, strange: [1, { two: null }] }));
    await page.getByRole("radio", { name: "Outline" }).check();
    await page.locator(".studio-findings .is-bad").getByText("strange").waitFor();
    await row(page, "P").click();
    await title(page).fill("Q");
    await page.getByRole("radio", { name: "JSON" }).check();
    const text = await editor.inputValue();
    expect(JSON.parse(text)).toEqual({
      ...document,
      strange: [1, { two: null }],
      chapters: document.chapters.map((chapter) => ({
        ...chapter,
        problems: chapter.problems.map((problem) => ({ ...problem, title: "Q" })),
      })),
    });
    // In the order that the author wrote it.
    expect(text.indexOf('"rule"')).toBeLessThan(text.indexOf('"odd.a"'));
    // What is half typed in a field is neither used nor lost.
    await page.getByRole("radio", { name: "Outline" }).check();
    const half = '{ "children": {';
    await row(page, "A").click();
    const completion = page.getByLabel("Completion requirement");
    await completion.fill(half);
    await page.locator(".rule-json summary").click();
    await page.locator(".rule-json textarea").fill('{ "any": [');
    await page.reload();
    await row(page, "A").click();
    await expect.poll(() => completion.inputValue()).toBe(half);
    await expect.poll(() => page.locator(".rule-json textarea").inputValue()).toBe('{ "any": [');
    await page.getByRole("radio", { name: "JSON" }).check();
    expect(await editor.inputValue()).toBe(text);
    // A text that is no document has no outline, and is not lost.
    await editor.fill("{ half");
    await page.getByRole("radio", { name: "Outline" }).check();
    await page.getByText("The text is not a course document now").waitFor();
    await page.reload();
    await page.getByRole("radio", { name: "JSON" }).check();
    await expect.poll(() => editor.inputValue()).toBe("{ half");
    await context.close();
  });

  it("keeps the selection if the copy had earlier revisions, and if another author's text arrives", async () => {
    const chapters = [
      { id: "kept.a", title: "First" },
      { id: "kept.b", title: "Second" },
    ];
    await newCourse("kept", "Kept", { slug: "kept", title: "Kept", chapters });
    const client = await clientOf(site.url, "author", "author");
    const path = "/api/v1/courses/kept/working-copy";
    expectAnswer(await client.put(path, { text: null, revision: 0 }), 200, z.unknown());
    const { context, page } = await pageOf(author, "/author/kept/studio?item=kept.b");
    await page.locator('[data-rule-of="kept.b"]').waitFor();
    const text = JSON.stringify({
      slug: "kept",
      title: "Kept",
      chapters: [{ id: "kept.c", title: "New" }, ...chapters],
    });
    expectAnswer(await client.put(path, { text, revision: 1 }), 200, z.unknown());
    // The page asks when somebody looks at it again.
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await row(page, "New").waitFor();
    await page.locator('[data-rule-of="kept.b"]').waitFor();
    expect(new URL(page.url()).searchParams.get("item")).toBe("kept.b");
    await context.close();
  });

  it("loses nothing because of another author, a lost network, a reload or an ended session", async () => {
    await newCourse("shared", "Shared", {
      slug: "shared",
      title: "Shared",
      chapters: [
        { id: "shared.a", title: "First" },
        { id: "shared.b", title: "Second" },
      ],
    });
    const second = await site.person("second", "author");
    const client = await clientOf(site.url, "author", "author");
    const member = { role: "co_author" };
    expectAnswer(await client.put("/api/v1/courses/shared/members/second", member), 200, z.unknown());
    const [mine, theirs] = [
      await pageOf(author, "/author/shared/studio"),
      await pageOf(second, "/author/shared/studio"),
    ];
    await row(mine.page, "First").waitFor();
    await row(theirs.page, "First").waitFor();
    // The one who comes later hears at once that somebody else is here.
    await theirs.page.getByText("is editing this course, too", { exact: false }).waitFor();

    // Both write: the second save is refused, and says whose is there.
    await row(mine.page, "First").click();
    await row(theirs.page, "Second").click();
    await title(theirs.page).fill("Second by the other");
    await theirs.page.locator('[data-save="saved"][data-revision="1"]').waitFor();
    await title(mine.page).fill("First by me");
    const conflict = mine.page.locator("[data-conflict]");
    await conflict.getByText("Person second saved another revision", { exact: false }).waitFor();
    await screenshot(mine.page, "studio-5-conflict");
    // Theirs is loaded; what I wrote comes back by undoing, and is saved over theirs when I say so.
    await conflict.getByRole("button", { name: "Load theirs" }).click();
    await row(mine.page, "Second by the other").waitFor();
    await row(mine.page, "First").waitFor();
    await tool(mine.page, "Undo").click();
    await row(mine.page, "First by me").waitFor();
    await tool(mine.page, "Redo").click();
    await row(mine.page, "First").click();
    await title(mine.page).fill("First, again by me");
    await saved(mine.page);
    // The other, who has typed nothing meanwhile, gets it by themselves.
    await row(theirs.page, "First, again by me").waitFor({ timeout: 45_000 });
    await theirs.context.close();

    // A dead network: what is typed is in this browser, over a reload, and saved when the server answers.
    await mine.page.route("**/working-copy**", (route) => route.abort());
    await title(mine.page).fill("Typed without a network");
    await mine.page.getByText("Your text is kept in this browser", { exact: false }).waitFor();
    await mine.page.reload();
    await row(mine.page, "Typed without a network").waitFor();
    await mine.page.unroute("**/working-copy**");
    await saved(mine.page);
    const copy = expectAnswer(await client.get("/api/v1/courses/shared/working-copy"), 200, copySchema);
    expect(copy.text).toContain("Typed without a network");

    // A session that ends in the middle: the sign-in page comes, and after it the text.
    const context = await newContext(browser, site.url);
    const page = await context.newPage();
    await signInOnPage(page, author);
    await page.goto("/author/shared/studio");
    await row(page, "Second by the other").click();
    await page.route("**/api/v1/**", async (route) => {
      const path = new URL(route.request().url()).pathname;
      if (path === "/api/v1/auth/token" || path.endsWith("/working-copy")) {
        await route.fulfill({
          status: 401,
          contentType: "application/problem+json",
          body: '{"code":"unauthenticated","title":"x","status":401}',
        });
      } else await route.continue();
    });
    await title(page).fill("Typed as the session ended");
    await page.locator("[name=password]").waitFor();
    await page.unroute("**/api/v1/**");
    await page.locator("[name=email]").fill(author.email);
    await page.locator("[name=password]").fill(author.password);
    await page.locator("form button[type=submit]").click();
    await row(page, "Typed as the session ended").waitFor();
    await saved(page);
    await context.close();
    await mine.context.close();
  });

  it("begins a course with the sample or with a copy, under its own name", async () => {
    const { context, page } = await pageOf(author, "/author");
    await page.getByLabel("Short name for addresses").fill("from-sample");
    await page.getByLabel("Title", { exact: true }).fill("From the sample");
    await page.getByLabel("Begin with").selectOption("sample");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("treeitem").first().waitFor();
    await page.locator('.studio-problems[data-errors="0"]').waitFor();
    await page.goto("/author");
    await page.getByLabel("Short name for addresses").fill("from-copy");
    await page.getByLabel("Title", { exact: true }).fill("From a copy");
    await page.getByLabel("Begin with").selectOption("copy");
    await page.getByLabel("Course to copy").selectOption("algorithms");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("treeitem").first().waitFor();
    await page.locator('.studio-problems[data-errors="0"]').waitFor();
    await page.getByRole("radio", { name: "JSON" }).check();
    const text = await page.getByLabel("Course document, JSON").inputValue();
    expect(text).toContain('"from-copy.welcome"');
    expect(text).not.toContain('"algorithms.');
    await context.close();
  });

  it("copies the files of a course with its texts", async () => {
    await newCourse("pictured", "Pictured");
    const token = await tokenFor(author.id, "author");
    const upload = await fetch(`${site.url}/api/v1/courses/pictured/files?name=plan.txt`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "text/plain" },
      body: "the plan",
    });
    const { id } = z.object({ id: z.string() }).parse(await upload.json());
    const address = (course: string, file: string) => `/api/v1/courses/${course}/items/${course}.a/files/${file}`;
    const chapters = [{ id: "pictured.a", title: "A", content: `[plan](${address("pictured", id)})` }];
    const document = { slug: "pictured", title: "Pictured", chapters };
    const client = await clientOf(site.url, "author", "author");
    expectAnswer(await client.post("/api/v1/courses/pictured/versions", { document }), 201, z.unknown());
    const { context, page } = await pageOf(author, "/author");
    await page.getByLabel("Short name").fill("with-files");
    await page.getByLabel("Title", { exact: true }).fill("With files");
    await page.getByLabel("Begin with").selectOption("copy");
    await page.getByLabel("Course to copy").selectOption("pictured");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("treeitem").first().waitFor();
    await page.getByRole("radio", { name: "JSON" }).check();
    const text = await page.getByLabel("Course document, JSON").inputValue();
    const copy = /items\/with-files\.a\/files\/([0-9a-f]{32})/.exec(text)?.[1] ?? "";
    expect(["", id]).not.toContain(copy);
    const path = `/api/v1/courses/with-files/files/${copy}`;
    const copied = await fetch(`${site.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    expect([copied.status, await copied.text()]).toEqual([200, "the plan"]);
    await context.close();
  });

  it.each([
    ["en", "light", "desktop"],
    ["zh", "dark", "phone"],
  ] as const)("has no serious accessibility finding and fits: %s, %s, %s", async (language, theme, size) => {
    const look = { language, theme, ...(size === "phone" ? { size: PHONE } : {}) };
    const { context, page } = await pageOf(author, "/author/algorithms/studio", look);
    await page.getByRole("treeitem").nth(1).click();
    await page.locator(".studio-group").first().waitFor();
    for (const view of ["", "?view=map", "?view=publish"]) {
      if (view !== "") await page.goto(`/author/algorithms/studio${view}`);
      if (view === "?view=map") await page.locator(".map-card").first().waitFor();
      if (view === "?view=publish") await page.locator("#compare").waitFor();
      expect(await seriousFindings(page)).toEqual([]);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(beyond).toBeLessThanOrEqual(0);
      await screenshot(page, `studio-${language}-${theme}-${size}${view.replace("?view=", "-")}`);
    }
    await context.close();
  });
});
