import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { seriousFindings } from "../support/browser/axe.ts";
import {
  DESKTOP,
  hasChromium,
  launchChromium,
  newContext,
  PHONE,
  screenshot,
  watchFaults,
} from "../support/browser/chromium.ts";
import { itemOn, type Person, Site } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { clientOf } from "../support/node/api.ts";

const THEMES = ["light", "dark"] as const;
const LANGUAGES = ["en", "zh"] as const;
/** Every page, with whom it is for and what is on it once it is there. */
const PAGES = [
  { name: "sign-in", who: null, path: "/", ready: "[name=password]" },
  { name: "courses", who: "learner", path: "/courses", ready: ".card progress" },
  { name: "map", who: "learner", path: "/courses/algorithms?item=graphs", ready: ".why, .outline" },
  { name: "chapter", who: "learner", path: "/courses/algorithms/chapters/complexity", ready: ".prose" },
  { name: "chapter-locked", who: "learner", path: "/courses/algorithms/chapters/graphs", ready: ".why" },
  { name: "problem", who: "learner", path: "/courses/algorithms/problems/count-loop", ready: "textarea" },
  { name: "not-found", who: "learner", path: "/nowhere", ready: "main .button" },
  { name: "author", who: "author", path: "/author", ready: ".card" },
  { name: "author-course", who: "author", path: "/author/algorithms", ready: "[data-version]" },
  { name: "author-studio", who: "author", path: "/author/algorithms/studio", ready: "[role=treeitem]" },
  { name: "operator", who: "admin", path: "/operator", ready: ".figures" },
] as const;

/** Views with which somebody may begin; what comes after them is loaded on demand. */
const FIRST_VIEWS = [{ name: "sign-in" }, { name: "courses" }, { name: "map" }] as const;
const FIRST_VIEW_BYTES = 150_000;

