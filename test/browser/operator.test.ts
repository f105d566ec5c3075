import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { itemOn, type Person, Site, untilLive } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf, tokenFor } from "../support/node/api.ts";
import { openD1 } from "../support/node/database.ts";

const ESSAY = "open-answers.essay";
const PRIZE = "open-answers.prize";

describe.skipIf(!hasChromium)("an operator", () => {
  let site: Site;
  let browser: Browser;
  let operator: Person;
  let learner: Person;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    operator = await site.person("operator", "admin");
    const document = {
      slug: "open-answers",
      title: "Open answers",
      chapters: [],
      problems: [
        { id: ESSAY, title: "Essay", content: "Write something." },
        { id: PRIZE, title: "Prize", content: "Well done.", rule: { completed: ESSAY } },
      ],
    };
    const { slug, title } = document;
    expectAnswer(await site.admin.post("/api/v1/courses", { slug, title }), 201, z.unknown());
    expectAnswer(await site.admin.post(`/api/v1/courses/${slug}/versions`, { document }), 201, z.unknown());
    learner = await site.learner("writer", slug);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  it("sees streams, stale snapshots and dead letters, sends a dead letter again, and judges a submission that opens an item", async () => {
    const context = await newContext(browser, site.url);
    await site.signIn(context, operator);
    const page = await context.newPage();
    const faults = watchFaults(page);
    const theirs = await newContext(browser, site.url);
    await site.signIn(theirs, learner);
    const watched = await theirs.newPage();
    await watched.goto("/courses/open-answers");
    await itemOn(watched, PRIZE, "locked").waitFor();
    await untilLive(watched);

    putDeadLetter(site.stateDir);
    const writer = await clientOf(site.url, learner.id);
    const answer = { answer: "Once upon a time" };
    expectAnswer(await writer.post(`/api/v1/problems/${ESSAY}/submissions`, answer), 201, z.unknown());

    // A store of learning records that has refused something.
    const on = { on: true, items: { "https://a.org/essay": { item: ESSAY } } };
    expectAnswer(await site.admin.put("/api/v1/courses/open-answers/xapi", on), 200, z.unknown());
    const records = await fetch(`${site.url}/api/v1/xapi/open-answers/statements`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await tokenFor("records", "service")}`,
        "content-type": "application/json",
        "x-experience-api-version": "1.0.3",
      },
      body: JSON.stringify({ actor: { mbox: "nobody" } }),
    });
    expect(records.status).toBe(400);

    await page.goto("/operator");
    await page.getByRole("heading", { name: "Live streams" }).waitFor();
    await page.getByText("streams open").waitFor();
    await page.getByRole("heading", { name: "Pipeline" }).waitFor();
    await page.getByRole("cell", { name: "latchkey-projection" }).waitFor();
    await page.getByText("divergences in a day").waitFor();
    await page.getByRole("cell", { name: "Open answers open-answers" }).waitFor();

    const store = page.locator('[data-store="open-answers"]');
    await store.getByText("actor.mbox").waitFor();
    await store.getByRole("button", { name: "Newest" }).click();
    await page.getByText("No statement has come yet.").waitFor();

    const letter = page.locator('[data-letter="letter-1"]');
    await letter.waitFor();
    await screenshot(page, "operator-1");
    await letter.getByRole("button", { name: "Send again" }).click();
    await letter.waitFor({ state: "detached" });

    const refresh = page.getByRole("button", { name: "Refresh (Submissions that wait for a verdict)" });
    const row = page.locator("[data-submission]").first();
    // The list is a mirror, which follows the learner's object within a moment.
    await expect.poll(() => refresh.click().then(() => row.count()), { timeout: 30_000, interval: 1_000 }).toBe(1);
    await row.getByText("Once upon a time").waitFor();
    await row.getByRole("button", { name: "Accept" }).click();
    await row.waitFor({ state: "detached" });
    await itemOn(watched, PRIZE, "unlocked").waitFor();
    await screenshot(page, "operator-2");
    expect(faults).toEqual([]);
    await Promise.all([context.close(), theirs.close()]);
  });

  it("is the only user who sees the page", async () => {
    const context = await newContext(browser, site.url);
    await site.signIn(context, learner);
    const page = await context.newPage();
    await page.goto("/operator");
    await page.getByRole("heading", { level: 1, name: "No access with this account" }).waitFor();
    expect(await page.getByRole("link", { name: "Operator" }).count()).toBe(0);
    await context.close();
  });
});

/** A message that failed its last retry, as the queue's consumer would have stored it. */
function putDeadLetter(stateDir: string): void {
  const database = openD1(stateDir, { readOnly: false });
  try {
    database.exec("PRAGMA busy_timeout = 5000");
    database
      .prepare("INSERT INTO dead_letters (id, queue, body, attempts, failed_at) VALUES (?, ?, ?, ?, ?)")
      .run("letter-1", "latchkey-refresh", JSON.stringify({ type: "cleanup" }), 4, Date.now());
  } finally {
    database.close();
  }
}
