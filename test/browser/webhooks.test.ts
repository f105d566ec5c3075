import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { type Person, Site } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";

const SLUG = "hooked";

describe.skipIf(!hasChromium)("the page of webhooks", () => {
  let site: Site;
  let browser: Browser;
  let operator: Person;
  let receiver: Server;
  let url = "";
  let status = 204;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    operator = await site.person("operator", "admin");
    const document = { slug: SLUG, title: "Hooked", chapters: [{ id: `${SLUG}.one`, title: "One" }] };
    expectAnswer(await site.admin.post("/api/v1/courses", { slug: SLUG, title: "Hooked" }), 201, z.unknown());
    expectAnswer(await site.admin.post(`/api/v1/courses/${SLUG}/versions`, { document }), 201, z.unknown());
    receiver = createServer((request, response) => {
      request.resume();
      response.writeHead(status).end();
    });
    receiver.listen(0, "127.0.0.1");
    await once(receiver, "listening");
    const address = receiver.address();
    url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/hook`;
  });
  afterAll(async () => {
    receiver?.close();
    await browser?.close();
    await site?.stop();
  });

  it("adds a receiver, shows its secret once, tests it, says why a delivery failed, and delivers it again", async () => {
    const context = await newContext(browser, site.url);
    await site.signIn(context, operator);
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(`/author/${SLUG}/webhooks`);
    await page.getByText("No other system is told anything.").waitFor();
    await page.getByLabel("Address").fill(url);
    await page.getByLabel("a version was published").check();
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText(/whsec_/).waitFor();
    const line = page.locator("[data-webhook]");
    await line.waitFor();
    await line.getByRole("button", { name: "Send a test" }).click();
    await line.getByText("The receiver answered 204").waitFor();

    status = 500;
    const document = { slug: SLUG, title: "Hooked twice", chapters: [{ id: `${SLUG}.one`, title: "One" }] };
    expectAnswer(await site.admin.post(`/api/v1/courses/${SLUG}/versions`, { document }), 201, z.unknown());
    const seen = async () => {
      await page.reload();
      // The page reads its list after it is loaded.
      const told = line.getByText("The receiver answered 500.").waitFor({ timeout: 2_000 });
      return told.then(
        () => true,
        () => false,
      );
    };
    await expect.poll(seen, { timeout: 60_000 }).toBe(true);
    expect(await page.getByText(/whsec_/).count()).toBe(0);
    status = 204;
    await line.getByRole("button", { name: "Deliveries" }).click();
    const delivery = line.locator("[data-delivery]");
    await delivery.getByText("a version was published").waitFor();
    await screenshot(page, "webhooks-1");
    await delivery.getByRole("button", { name: "Deliver again" }).click();
    await line.getByText("It is delivered again in a moment.").waitFor();
    await expect
      .poll(
        () =>
          page
            .reload()
            .then(() => line.getByRole("button", { name: "Deliveries" }).click())
            .then(() => delivery.first().waitFor())
            .then(() => delivery.getByText("delivered").count()),
        { timeout: 30_000, interval: 1_000 },
      )
      .toBe(1);

    await page.goto("/operator");
    await page.getByRole("link", { name: "Webhooks" }).click();
    await line.getByText(SLUG).waitFor();
    page.once("dialog", (dialog) => void dialog.accept());
    await line.getByRole("button", { name: "Remove" }).click();
    await page.getByText("No other system is told anything.").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });
});
