import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { seriousFindings } from "../support/browser/axe.ts";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { type Person, Site } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";

const SLUG = "recorded";
const ACTIVITY = "https://content.example.org/one";

describe.skipIf(!hasChromium)("the page of learning records", () => {
  let site: Site;
  let browser: Browser;
  let operator: Person;
  let owner: Person;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    operator = await site.person("operator", "admin");
    owner = await site.person("owner", "author");
    const learner = await site.person("ada");
    const document = { slug: SLUG, title: "Recorded", chapters: [{ id: `${SLUG}.one`, title: "One" }] };
    const course = { slug: SLUG, title: "Recorded" };
    expectAnswer(await site.admin.post("/api/v1/courses", course), 201, z.unknown());
    expectAnswer(await site.admin.post(`/api/v1/courses/${SLUG}/versions`, { document }), 201, z.unknown());
    const role = { role: "co_author" };
    expectAnswer(await site.admin.put(`/api/v1/courses/${SLUG}/members/${owner.id}`, role), [200, 201], z.unknown());
    const path = `/api/v1/courses/${SLUG}/enrollments`;
    expectAnswer(await site.admin.post(path, { user_id: learner.id }), [200, 201], z.unknown());
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  const send = (key: string, statement: object) =>
    fetch(`${site.url}/api/v1/xapi/${SLUG}/statements`, {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`content:${key}`)}`,
        "content-type": "application/json",
        "x-experience-api-version": "1.0.3",
      },
      body: JSON.stringify(statement),
    });

  it("explains what statements report, makes a key, and shows received statements and why one was refused", async () => {
    const context = await newContext(browser, site.url);
    await site.signIn(context, operator);
    const page = await context.newPage();
    const faults = watchFaults(page);
    page.on("dialog", (dialog) => void dialog.accept());
    await page.goto(`/author/${SLUG}/records`);
    await page.getByText("This course takes no statements.").waitFor();
    await page.getByRole("button", { name: "Switch on" }).click();
    await page.getByText("This course takes statements.").waitFor();

    // What is wrong is said by its field, and nothing is lost of what was written.
    await page.getByRole("button", { name: "Add a line to Activities" }).click();
    await page.getByLabel("Activity, line 1").fill("one");
    await page.getByLabel("Item, line 1").fill(`${SLUG}.one`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("items.one").waitFor();
    await page.getByLabel("Activity, line 1").fill(ACTIVITY);
    await page.getByRole("button", { name: "Add a line to Verbs" }).click();
    await page.getByLabel("Verb, line 1").fill("https://content.example.org/verbs/finished");
    await page.getByLabel("Tells, line 1").selectOption("completed");
    await page.getByLabel("Home pages of accounts").fill("https://school.example.org");
    await page.getByRole("button", { name: "Save" }).click();
    const kept = async () => {
      const { body } = await site.admin.get(`/api/v1/courses/${SLUG}/xapi`);
      return z.object({ on: z.boolean(), settings: z.unknown() }).parse(body);
    };
    await expect.poll(kept).toMatchObject({
      on: true,
      settings: {
        items: { [ACTIVITY]: { item: `${SLUG}.one`, move_on: null } },
        verbs: { "https://content.example.org/verbs/finished": "completed" },
        home_pages: ["https://school.example.org"],
      },
    });

    await page.getByLabel("Name of the program").fill("player");
    await page.getByRole("button", { name: "Make a key" }).click();
    const key = (await page.getByText(/^lk_[0-9a-z]+_[0-9A-Za-z]{20,}$/).textContent()) ?? "";
    await page.locator("[data-key]").getByText("player").waitFor();
    const actor = { account: { homePage: "https://school.example.org", name: "ada" } };
    const finished = { actor, verb: { id: "https://content.example.org/verbs/finished" }, object: { id: ACTIVITY } };
    expect((await send(key, finished)).status).toBe(200);
    expect((await send(key, { ...finished, actor: { mbox: "nobody" } })).status).toBe(400);
    await page.getByRole("button", { name: "Look again" }).click();
    await page.locator("[data-statement]").getByText("recorded").waitFor();
    await page.locator("[data-refused=invalid_input]").getByText("actor.mbox").waitFor();
    await screenshot(page, "records-1");
    expect(await seriousFindings(page)).toEqual([]);
    // A key is shown once, and revoked here.
    await page.reload();
    await page.getByRole("button", { name: "Revoke: player" }).click();
    await page.getByText("No key may send statements to this course.").waitFor();
    expect(await page.getByText(key).count()).toBe(0);
    expect((await send(key, finished)).status).toBe(401);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("works for a co-author in Chinese and on a phone, without the keys", async () => {
    const look = { size: { width: 390, height: 800 }, theme: "dark", language: "zh" } as const;
    const context = await newContext(browser, site.url, look);
    await site.signIn(context, owner);
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(`/author/${SLUG}/records`);
    await page.getByRole("heading", { name: "学习记录" }).waitFor();
    await page.getByText("密钥由管理员在本页创建。").waitFor();
    await page.getByLabel("活动，第 1 行").waitFor();
    expect(await page.getByRole("button", { name: "创建密钥" }).count()).toBe(0);
    await screenshot(page, "records-2");
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });
});
