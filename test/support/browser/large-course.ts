import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import { expectAnswer } from "../node/answers.ts";
import { clientOf } from "../node/api.ts";
import { launchChromium, newContext } from "./chromium.ts";
import { type Person, Site } from "./site.ts";

const CHAPTERS = 100;
const PROBLEMS = 49;
const LEARNERS = 2_000;
const COURSE = "large";
/** What an author writes in each item of the studio's course: 8 MB in all. */
const LONG_TEXT = "Some words that are read. ".repeat(56);
const STUDIO_COURSE = "studio";

/** Acts of one person by name. Each can be done again. */
export type Acts = Readonly<Record<string, () => Promise<void>>>;

/** The largest course with a large class, and a browser. The caller stops it. */
export class LargeCourse {
  readonly browser: Browser;
  readonly #site: Site;
  readonly #author: Person;
  readonly #learner: Person;

  private constructor(site: Site, browser: Browser, author: Person, learner: Person) {
    this.#site = site;
    this.browser = browser;
    this.#author = author;
    this.#learner = learner;
  }

  static async start(): Promise<LargeCourse> {
    const [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    const author = await site.person("author", "author");
    const learner = await site.person("ada");
    const client = await clientOf(site.url, author.id, "author");
    for (const slug of [COURSE, STUDIO_COURSE]) {
      expectAnswer(await client.post("/api/v1/courses", { slug, title: "Large" }), 201, z.unknown());
      const document = { slug, title: "Large", chapters: chaptersOf(slug) };
      expectAnswer(await client.post(`/api/v1/courses/${slug}/versions`, { document }), 201, z.unknown());
    }
    const rows = Array.from({ length: LEARNERS - 1 }, (_, n) => `learner-${n},${n % 2 === 0 ? "autumn" : "spring"}`);
    const csv = `user_id,cohorts\nada,autumn\n${rows.join("\n")}\n`;
    expectAnswer(await client.put(`/api/v1/courses/${COURSE}/roster`, { csv }), 200, z.unknown());
    const hers = await clientOf(site.url, learner.id, "learner");
    for (let p = 0; p < 3; p += 1) {
      const path = `/api/v1/problems/${COURSE}.c0-p${p}/submissions`;
      expectAnswer(await hers.post(path, { answer: "four" }), [201, 202, 409], z.unknown());
    }
    return new LargeCourse(site, browser, author, learner);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.#site.stop();
  }

  /** A fresh page of the learner, or of the author. */
  async pageOf(who: "learner" | "author"): Promise<Page> {
    const context = await newContext(this.browser, this.#site.url);
    await this.#site.signIn(context, who === "learner" ? this.#learner : this.#author);
    return context.newPage();
  }
}

function chaptersOf(slug: string): object[] {
  const isStudio = slug === STUDIO_COURSE;
  return Array.from({ length: CHAPTERS }, (_, c) => ({
    id: `${slug}.c${c}`,
    title: `Chapter ${c}`,
    ...(c === 0 || isStudio ? {} : { rule: { completed: `${slug}.c${c - 1}` } }),
    problems: Array.from({ length: PROBLEMS }, (__, p) => ({
      id: `${slug}.c${c}-p${p}`,
      title: `Item ${c}.${p}`,
      content: isStudio ? `Text of item ${p}. ${LONG_TEXT}` : "What is two and two?",
      ...(p < 3 || isStudio ? {} : { rule: { completed: `${slug}.c${c}-p${p - 1}` } }),
    })),
  }));
}

const show = async (page: Page, path: string, ready: string) => {
  await page.goto(path);
  await page.locator(ready).first().waitFor({ timeout: 60_000 });
};
const down = async (page: Page) => {
  for (const key of ["PageDown", "End", "Home"]) await page.keyboard.press(key);
};

/** What a learner does in a course of 5,000 items. */
export function learnerActs(page: Page): Acts {
  const map = `/courses/${COURSE}`;
  return {
    map: () => show(page, map, ".map-card"),
    walk: async () => {
      await page.locator(".map-card").first().focus();
      for (const key of ["ArrowRight", "ArrowDown", "End", "Home"]) await page.keyboard.press(key);
    },
    list: async () => {
      await page.getByRole("radio", { name: "List" }).check();
      await page.locator(".outline").waitFor();
      await down(page);
    },
    search: async () => {
      await page.getByRole("searchbox").first().fill("two");
      await page.waitForTimeout(1_000);
    },
    item: () => show(page, `${map}/problems/${COURSE}.c0-p0`, "h1"),
  };
}

/** What a teacher of 2,000 learners does. */
export function teacherActs(page: Page): Acts {
  return {
    course: () => show(page, `/author/${COURSE}/studio?view=publish`, "h1"),
    preview: () => show(page, `/author/${COURSE}/studio?view=map`, ".map-card"),
    people: () => show(page, `/author/${COURSE}/people`, "tbody tr"),
    "more people": () => down(page),
    learner: () => show(page, `/author/${COURSE}/people/ada`, "h1"),
    class: () => show(page, `/author/${COURSE}/class`, "tbody tr"),
    "more of the class": () => down(page),
    grading: () => show(page, "/grading", "h1"),
  };
}

/** What an author does in the studio with 5,000 items in 8 MB. */
export function studioActs(page: Page): Acts {
  const title = page.getByLabel("Title (English)");
  const tree = page.getByRole("tree");
  return {
    open: () => show(page, `/author/${STUDIO_COURSE}/studio`, ".studio-row"),
    walk: async () => {
      await tree.focus();
      for (const key of ["End", "PageUp", "ArrowUp", "Home", "PageDown", "ArrowDown"]) await page.keyboard.press(key);
    },
    type: async () => {
      await title.focus();
      await page.keyboard.type("ab");
    },
    // Kept in this browser, saved, and checked once nothing is typed.
    save: async () => {
      await title.focus();
      await page.keyboard.type("c");
      await page.waitForTimeout(6_000);
    },
    move: async () => {
      await tree.focus();
      await page.keyboard.press("Alt+ArrowDown");
      await page.keyboard.press("Alt+ArrowUp");
    },
    scroll: async () => {
      for (const top of [20_000, 90_000, 150_000, 0]) {
        await tree.evaluate((element, to) => element.scrollTo(0, to), top);
        await page.waitForTimeout(60);
      }
    },
    fold: async () => {
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowRight");
    },
  };
}