describe.skipIf(!hasChromium)("the pages", () => {
  let site: Site;
  let browser: Browser;
  const people = new Map<string, Person>();
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    people.set("learner", await site.learner("learner", "algorithms"));
    people.set("author", await site.person("author", "author"));
    people.set("admin", await site.person("admin", "admin"));
    const learner = await clientOf(site.url, "learner");
    const complete = "/api/v1/courses/algorithms/chapters/algorithms.welcome/mark_as_completed";
    expectAnswer(await learner.post(complete, {}), 200, z.unknown());
    const submit = (problem: string, answer: string) =>
      learner.post(`/api/v1/problems/algorithms.${problem}/submissions`, { answer });
    expectAnswer(await submit("hello", "ready"), 201, z.unknown());
    expectAnswer(await submit("off-by-one", "11"), 201, z.unknown());
    expectAnswer(await submit("count-loop", "36"), 201, z.unknown());
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function open(context: BrowserContext, page: (typeof PAGES)[number]): Promise<Page> {
    const person = page.who === null ? undefined : people.get(page.who);
    if (person !== undefined) await site.signIn(context, person);
    const tab = await context.newPage();
    await tab.goto(page.path);
    await tab.locator(page.ready).first().waitFor();
    return tab;
  }

  it.each(FIRST_VIEWS)("load at most 150 kB of script, gzipped, for the first view: $name", async ({ name }) => {
    const entry = PAGES.find((page) => page.name === name) ?? PAGES[0];
    const context = await newContext(browser, site.url);
    const scripts: Promise<Buffer>[] = [];
    context.on("response", (answer) => {
      if (new URL(answer.url()).pathname.endsWith(".js")) scripts.push(answer.body());
    });
    const page = await open(context, entry);
    await page.waitForLoadState("networkidle");
    const sizes = (await Promise.all(scripts)).map((body) => gzipSync(body).byteLength);
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(FIRST_VIEW_BYTES);
    await context.close();
  });

  describe.each(LANGUAGES)("in %s", (language) => {
    const isChinese = language === "zh";
    // Each person keeps their browser from page to page, as people do: a second page costs a fraction of a first one.
    const contexts = new Map<string | null, BrowserContext>();
    afterAll(async () => {
      for (const context of contexts.values()) await context.close();
    });
    async function contextOf(who: string | null): Promise<BrowserContext> {
      const context = contexts.get(who) ?? (await newContext(browser, site.url, { language }));
      contexts.set(who, context);
      return context;
    }

    it.each(PAGES)("have no serious accessibility finding in any colours: $name", async (entry) => {
      const page = await open(await contextOf(entry.who), entry);
      const faults = watchFaults(page);
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(isChinese ? "zh-Hans" : "en");
      const grounds = new Set<string>();
      for (const theme of THEMES) {
        await page.emulateMedia({ colorScheme: theme });
        expect(await seriousFindings(page), theme).toEqual([]);
        await screenshot(page, `page-${entry.name}-${language}-${theme}`);
        grounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      }
      expect(grounds.size).toBe(THEMES.length);
      expect(faults).toEqual([]);
      await page.close();
    });
  });

  it.each(PAGES)("fit on a phone without scrolling sideways: $name", async (entry) => {
    const context = await newContext(browser, site.url, { size: PHONE, theme: "dark", language: "zh" });
    const page = await open(context, entry);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, `phone-${entry.name}`);
    await context.close();
  });

  it("can be used by keyboard: skip link, map by arrows, details by Enter, focus on the new page's heading", async () => {
    const context = await newContext(browser, site.url);
    const page = await open(context, PAGES[1]);
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/courses/algorithms");
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe("H1");

    const first = itemOn(page, "algorithms.welcome");
    await first.waitFor();
    await first.focus();
    await page.keyboard.press("ArrowDown");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-item"))).toBe("algorithms.complexity");
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "Details" }).getByRole("heading", { name: "Counting steps" }).waitFor();
    // One stop for the whole map: the next Tab leaves it.
    await page.keyboard.press("Tab");
    const isInMap = await page.evaluate(() => document.activeElement?.closest(".map-plane") !== null);
    expect(isInMap).toBe(false);
    await context.close();
  });

  it("show the same as a list, and remember colours and language for every tab", async () => {
    const context = await newContext(browser, site.url);
    const page = await open(context, PAGES[2]);
    await page.getByRole("radio", { name: "List" }).check();
    await page.locator(".outline").waitFor();
    expect(await itemOn(page, "algorithms.count-loop").getAttribute("data-state")).toBe("completed");
    const other = await open(context, PAGES[1]);
    await page.getByRole("radio", { name: "中文" }).check();
    await page.getByRole("radio", { name: "深色" }).check();
    await other.getByRole("heading", { level: 1, name: "课程" }).waitFor();
    expect(await other.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
    await other.reload();
    await other.getByRole("heading", { level: 1, name: "课程" }).waitFor();
    await context.close();
  });

  it("do not animate if the device asks for less motion", async () => {
    const context = await newContext(browser, site.url);
    const page = await open(context, PAGES[2]);
    await page.emulateMedia({ reducedMotion: "reduce" });
    const moving = await page.evaluate(() => document.getAnimations().length);
    expect(moving).toBe(0);
    await context.close();
  });

  it("register a new user, and show them the courses", async () => {
    const context = await newContext(browser, site.url);
    const page = await context.newPage();
    await page.goto("/courses/algorithms");
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Name").fill("New Person");
    await page.getByLabel("E-mail address").fill("new@example.org");
    await page.getByLabel("Password").fill("long enough to pass");
    await page.getByRole("checkbox").uncheck();
    await page.locator("form button[type=submit]").click();
    // The address that was asked for opens; the session is this tab's alone.
    await page.getByRole("button", { name: "Enroll" }).waitFor();
    const kept = await page.evaluate(() =>
      [localStorage, sessionStorage].map((s) => s.getItem("latchkey.session") !== null),
    );
    expect(kept).toEqual([false, true]);
    await page.reload();
    await page.getByRole("button", { name: "Enroll" }).waitFor();
    await context.close();
  });

  it("say so when the password is wrong", async () => {
    const context = await newContext(browser, site.url);
    const page = await context.newPage();
    await page.goto("/");
    await page.locator("[name=email]").fill("learner@example.org");
    await page.locator("[name=password]").fill("not the password");
    await page.locator("form button[type=submit]").click();
    await page.getByRole("alert").getByText("The e-mail address or the password is wrong").waitFor();
    await context.close();
  });

  it("renew the access token when the server refuses it, and show the sign-in page when the session is over", async () => {
    const context = await newContext(browser, site.url, { size: DESKTOP });
    const page = await open(context, PAGES[1]);
    let refused = 0;
    await context.route(/\/api\/v1\/courses\/algorithms\?/, async (route) => {
      refused += 1;
      if (refused > 1) return route.continue();
      const body = JSON.stringify({ status: 401, code: "unauthenticated", title: "expired", request_id: "r" });
      return route.fulfill({ status: 401, contentType: "application/problem+json", body });
    });
    await page.getByRole("link", { name: "A first course in algorithms" }).click();
    await page.getByRole("heading", { level: 1, name: "A first course in algorithms" }).waitFor();
    expect(refused).toBe(2);
    await context.route("**/api/v1/**", (route) => {
      const body = JSON.stringify({ status: 401, code: "unauthenticated", title: "over", request_id: "r" });
      return route.fulfill({ status: 401, contentType: "application/problem+json", body });
    });
    await page.getByRole("link", { name: "Courses", exact: true }).first().click();
    await page.reload();
    await page.getByText("Your session has ended. Please sign in again.").waitFor();
    await context.close();
  });

  it("are served with a strict policy, and do not answer for addresses of the API", async () => {
    const home = await fetch(`${site.url}/`);
    const html = await home.text();
    expect(home.headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'");
    expect(home.headers.get("content-security-policy")).not.toContain("unsafe");
    expect(home.headers.get("x-content-type-options")).toBe("nosniff");
    expect(home.headers.get("referrer-policy")).toBe("no-referrer");
    expect(home.headers.get("strict-transport-security")).toMatch(/max-age=\d{8}/);
    expect(home.headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(home.headers.get("cache-control")).not.toContain("immutable");
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bon[a-z]+=|style=/i);
    for (const [, file] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
      const asset = await fetch(`${site.url}${file}`);
      expect(asset.status).toBe(200);
      expect(asset.headers.get("cache-control")).toContain("immutable");
    }
    // An old name answers with the page, and must never be kept as if it were the file.
    const stale = await fetch(`${site.url}/assets/main-0ld.js`);
    expect(stale.headers.get("content-type")).toContain("text/html");
    expect(stale.headers.get("cache-control")).not.toContain("immutable");
    for (const path of ["/api/v1/nowhere", "/api/nowhere"]) {
      const answer = await fetch(`${site.url}${path}`, { headers: { "sec-fetch-mode": "navigate" } });
      expect(answer.status).toBe(404);
      expect(answer.headers.get("content-type")).toContain("application/problem+json");
    }
    for (const path of ["/health", "/openapi.json", "/docs"]) {
      const answer = await fetch(`${site.url}${path}`, { headers: { "sec-fetch-mode": "navigate" } });
      expect(answer.status, path).toBe(200);
      expect(await answer.text()).not.toBe(html);
    }
  });
});
