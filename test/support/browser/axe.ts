import axe from "axe-core";
import type { Page } from "playwright-core";

/** What keeps somebody out; milder findings are for a person to weigh. */
const GRAVE = new Set(["serious", "critical"]);

/** The serious findings of axe on a page, one line each with the elements they are about. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Colours on their way from one to the other are neither: everything must have arrived.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
  await page.evaluate(axe.source);
  const results = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, help, nodes }) => ({
      impact,
      line: `${id}: ${help} (${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")})`,
    }));
  });
  return results.filter(({ impact }) => GRAVE.has(impact ?? "")).map(({ line }) => line);
}

declare global {
  interface Window {
    readonly axe: typeof axe;
  }
}
