import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { Cable } from "../support/browser/cable.ts";
import { hasChromium, launchChromium, newContext, screenshot } from "../support/browser/chromium.ts";
import { itemOn, type Person, Site, untilLive } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

/** Openings measured; the first warms everything up and is not counted. */
const RUNS = 12;
/** Long enough for the client to give up on the stream and poll, milliseconds. */
const FALLBACK_MS = 90_000;

describe.skipIf(!hasChromium)("live updates", () => {
  let site: Site;
  let browser: Browser;
  let courses = 0;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  /** A course of chapters in a row, and somebody who learns it. */
  async function lesson(length: number): Promise<{ course: string; chapters: string[]; person: Person }> {
    courses += 1;
    const course = `chain-${courses}`;
    const chapters = await site.chain(course, length);
    return { course, chapters, person: await site.learner(`learner-${courses}`, course) };
  }

  async function complete(person: Person, course: string, chapter: string): Promise<void> {
    const learner = await clientOf(site.url, person.id);
    const path = `/api/v1/courses/${course}/chapters/${chapter}/mark_as_completed`;
    expectAnswer(await learner.post(path, {}), 200, z.unknown());
  }

  async function openMap(context: BrowserContext, course: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`/courses/${course}`);
    await itemOn(page, `${course}.c0`).waitFor();
    return page;
  }

  it("arrive after the network was disconnected, and none is missing", async () => {
    const { course, chapters, person } = await lesson(6);
    const cable = await Cable.to(site.url);
    const context = await newContext(browser, cable.url);
    await site.signIn(context, person);
    const page = await openMap(context, course);
    await untilLive(page);
    await complete(person, course, chapters[0] ?? "");
    await itemOn(page, chapters[1] ?? "", "unlocked").waitFor();

    cable.cut();
    await page.locator('.connection:not([data-state="live"])').waitFor();
    await screenshot(page, "live-1-cut");
    // Three things happen while nobody can say so.
    for (const chapter of chapters.slice(1, 4)) await complete(person, course, chapter);
    expect(await itemOn(page, chapters[2] ?? "").getAttribute("data-state")).toBe("locked");
    cable.plugIn();
    for (const chapter of chapters.slice(1, 4)) await itemOn(page, chapter, "completed").waitFor({ timeout: 60_000 });
    await itemOn(page, chapters[4] ?? "", "unlocked").waitFor();
    await untilLive(page);
    // And it goes on from there.
    await complete(person, course, chapters[4] ?? "");
    await itemOn(page, chapters[5] ?? "", "unlocked").waitFor();
    await context.close();
    await cable.remove();
  });

  it("[fault 37] show progress from another device, even if it opens nothing", async () => {
    const { course, chapters, person } = await lesson(1);
    const context = await newContext(browser, site.url);
    await site.signIn(context, person);
    const page = await openMap(context, course);
    await untilLive(page);
    await complete(person, course, chapters[0] ?? "");
    await itemOn(page, chapters[0] ?? "", "completed").waitFor();
    await context.close();
  });

  it("are polled if neither a socket nor a stream opens", async () => {
    const { course, chapters, person } = await lesson(3);
    const context = await newContext(browser, site.url);
    await context.routeWebSocket(/\/api\/v1\/events\/socket/, (socket) => socket.close());
    await context.route("**/api/v1/events/stream*", (route) => route.abort());
    await site.signIn(context, person);
    const page = await openMap(context, course);
    await page.locator('.connection[data-state="polling"]').waitFor({ timeout: FALLBACK_MS });
    await screenshot(page, "live-2-polling");
    await complete(person, course, chapters[0] ?? "");
    await itemOn(page, chapters[1] ?? "", "unlocked").waitFor({ timeout: 45_000 });
    await context.close();
  });

  it("reach three tabs over one socket, and go on when the tab that holds it is closed", async () => {
    const { course, chapters, person } = await lesson(4);
    const context = await newContext(browser, site.url);
    const connections: string[] = [];
    const note = (address: string) => {
      const [, way] = /\/api\/v1\/events\/(socket|stream)/.exec(address) ?? [];
      if (way !== undefined) connections.push(way);
    };
    context.on("request", (request) => note(request.url()));
    context.on("page", (page) => page.on("websocket", (socket) => note(socket.url())));
    await site.signIn(context, person);
    const first = await openMap(context, course);
    await untilLive(first);
    const second = await openMap(context, course);
    const third = await openMap(context, course);
    for (const tab of [second, third]) await untilLive(tab);
    expect(connections).toEqual(["socket"]);
    await complete(person, course, chapters[0] ?? "");
    for (const tab of [first, second, third]) await itemOn(tab, chapters[1] ?? "", "unlocked").waitFor();

    await first.close();
    await complete(person, course, chapters[1] ?? "");
    for (const tab of [second, third]) await itemOn(tab, chapters[2] ?? "", "unlocked").waitFor();
    // The tab that takes over reads first, and may so know before its socket is open.
    await expect.poll(() => connections, { timeout: 30_000 }).toEqual(["socket", "socket"]);
    await context.close();
  });

  it("show the learner's own work in another tab and on another device", async () => {
    const { course, chapters, person } = await lesson(RUNS + 1);
    const [here, there] = [await newContext(browser, site.url), await newContext(browser, site.url)];
    for (const context of [here, there]) await site.signIn(context, person);
    const otherTab = await openMap(here, course);
    const otherDevice = await openMap(there, course);
    const page = await here.newPage();
    await page.goto(`/courses/${course}/chapters/c0`);
    for (const tab of [otherTab, otherDevice, page]) await untilLive(tab);
    const times: Record<"tab behind this one" | "browser", number[]> = { "tab behind this one": [], browser: [] };
    for (let run = 0; run < RUNS; run += 1) {
      const next = chapters[run + 1] ?? "";
      await page.evaluate((path) => history.pushState(null, "", path), `/courses/${course}/chapters/c${run}`);
      const button = page.getByRole("button", { name: "Mark this chapter as completed" });
      await page.getByRole("heading", { level: 1, name: `Chapter ${run + 1}`, exact: true }).waitFor();
      await button.waitFor();
      const shown = [shownAt(otherTab, next, false), shownAt(otherDevice, next, true)];
      const clicked = page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            document.addEventListener("click", () => resolve(Date.now()), { capture: true, once: true });
          }),
      );
      await button.click();
      const [start, tab = 0, device = 0] = await Promise.all([clicked, ...shown]);
      if (run === 0) continue;
      times["tab behind this one"].push(tab - start);
      times.browser.push(device - start);
    }
    expect(times.browser.length).toBeGreaterThanOrEqual(10);
    for (const [where, list] of Object.entries(times)) {
      process.stdout.write(
        `from the click to the open lock in another ${where}: median ${median(list)} ms of ${list.length} (${list.join(", ")})\n`,
      );
    }
    expect(median(times.browser)).toBeLessThan(2_000);
    await Promise.all([here.close(), there.close()]);
  });
});

/**
 * When an item is on the screen as open: the first frame after the page says so. A tab in the background has no frames to
 * speak of, so there it is when the page says so. Both ends have one clock.
 */
function shownAt(page: Page, item: string, isInFront: boolean): Promise<number> {
  return page.evaluate(
    ([id, waitsForFrame]) =>
      new Promise<number>((resolve) => {
        const look = () => {
          const state = document.querySelector(`[data-item="${id}"]`)?.getAttribute("data-state");
          if (state === "locked" || state === undefined) return;
          observer.disconnect();
          if (waitsForFrame) requestAnimationFrame(() => setTimeout(() => resolve(Date.now())));
          else resolve(Date.now());
        };
        const observer = new MutationObserver(look);
        observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-state"] });
        look();
      }),
    [item, isInFront] as const,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
