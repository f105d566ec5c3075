import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { evaluate } from "../../src/insight/metrics.ts";
import { seriousFindings } from "../support/browser/axe.ts";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { type Person, Site } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";
import { openD1 } from "../support/node/database.ts";

const COURSE = "watched";
const HASH = "c0ffee".repeat(10);

describe.skipIf(!hasChromium)("early warning", () => {
  let site: Site;
  let browser: Browser;
  let operator: Person;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    operator = await site.person("watcher", "admin");
    const document = {
      slug: COURSE,
      title: "Watched",
      chapters: [{ id: `${COURSE}.one`, title: "One" }],
      problems: [],
    };
    expectAnswer(await site.admin.post("/api/v1/courses", { slug: COURSE, title: "Watched" }), 201, z.unknown());
    expectAnswer(await site.admin.post(`/api/v1/courses/${COURSE}/versions`, { document }), 201, z.unknown());
    for (const user of ["late-lee", "busy-bo"]) await site.learner(user, COURSE);
    putPredictions(site.stateDir);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  it("shows a teacher who is at risk, why, and what to do, in both languages", async () => {
    const context = await newContext(browser, site.url);
    await site.signIn(context, operator);
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(`/author/${COURSE}`);
    await page.getByRole("link", { name: "Early warning" }).click();
    const row = page.getByRole("row", { name: /late-lee/ });
    await row.getByText("21 %").waitFor();
    await row.getByText("Submitted 40 % of what was due (a risk)").waitFor();
    await row.getByText("Agree on which missing work to submit first.").waitFor();
    // Who is likely to pass is not on the list.
    expect(await page.getByText("busy-bo").count()).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, "insight-teacher");
    await page.getByRole("radio", { name: "中文" }).check();
    await page.getByRole("heading", { level: 1, name: "预警" }).waitFor();
    await page.getByText("已提交到期作业的 40 %（风险）").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("shows operators the registry with curves, and accuracy by week", async () => {
    const context = await newContext(browser, site.url);
    await site.signIn(context, operator);
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto("/operator");
    const section = page.getByRole("region", { name: "Early warning: models", exact: true }).first();
    await section.getByText("champion", { exact: true }).waitFor();
    await section.getByText("2013B, 2013J → 2014B").waitFor();
    await section.getByRole("img", { name: /Calibration of the champion/ }).waitFor();
    await section.getByRole("img", { name: "Origin of a prediction" }).waitFor();
    await section.getByText("75.0 %").first().waitFor();
    await screenshot(page, "insight-operator");
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });
});

/** What a run would have written. */
function putPredictions(stateDir: string): void {
  const reasons = JSON.stringify([
    { reason: "handing_in", weight: -1.2, value: 0.4 },
    { reason: "scores", weight: 0.6, value: 71.5 },
    { reason: "silence", weight: -0.3, value: 30 },
  ]);
  const labels = Array.from({ length: 200 }, (_, at) => at % 2);
  const judged = evaluate(
    labels.map((label, at) => (at % 4 === 0 ? 0.8 - 0.6 * label : 0.2 + 0.6 * label)),
    labels,
  );
  const metrics = {
    train: ["2013B", "2013J"],
    test: ["2014B"],
    rows: [1],
    blend: 0.5,
    cut_offs: [{ share: 0.5, model: judged, plain: judged }],
  };
  const database = openD1(stateDir, { readOnly: false });
  try {
    database.exec("PRAGMA busy_timeout = 5000");
    const predict = database.prepare(
      `INSERT INTO insight_predictions (enrollment_id, day, kind, course_slug, user_id, model_hash, run_id, probability,
         reasons, predicted_at, week, latest) VALUES (?, 50, 'live', ?, ?, ?, 'r', ?, ?, ?, 2900, 1)`,
    );
    for (const [user, probability] of [
      ["late-lee", 0.21],
      ["busy-bo", 0.9],
    ] as const) {
      predict.run(`${COURSE}:${user}`, COURSE, user, HASH, probability, reasons, Date.now());
    }
    database
      .prepare("INSERT INTO insight_models VALUES (?, 'r', ?, '1+local', 1, ?, 'Better than the plain model.', 1)")
      .run(HASH, HASH, JSON.stringify(metrics));
    database.prepare("INSERT INTO insight_aliases VALUES ('champion', ?, 1)").run(HASH);
    database.prepare("INSERT INTO insight_accuracy VALUES (?, 'live', 2900, 400, 300)").run(COURSE);
  } finally {
    database.close();
  }
}
