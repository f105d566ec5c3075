import { directory } from "../platform/database/shards.ts";
import { bucketTakesWrites, takesWrites } from "../platform/database/takes-writes.ts";
import { describeFault, logEvent, logFault } from "../platform/log.ts";
import { retryOrDrop } from "../platform/queue/last-attempt.ts";
import { predictStep } from "./predict.ts";
import { type InsightMessage, insightMessageSchema, readPosition } from "./runs.ts";
import { advanceRun, failRun, runById } from "./statements.ts";
import { chooseStep, collectStep, evaluateStep, featuresStep, type StepResult, trainStep } from "./steps.ts";
import { tablesPrefix } from "./table-store.ts";
import type { RunRow } from "./tables.ts";
import { judgeStep } from "./watch.ts";

/** Objects removed by one call. */
const TIDY_PAGE = 1_000;

/**
 * Does the steps that messages ask for. The queue repeats a step that fails; after the last try, its run ends as
 * failed.
 */
export async function consumeInsight(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const parsed = insightMessageSchema.safeParse(message.body);
    if (!parsed.success) throw new Error("a message that is no step of a run");
    try {
      await runStep(env, parsed.data, Date.now());
      message.ack();
    } catch (fault) {
      logFault("insight_step_failed", fault, { run: parsed.data.run, seq: parsed.data.seq });
      const isLast = retryOrDrop("latchkey-insight", message);
      // While a service it needs refuses writes, the run is not at fault: the minute cron resumes it.
      if (isLast && (await canWork(env, parsed.data))) await giveUp(env, parsed.data, fault, Date.now());
    }
  }
}

/**
 * Does one step and asks for the next. Everything in a step may be repeated. It counts only if nobody else has done it
 * by then, so a step that arrives twice, or after the run has moved on, changes nothing.
 */
async function runStep(env: Env, { run: id, seq }: InsightMessage, now: number): Promise<void> {
  const run = await runById(directory(env), id).first<RunRow>();
  if (run === null || run.state !== "running" || run.seq !== seq) return;
  const { next, position, data_hash } = await doStep(env, run, now);
  const ended = next === null;
  const written = await advanceRun(
    directory(env),
    id,
    seq,
    next ?? "end",
    JSON.stringify(position),
    now,
    data_hash ?? null,
    ended ? "done" : "running",
    ended ? now : null,
  ).run();
  if (written.meta.changes === 0) return;
  if (ended) logEvent("insight_run_done", { run: id, predicted: position.predicted, promoted: position.promoted });
  else await env.INSIGHT_QUEUE.send({ type: "step", run: id, seq: seq + 1 } satisfies InsightMessage);
}

function doStep(env: Env, run: RunRow, now: number): Promise<StepResult> {
  const position = readPosition(run);
  const [step, stage] = run.step.split(":");
  switch (step) {
    case "collect":
      return collectStep(env, run, position);
    case "features":
      return featuresStep(env, run, position);
    case "choose":
      return chooseStep(env, run, position, Number(stage));
    case "train":
      return trainStep(env, run, position, Number(stage));
    case "evaluate":
      return evaluateStep(env, run, position, now);
    case "predict":
      return predictStep(env, run, position);
    case "judge":
      return judgeStep(env, run, position, now);
    case "tidy":
      return tidyStep(env, run, position);
    default:
      throw new Error(`no step ${run.step}`);
  }
}

/** Removes the data that the steps pass to each other. Snapshots and models stay. */
async function tidyStep(env: Env, run: RunRow, position: StepResult["position"]): Promise<StepResult> {
  const listed = await env.DOCUMENTS.list({ prefix: tablesPrefix(run.id), limit: TIDY_PAGE });
  if (listed.objects.length > 0) await env.DOCUMENTS.delete(listed.objects.map(({ key }) => key));
  return { next: listed.truncated ? "tidy" : null, position };
}

/** Whether a step could work at all: otherwise an outage would end a run as failed. */
async function canWork(env: Env, { run }: InsightMessage): Promise<boolean> {
  return (await takesWrites(directory(env))) && (await bucketTakesWrites(env.DOCUMENTS, `${tablesPrefix(run)}probe`));
}

async function giveUp(env: Env, { run, seq }: InsightMessage, fault: unknown, now: number): Promise<void> {
  await failRun(directory(env), run, seq, describeFault(fault).slice(0, 200), now).run();
}
