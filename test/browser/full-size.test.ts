import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, screenshot } from "../support/browser/chromium.ts";
import { LargeCourse, learnerActs, studioActs, teacherActs } from "../support/browser/large-course.ts";

/**
 * Elements of a page at most, whatever the size of the course or the class: what is out of sight is not built. A part of the
 * class is some 6,000, and who scrolls to its end gets the next one; the whole class would be 250,000.
 */
const MAX_ELEMENTS = 20_000;
/** The learner's list has all items, so that the browser's own search finds them: some nine elements for each. */
const MAX_LIST_ELEMENTS = 50_000;
const LISTS = ["list", "search"];

/** The largest course with a large class. How long the acts keep the page busy is measured by `npm run bench -- --only pages`. */
describe.skipIf(!hasChromium)("pages of 5,000 items and 2,000 learners", () => {
  let large: LargeCourse;
  beforeAll(async () => {
    large = await LargeCourse.start();
  }, 300_000);
  afterAll(async () => {
    await large?.stop();
  });

  it.each([
    ["learner", "learner", learnerActs],
    ["teacher", "author", teacherActs],
    ["author in the studio", "author", studioActs],
  ] as const)("[I11] stay within their number of elements: %s", async (name, who, actsOf) => {
    const page = await large.pageOf(who);
    const counts: Record<string, number> = {};
    for (const [act, run] of Object.entries(actsOf(page))) {
      await run();
      counts[act] = await page.evaluate(() => document.querySelectorAll("*").length);
    }
    await screenshot(page, `full-size-${name.replaceAll(" ", "-")}`);
    console.info(name, counts);
    const tooMany = Object.entries(counts).filter(
      ([act, elements]) => elements > (LISTS.includes(act) ? MAX_LIST_ELEMENTS : MAX_ELEMENTS),
    );
    expect(tooMany).toEqual([]);
    await page.context().close();
  });
});
