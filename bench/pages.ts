import { hasChromium } from "../test/support/browser/chromium.ts";
import { type Acts, LargeCourse, learnerActs, studioActs, teacherActs } from "../test/support/browser/large-course.ts";
import { longestTasks } from "../test/support/browser/longest-task.ts";
import type { Bench, BenchOutcome } from "./lib/bench.ts";

/** Asked for: no task of a page is longer, milliseconds of processor time. */
const FELT_MS = 100;

const PEOPLE = [
  ["learner", "learner", learnerActs],
  ["teacher", "author", teacherActs],
  ["author in the studio", "author", studioActs],
] as const;

export const pagesBench: Bench = {
  name: "pages",
  about: "the longest task of each act on the pages, with 5,000 items and 2,000 learners",
  missing: () => (hasChromium ? null : "the pages bench needs Debian's Chromium, which is not here"),
  async run({ say, keep, quick }): Promise<BenchOutcome> {
    const large = await LargeCourse.start();
    const rows: string[][] = [];
    let most = 0;
    try {
      for (const [name, who, actsOf] of PEOPLE) {
        say(name);
        const page = await large.pageOf(who);
        const figures = await longestTasks(large.browser, page, quick ? firstOf(actsOf(page)) : actsOf(page));
        keep(name, figures);
        for (const [act, ms] of Object.entries(figures)) rows.push([`${name}: ${act}`, String(ms)]);
        most = Math.max(most, ...Object.values(figures));
        await page.context().close();
      }
    } finally {
      await large.stop();
    }
    return {
      tables: [{ title: "The longest task of each act", columns: ["", "ms of processor time"], rows }],
      charts: [],
      targets: [
        {
          what: "The longest task of a page, 5,000 items and 2,000 learners",
          asked: `at most ${FELT_MS} ms`,
          measured: `${most} ms`,
          met: most <= FELT_MS,
        },
      ],
      notes: [
        "Each figure is the best of at most seven tries. A busy machine makes processor time dearer: measure alone.",
      ],
    };
  },
};

function firstOf(acts: Acts): Acts {
  return Object.fromEntries(Object.entries(acts).slice(0, 1));
}
