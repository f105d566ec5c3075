import type { Browser, Page } from "playwright-core";
import { z } from "zod";

/** Time without input after an act, in which what it began still counts, milliseconds. */
const AFTER_MS = 300;
/** An act is tried so often at most: the first time of each compiles its script, and a busy machine makes some dear. */
const TRIES = 7;
/** A task beyond this is felt, milliseconds. */
const FELT_MS = 100;

const traceSchema = z.object({
  traceEvents: z.array(
    z.object({
      name: z.string(),
      pid: z.number(),
      tid: z.number(),
      tdur: z.number().optional(),
      args: z.looseObject({ name: z.string().optional().catch(undefined) }).optional(),
    }),
  ),
});

/** The longest task of the pages' main threads in a trace, ms of processor time: what else the machine does is not in it. */
function longestTask(trace: Buffer): number {
  const { traceEvents } = traceSchema.parse(JSON.parse(trace.toString("utf8")));
  const mains = new Set(
    traceEvents.flatMap(({ name, pid, tid, args }) =>
      name === "thread_name" && args?.name === "CrRendererMain" ? [`${pid} ${tid}`] : [],
    ),
  );
  const tasks = traceEvents.filter(({ name, pid, tid }) => name.endsWith("RunTask") && mains.has(`${pid} ${tid}`));
  if (tasks.length === 0) throw new Error("the trace has no tasks");
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1_000;
}

/**
 * What each act costs the page at once: its longest task, in milliseconds of processor time, the best of at most seven tries.
 * @param acts what somebody does, by name; each can be done again.
 */
export async function longestTasks(
  browser: Browser,
  page: Page,
  acts: Readonly<Record<string, () => Promise<void>>>,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const [name, act] of Object.entries(acts)) {
    let best = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < TRIES && best > FELT_MS; tries += 1) {
      await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline"] });
      await act();
      await page.waitForTimeout(AFTER_MS);
      best = Math.min(best, longestTask(await browser.stopTracing()));
    }
    figures[name] = Math.round(best);
  }
  return figures;
}
