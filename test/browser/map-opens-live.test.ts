import { writeFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { hasChromium, launchChromium, newContext } from "../support/browser/chromium.ts";
import { itemOn, Site, untilLive } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

// The picture of the README, and the test of what it says. `LATCHKEY_PICTURE=1` draws the picture again.

const COURSE = "algorithms";
const PICTURE = fromRoot("docs/map.png");
const FRAME = { width: 1_000, height: 900 };
/** Width of each moment in the picture. */
const SHOWN = 620;

describe.skipIf(!hasChromium)("the map of a course", () => {
  let site: Site;
  let browser: Browser;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  it("opens by itself when the learner completes a chapter on another device", async () => {
    const person = await site.learner("map-watcher", COURSE);
    const context = await newContext(browser, site.url, { size: FRAME });
    await site.signIn(context, person);
    const page = await context.newPage();
    await page.goto(`/courses/${COURSE}`);
    await itemOn(page, "algorithms.complexity", "locked").waitFor();
    await untilLive(page);
    await page.evaluate(() => {
      window.name = "never reloaded";
    });
    const before = await frame(page);

    const otherDevice = await clientOf(site.url, person.id);
    const path = `/api/v1/courses/${COURSE}/chapters/algorithms.welcome/mark_as_completed`;
    expectAnswer(await otherDevice.post(path, {}), 200, z.unknown());
    await itemOn(page, "algorithms.complexity", "unlocked").waitFor();
    await page.getByText("Just opened").first().waitFor();
    expect(await page.evaluate(() => window.name)).toBe("never reloaded");

    if (process.env.LATCHKEY_PICTURE !== undefined) writeFileSync(PICTURE, await sideBySide(before, await frame(page)));
  });

  function frame(page: Page): Promise<Buffer> {
    return page.screenshot({ animations: "disabled" });
  }

  /** Both moments in one picture, with what happened between them. */
  async function sideBySide(before: Buffer, after: Buffer): Promise<Buffer> {
    const figure = (picture: Buffer, caption: string) =>
      `<figure><figcaption>${caption}</figcaption><img src="data:image/png;base64,${picture.toString("base64")}"></figure>`;
    const page = await browser.newPage({
      viewport: { width: 2 * SHOWN + 66, height: Math.round((FRAME.height * SHOWN) / FRAME.width) + 78 },
    });
    await page.setContent(
      `<style>body{margin:20px;display:flex;gap:20px;background:#fff;font:600 17px sans-serif;color:#222}figure{margin:0}
       figcaption{height:34px}img{width:${SHOWN}px;border:1px solid #bbb;border-radius:6px}</style>` +
        figure(before, "1. Only “Welcome” is open.") +
        figure(after, "2. “Welcome” was completed on another device. No reload."),
    );
    return page.screenshot();
  }
});
